"""Windows over a large picture: cores that cover it, each with enough real neighbours to compute it exactly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

STEP_PX = 4
"""Windows begin at multiples of the stem's step, or cells would be cut differently than in the whole picture."""


@dataclass(frozen=True)
class Tile:
    """`core`: rows and columns this tile is answerable for; `window`: those it reads. Half-open, in px."""

    core: tuple[int, int, int, int]
    window: tuple[int, int, int, int]


def tiles(height_px: int, width_px: int, tile_px: int, halo_px: int) -> Iterator[Tile]:
    """Tiles whose cores partition [0,height) x [0,width); both sides are multiples of 4.

    Args:
        height_px: multiple of 4.
        width_px: multiple of 4.
        tile_px: side of a core, multiple of 4.
        halo_px: real neighbours read on each side where the picture has them, multiple of 4.
    """
    for name, value in (("height", height_px), ("width", width_px), ("tile", tile_px), ("halo", halo_px)):
        if value % STEP_PX or value < 0:
            raise ValueError(f"{name}_px: expected a multiple of {STEP_PX}, received {value}")
    for top in range(0, height_px, tile_px):
        bottom = min(top + tile_px, height_px)
        for left in range(0, width_px, tile_px):
            right = min(left + tile_px, width_px)
            window = (
                max(0, top - halo_px),
                max(0, left - halo_px),
                min(height_px, bottom + halo_px),
                min(width_px, right + halo_px),
            )
            yield Tile((top, left, bottom, right), window)
