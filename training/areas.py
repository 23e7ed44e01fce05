"""How far each look of a picture reaches: its own, and those of its regions over it, with soft borders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.core.looks import Region
from pipelines.images.geometry import Box

Floats = NDArray[np.float32]

FEATHER: Final = 0.02
"""Width of a box's soft border as a share of the picture's shorter side."""


@dataclass(frozen=True)
class Cover:
    """A region's reach over one picture: a mask uint8 [H,W], or the ramps of a box, float32 [H] and [W]."""

    mask: NDArray[np.uint8] | None
    rows: Floats
    columns: Floats

    def window(self, box: Box) -> Floats:
        """float32 [h,w] in 0..1 of a window of the picture."""
        if self.mask is not None:
            return self.mask[box.top : box.bottom, box.left : box.right].astype(np.float32) / np.float32(255)
        return self.rows[box.top : box.bottom, None] * self.columns[None, box.left : box.right]


def cover_of(region: Region, masks: Mapping[str, NDArray[np.uint8]], height_px: int, width_px: int) -> Cover | None:
    """Reach of a region, None where the picture has no mask of that name.

    Raises:
        ValueError: the mask is not uint8 [H,W] of the picture's size.
    """
    none = np.zeros(0, np.float32)
    if isinstance(region.area, str):
        mask = masks.get(region.area)
        if mask is None:
            return None
        if mask.shape != (height_px, width_px) or mask.dtype != np.uint8:
            raise ValueError(
                f"mask {region.area}: expected uint8 {[height_px, width_px]}, received {mask.dtype} {list(mask.shape)}"
            )
        return Cover(mask, none, none)
    top, left, bottom, right = region.area
    feather = max(1.0, FEATHER * min(height_px, width_px))
    return Cover(None, _ramp(height_px, top, bottom, feather), _ramp(width_px, left, right, feather))


def shares(covers: Sequence[Floats]) -> list[Floats]:
    """Share of the picture's own look and then of each region; later regions lie over earlier ones; the sum is 1."""
    left = np.ones_like(covers[0]) if covers else np.ones((1, 1), np.float32)
    found: list[Floats] = []
    for cover in reversed(covers):
        found.append(left * cover)
        left = left * (1 - cover)
    return [left, *reversed(found)]


def _ramp(length: int, start: float, end: float, feather: float) -> Floats:
    """1 inside, 0 outside, smooth around borders that are not the picture's own."""
    places = np.arange(length, dtype=np.float32) + np.float32(0.5)
    rising = ((places - start * length) / feather + 0.5).clip(0, 1) if start > 0 else np.ones(length)
    falling = ((end * length - places) / feather + 0.5).clip(0, 1) if end < 1 else np.ones(length)
    ramp = np.minimum(rising, falling)
    return np.asarray(ramp * ramp * (3 - 2 * ramp), np.float32)
