"""Which pictures go through the model together: those of one size, few enough for memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Final, TypeVar

MAX_IMAGES: Final = 8
MAX_PIXELS: Final = 16_000_000
"""Of one batch together, about a gigabyte while it is in work; a single picture may be larger."""

Item = TypeVar("Item")


def bounded_batches(
    items: Iterable[Item],
    size_px: Callable[[Item], tuple[int, int]],
    max_images: int = MAX_IMAGES,
    max_pixels: int = MAX_PIXELS,
) -> Iterator[tuple[Item, ...]]:
    """Every item in exactly one batch; all of a batch have one (height, width) and stay below both bounds.

    A picture beyond `max_pixels` goes alone. The order within a size is kept.
    """
    for (height, width), group in groupby(sorted(items, key=size_px), size_px):
        count = max(1, min(max_images, max_pixels // max(1, height * width)))
        members = list(group)
        for start in range(0, len(members), count):
            yield tuple(members[start : start + count])
