"""Flat surfaces with sharp edges: the guided filter of a picture by itself (He, Sun and Tang 2010).

The filter is kept as a gain and an offset of each pixel, so that what was found at a small size can be enlarged and
applied to the large picture, whose edges then stay as sharp as they are (He and Sun 2015, "Fast Guided Filter").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_DARKEST: Final = 0.1
_BRIGHTEST: Final = 0.55
"""Between these the contrast that counts as texture grows with the light, as the eye's does; above it stays."""


@dataclass(frozen=True)
class Affine:
    """Luminance times `gain` plus `offset`, both float32 [H,W]."""

    gain: Floats
    offset: Floats

    def __call__(self, light: Floats) -> Floats:
        """Apply to luminance [H,W]."""
        return self.gain * light + self.offset

    def after(self, first: Affine) -> Affine:
        """This map of the result of `first`."""
        return Affine(self.gain * first.gain, self.gain * first.offset + self.offset)


def flattening(light: Floats, radius_px: int, contrast: float, rounds: int = 2) -> Affine:
    """Map that irons out texture and keeps edges.

    Args:
        light: luminance in 0..1, float32 [H,W].
        radius_px: of the windows.
        contrast: relative contrast below which a pattern is texture.
        rounds: how often the filter is applied.
    """
    ones = np.ones_like(light)
    whole, flat = Affine(ones, np.zeros_like(light)), light
    for _ in range(rounds):
        mean = box_mean(flat, radius_px)
        variance = np.maximum(box_mean(flat * flat, radius_px) - mean * mean, 0)
        texture = (np.float32(contrast) * (np.minimum(mean, _BRIGHTEST) + _DARKEST)) ** 2
        gain = variance / (variance + texture)
        once = Affine(box_mean(gain, radius_px), box_mean(mean - gain * mean, radius_px))
        whole, flat = once.after(whole), once(flat)
    return whole


def box_mean(values: Floats, radius_px: int) -> Floats:
    """Mean over a window of 2 `radius_px` + 1, the edge repeated; float32 [H,W]."""
    for axis in (0, 1):
        length = values.shape[axis]
        padding = [(0, 0), (0, 0)]
        padding[axis] = (radius_px + 1, radius_px)
        sums = np.cumsum(np.pad(values, padding, mode="edge"), axis=axis, dtype=np.float64)
        first, last = np.arange(length), np.arange(2 * radius_px + 1, length + 2 * radius_px + 1)
        values = ((sums.take(last, axis) - sums.take(first, axis)) / (2 * radius_px + 1)).astype(np.float32)
    return values
