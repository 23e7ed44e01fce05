"""A small shop rendered by our own code."""
