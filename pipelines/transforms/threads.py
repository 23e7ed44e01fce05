"""How many pictures one process works on at a time."""

from __future__ import annotations

import os
from typing import Final

MAX_THREADS: Final = 4


def default_threads() -> int:
    """One picture per core, a few at most: much of each is NumPy and Pillow on one core with the lock released."""
    return min(MAX_THREADS, os.cpu_count() or 1)
