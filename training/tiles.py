"""Windows over a large picture: cores that cover it, each with enough real neighbours to compute it exactly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipelines.images.geometry import Box

STEP_PX = 8
"""Windows begin at multiples of the trunk's step, or cells would be cut differently than in the whole picture."""


@dataclass(frozen=True)
class Tile:
    """`core`: rows and columns this tile is answerable for; `window`: those it reads. Half-open, in px."""

    core: tuple[int, int, int, int]
    window: tuple[int, int, int, int]


def tiles(height_px: int, width_px: int, tile_px: int, halo_px: int, area: Box | None = None) -> Iterator[Tile]:
    """Tiles whose cores partition the area, by default [0,height) x [0,width); all lengths are multiples of 8.

    Args:
        height_px: multiple of 8.
        width_px: multiple of 8.
        tile_px: side of a core, multiple of 8.
        halo_px: real neighbours read on each side where the picture has them, multiple of 8.
        area: the part of the picture that is wanted, its borders multiples of 8.
    """
    area = area or Box(0, 0, height_px, width_px)
    lengths = {"height": height_px, "width": width_px, "tile": tile_px, "halo": halo_px, **area._asdict()}
    for name, value in lengths.items():
        if value % STEP_PX or value < 0:
            raise ValueError(f"{name}_px: expected a multiple of {STEP_PX}, received {value}")
    for top in range(area.top, area.bottom, tile_px):
        bottom = min(top + tile_px, area.bottom)
        for left in range(area.left, area.right, tile_px):
            right = min(left + tile_px, area.right)
            window = (
                max(0, top - halo_px),
                max(0, left - halo_px),
                min(height_px, bottom + halo_px),
                min(width_px, right + halo_px),
            )
            yield Tile((top, left, bottom, right), window)


def snapped(box: Box, height_px: int, width_px: int, grid_px: int = 64) -> Box:
    """The box and at least one step around it, widened to a coarse grid so that few different sizes come up."""

    def span(first: int, last: int, length: int) -> tuple[int, int]:
        low = max(0, first - STEP_PX) // grid_px * grid_px
        return low, min(length, -(-(last + STEP_PX) // grid_px) * grid_px)

    top, bottom = span(box.top, box.bottom, height_px)
    left, right = span(box.left, box.right, width_px)
    return Box(top, left, bottom, right)
