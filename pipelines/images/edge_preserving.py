"""Flat surfaces with sharp edges: the guided filter of a picture by itself (He, Sun and Tang 2010).

The filter is kept as a gain and an offset of each pixel, so that what was found at a small size can be enlarged and
applied to the large picture, whose edges then stay as sharp as they are (He and Sun 2015, "Fast Guided Filter").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Floats = NDArray[np.float32]

_DARKEST: Final = 0.1
_BRIGHTEST: Final = 0.3
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


def flattening(light: Floats, radius_px: int, contrast: float, rounds: int = 2, step: int = 1) -> Affine:
    """Map that irons out texture and keeps edges.

    Args:
        light: luminance in 0..1, float32 [H,W].
        radius_px: of the windows, at 1/`step` of the side.
        contrast: relative contrast below which a pattern is texture.
        rounds: how often the filter is applied.
        step: look for the map at 1/`step` of the side.
    """
    if step > 1:
        height, width = light.shape
        small = resized(light, -(-height // step), -(-width // step), Image.Resampling.BOX)
        found = flattening(small, radius_px, contrast, rounds)
        gain, offset = (resized(part, height, width, Image.Resampling.BILINEAR) for part in (found.gain, found.offset))
        return Affine(gain, offset)
    whole, flat = Affine(np.ones_like(light), np.zeros_like(light)), light
    for _ in range(rounds):
        mean = box_mean(flat, radius_px)
        variance = np.maximum(box_mean(flat * flat, radius_px) - mean * mean, np.float32(0))
        texture = (np.float32(contrast) * (np.minimum(mean, np.float32(_BRIGHTEST)) + np.float32(_DARKEST))) ** 2
        gain = variance / (variance + texture)
        once = Affine(box_mean(gain, radius_px), box_mean(mean - gain * mean, radius_px))
        whole, flat = once.after(whole), once(flat)
    return whole


def resized(values: Floats, height_px: int, width_px: int, filter_: Image.Resampling) -> Floats:
    """A plane at another size."""
    return np.asarray(Image.fromarray(values).resize((width_px, height_px), filter_))


def box_mean(values: Floats, radius_px: int) -> Floats:
    """Mean over a window of 2 `radius_px` + 1, the edge repeated; float32 [H,W]."""
    width = 2 * radius_px + 1
    rows = _window_sums(np.pad(values, radius_px, mode="edge"), width)
    sums = _window_sums(np.ascontiguousarray(rows.T), width).T
    return np.ascontiguousarray(sums) * np.float32(1 / width**2)


def _window_sums(values: Floats, width: int) -> Floats:
    """Sums of `width` rows, from windows of 1, 2, 4, .. rows: few additions, and no error that grows with the place."""
    rows = len(values) - width + 1
    total, start, sums, size = np.zeros((rows, values.shape[1]), np.float32), 0, values, 1
    while size <= width:
        if width & size:
            total += sums[start : start + rows]
            start += size
        sums, size = sums[:-size] + sums[size:], 2 * size
    return total
