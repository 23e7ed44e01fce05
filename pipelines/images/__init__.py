"""Pure functions on image bytes and arrays."""
