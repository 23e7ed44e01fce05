"""Contracts, settings, storage and errors; imports none of our other rooms."""
