"""Which pictures are worked on together: whole products, few enough for memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, TypeVar

MAX_IMAGES: Final = 8
MAX_PIXELS: Final = 16_000_000
"""Of one batch together, about a gigabyte while it is in work; a single picture may be larger."""

Item = TypeVar("Item")


def bounded_batches(
    groups: Iterable[Sequence[Item]],
    pixels: Callable[[Item], int],
    max_images: int = MAX_IMAGES,
    max_pixels: int = MAX_PIXELS,
) -> Iterator[tuple[Item, ...]]:
    """Every item in exactly one batch, in the given order; groups stay whole.

    A batch ends before it would go beyond either bound. A group that is beyond them by itself goes alone.
    """
    batch: list[Item] = []
    held = 0
    for group in groups:
        size = sum(map(pixels, group))
        if batch and (len(batch) + len(group) > max_images or held + size > max_pixels):
            yield tuple(batch)
            batch, held = [], 0
        batch.extend(group)
        held += size
    if batch:
        yield tuple(batch)


def by_product(items: Iterable[Item], product: Callable[[Item], str]) -> list[list[Item]]:
    """Items of each product together, products and items in the order in which they first come."""
    groups: dict[str, list[Item]] = {}
    for item in items:
        groups.setdefault(product(item), []).append(item)
    return list(groups.values())
