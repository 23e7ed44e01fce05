"""Beam transforms, each a thin shell around a pure function."""
