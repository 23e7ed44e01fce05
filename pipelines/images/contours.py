"""Contour lines that follow the product's own edges: thresholded difference of Gaussians (Winnemoeller et al. 2012)."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipelines.images.edge_preserving import resized

Floats = NDArray[np.float32]

_NARROW: Final = 0.8
_WIDE: Final = 1.8
_FAINTEST: Final = 0.012
_SHADE: Final = 0.15
"""Added to the light when contrast is taken relative to it, or noise in blacks would be drawn."""


def contours(light: Floats, width_px: float, steepness: float, step: int = 1) -> Floats:
    """Lines on the dark side of edges and along creases, float32 [H,W] in 0..1.

    Args:
        light: luminance in 0..1, float32 [H,W].
        width_px: of a line, about.
        steepness: how fast a line comes to full strength with contrast.
        step: look at 1/`step` of the side; enough for lines that are several pixels wide.
    """
    if step > 1:
        height, width = light.shape
        small = resized(light, -(-height // step), -(-width // step), Image.Resampling.BOX)
        return resized(contours(small, width_px / step, steepness), height, width, Image.Resampling.BILINEAR)
    wide = gaussian(light, _WIDE * width_px)
    contrast = (wide - gaussian(light, _NARROW * width_px)) / (wide + np.float32(_SHADE))
    lines: Floats = np.tanh(np.float32(steepness) * np.maximum(contrast - np.float32(_FAINTEST), 0))
    return lines


def gaussian(values: Floats, sigma_px: float) -> Floats:
    """Gaussian blur, the edge repeated; float32 [H,W]."""
    reach = int(3 * sigma_px + 1)
    offsets = np.arange(-reach, reach + 1)
    taps = np.exp(-0.5 * (offsets / sigma_px) ** 2)
    taps = (taps / taps.sum()).astype(np.float32)
    height, width = values.shape
    padded = np.pad(values, reach, mode="edge")
    rows = np.zeros((height, padded.shape[1]), np.float32)
    for index, tap in enumerate(taps):
        rows += tap * padded[index : index + height]
    blurred = np.zeros((height, width), np.float32)
    for index, tap in enumerate(taps):
        blurred += tap * rows[:, index : index + width]
    return blurred
