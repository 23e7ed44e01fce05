"""Versions that take part in work keys and artifacts."""

from __future__ import annotations

from importlib.metadata import version

OUTPUT_VERSION = 3
"""Raise it when a change of code alters the bytes or the verdict of an output: every image is then computed anew."""


def package_version() -> str:
    """Version of the installed distribution, stored with every run."""
    return version("catalog-restyle")
