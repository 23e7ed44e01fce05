"""A bound on the pixels that several threads have in the model at once."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator


class PixelBudget:
    """Lets pictures in while they stay within `limit` pixels together; a larger one goes in alone.

    Restyling takes about 20 bytes a pixel, so four 40-megapixel pictures at a time would take 3 GB.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = 0
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def hold(self, pixels: int) -> Iterator[None]:
        """Wait for room, keep it for the length of the block."""
        with self._changed:
            self._changed.wait_for(lambda: self._held == 0 or self._held + pixels <= self._limit)
            self._held += pixels
        try:
            yield
        finally:
            with self._changed:
                self._held -= pixels
                self._changed.notify_all()
