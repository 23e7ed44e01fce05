"""A brand's background in place of the photo's: its colour, and the matte that puts the product before it."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.images.colour import LabStatistics, lab_to_srgb

Floats = NDArray[np.float32]

MATTE_PX: Final = 6
"""Rows and columns around a pixel that its matte depends on."""
_TONE_LIGHTNESS: Final = 93.5
_TONE_CHROMA: Final = 7.0
# Distances between product and paper in levels: below the first they cannot be told apart by colour.
_CLEAR: Final = (30.0, 70.0)
_OFF_LINE: Final = 60.0
_SAMPLES: Final = 2**18


def brand_tone(statistics: LabStatistics) -> Floats:
    """A quiet light tone in the brand's hue, float32 [3] in 0..255: behind a product it must never speak first."""
    a, b = statistics.mean[1:]
    chroma = math.hypot(a, b)
    # Weak casts are taken as they are, strong ones are held back.
    kept = _TONE_CHROMA * math.tanh(0.6 * chroma / _TONE_CHROMA)
    scale = kept / chroma if chroma > 0 else 0.0
    lab = np.array([_TONE_LIGHTNESS, a * scale, b * scale], np.float32)
    return np.rint(lab_to_srgb(lab) * 255).astype(np.float32)


def hex_colour(text: str) -> Floats:
    """`#rrggbb` as float32 [3] in 0..255."""
    return np.array([int(text[start : start + 2], 16) for start in (1, 3, 5)], np.float32)


def paper_colour(image: NDArray[np.uint8], weights: Floats) -> Floats | None:
    """The photo's own background, float32 [3]: median of what has weight 0; None where nothing has."""
    step = max(1, math.isqrt(weights.size // _SAMPLES))
    behind = image[::step, ::step][weights[::step, ::step] == 0]
    if not behind.size and step > 1:
        behind = image[weights == 0]
    return np.median(behind, axis=0).astype(np.float32) if behind.size else None


def matte(picture: Floats, weights: Floats, paper: Floats) -> Floats:
    """How much of each pixel is product, float32 [H,W] in 0..1, from picture [H,W,3] in 0..255 and weights [H,W].

    Weights fall off inside the product, so that they are no matte. Where product and paper differ in colour, the
    share of an edge pixel is its place on the line from the paper to the product's colour nearby; where they do not,
    the weight itself, whose error cannot be seen there. Exactly 0 and 1 where the weights are.
    """
    solid = weights >= 1
    band = (weights > 0) & ~solid
    if not band.any():
        return weights
    near = _box_sums(solid.astype(np.float32)[..., None])[..., 0]
    product = _box_sums(picture * solid[..., None]) / np.maximum(near, 1)[..., None]
    away = product - paper
    length = (away**2).sum(axis=-1)
    from_paper = picture - paper
    share = ((from_paper * away).sum(axis=-1) / np.maximum(length, 1)).clip(0, 1)
    low, high = _CLEAR
    trust = ((np.sqrt(length) - low) / (high - low)).clip(0, 1) * (near > 0)
    # A pixel off the line is no mixture of the two but another colour of the product.
    off = np.sqrt(((from_paper - share[..., None] * away) ** 2).sum(axis=-1))
    trust *= (1 - off / _OFF_LINE).clip(0, 1)
    found = weights + trust * (share - weights)
    return np.where(band, found, weights).astype(np.float32)


def _box_sums(planes: Floats) -> Floats:
    """Sums over windows of 2 * MATTE_PX + 1 px a side of [H,W,C]; windows are cut at the border."""
    for axis in (0, 1):
        length = planes.shape[axis]
        sums = np.cumsum(planes, axis=axis, dtype=np.float64)
        sums = np.concatenate([np.zeros_like(sums.take([0], axis)), sums], axis=axis)
        last = np.minimum(np.arange(length) + MATTE_PX + 1, length)
        first = np.maximum(np.arange(length) - MATTE_PX, 0)
        planes = (sums.take(last, axis) - sums.take(first, axis)).astype(np.float32)
    return planes
