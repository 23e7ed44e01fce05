"""A small shop rendered by our own code: product pictures, a feed and two brands' references."""
