"""Means over square windows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipelines.images.geometry import resize

Floats = NDArray[np.float32]


def box_mean(values: Floats, radius_px: int) -> Floats:
    """Mean of float32 [H, W] over windows of 2 * radius + 1, edge values repeated; by summed areas (Crow 1984)."""
    side = 2 * radius_px + 1
    padded = np.pad(np.pad(values, radius_px, mode="edge"), ((1, 0), (1, 0))).astype(np.float64)
    sums = padded.cumsum(axis=0).cumsum(axis=1)
    of_window = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    return np.asarray(of_window / side**2, np.float32)


def surroundings(values: Floats, inside: NDArray[np.bool_], radius_px: int) -> Floats:
    """About the mean of float32 [H, W] over windows of this radius, of the pixels inside alone; 0 far from them.

    Found at a quarter of the size: means over windows are smooth.
    """
    height, width = values.shape
    shown = inside.astype(np.float32)
    share = box_mean(_quarter(shown), max(1, radius_px // 4))
    total = box_mean(_quarter(values * shown), max(1, radius_px // 4))
    return resize(np.where(share > 0, total / np.maximum(share, np.float32(1e-3)), np.float32(0)), height, width)


def _quarter(values: Floats) -> Floats:
    return np.asarray(Image.fromarray(values).reduce(4), np.float32)
