"""A brand's palette: the few colours that its references are painted in, and how a colour is drawn towards them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.images.colour import srgb8_to_lab

Floats = NDArray[np.float32]
Palette = tuple[tuple[float, float, float, float], ...]
"""Colours in CIELAB and the share of the painted surface that each covers: L, a, b, share."""

COLOURS: Final = 24
_ROUNDS: Final = 12
_SAMPLES: Final = 24_000
_REACH_AB: Final = 18.0
_REACH_L: Final = 28.0
"""How far a colour of the palette draws others to it: wide enough that neighbours stay neighbours."""


def palette_of(pictures: Sequence[tuple[NDArray[np.uint8], Floats]], colours: int = COLOURS) -> Palette:
    """Palette of painted pixels by k-means (Lloyd 1982), the same for the same pictures.

    Args:
        pictures: uint8 [H,W,3] and weights [H,W]; pixels of weight above 0.5 count.
        colours: at most this many.

    Returns:
        Colours by falling share; empty when nothing is painted.
    """
    painted = [rgb[weights > 0.5] for rgb, weights in pictures]
    pixels = np.concatenate(painted) if painted else np.zeros((0, 3), np.uint8)
    if not len(pixels):
        return ()
    lab = srgb8_to_lab(pixels[:: max(1, len(pixels) // _SAMPLES)])
    # Starts spread over the lightness; chroma decides afterwards.
    order = lab[np.argsort(lab[:, 0] + 0.01 * lab[:, 1], kind="stable")]
    centres = order[np.linspace(0, len(order) - 1, min(colours, len(order))).astype(int)].astype(np.float64)
    for _ in range(_ROUNDS):
        nearest = ((lab[:, None] - centres[None]) ** 2).sum(axis=-1).argmin(axis=1)
        for index in range(len(centres)):
            if (nearest == index).any():
                centres[index] = lab[nearest == index].mean(axis=0)
    shares = np.bincount(nearest, minlength=len(centres)) / len(lab)
    rows = sorted(zip(shares, centres, strict=True), key=lambda row: -row[0])
    return tuple((float(c[0]), float(c[1]), float(c[2]), float(share)) for share, c in rows if share > 0)


def mixed_palette(parts: Sequence[tuple[Palette, float]]) -> Palette:
    """Palettes side by side, their shares weighed."""
    return tuple((*colour[:3], colour[3] * weight) for palette, weight in parts for colour in palette)


def drawn_to(palette: Palette, lab: Floats) -> Floats:
    """The a and b that the palette has near each colour of CIELAB [..., 3]; float32 [..., 2]."""
    colours = np.array(palette, np.float32)
    ab = ((lab[..., None, 1:] - colours[:, 1:3]) ** 2).sum(axis=-1) / np.float32(2 * _REACH_AB**2)
    light = (lab[..., None, 0] - colours[:, 0]) ** 2 / np.float32(2 * _REACH_L**2)
    # Square roots of shares: a brand's paper must not drown its blues.
    score = np.log(np.sqrt(colours[:, 3]) + np.float32(1e-6)) - ab - light
    weight = np.exp(score - score.max(axis=-1, keepdims=True))
    weight /= weight.sum(axis=-1, keepdims=True)
    return np.asarray(weight @ colours[:, 1:3], np.float32)
