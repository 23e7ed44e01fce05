"""Style gap: how much of the distance between photos and the brand's references the hand has closed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Statistics = dict[str, NDArray[np.float64]]
"""Layer -> mean and spread of each channel, one after the other, averaged over a set of pictures."""


def set_statistics(
    perceptual: Any, pictures: Sequence[NDArray[np.uint8]], weights: Sequence[NDArray[np.float32]], *, colour: bool
) -> Statistics:
    """Perceptual statistics of a set of pictures, each counted once, inside the weights.

    Args:
        perceptual: see `training.models.perceptual`.
        pictures: uint8 [H,W,3] each.
        weights: float32 [H,W] each.
        colour: measure the picture itself; otherwise its hand alone (luminance less its local mean).
    """
    from training.losses import style_statistics
    from training.models.views import perceptual_view

    rows: dict[str, list[NDArray[np.float64]]] = {}
    for picture, mask in zip(pictures, weights, strict=True):
        height, width = (side - side % 8 for side in picture.shape[:2])
        values = picture[None, :height, :width].astype(np.float32) / np.float32(255)
        seen = perceptual.features(perceptual_view(values, colour=colour))
        inside = np.ascontiguousarray(mask[None, :height, :width, None])
        for name, (mean, spread) in style_statistics(seen, inside).items():
            row = np.concatenate([np.asarray(mean)[0], np.asarray(spread)[0]]).astype(np.float64)
            rows.setdefault(name, []).append(row)
    return {name: np.mean(values, axis=0) for name, values in rows.items()}


def style_distance(a: Mapping[str, NDArray[np.float64]], b: Mapping[str, NDArray[np.float64]]) -> float:
    """Root of the mean squared difference of statistics relative to those of `b`, averaged over layers; 0 if equal."""
    parts = [np.mean((a[name] - b[name]) ** 2) / (np.mean(b[name] ** 2) + 1e-6) for name in b]
    return float(np.sqrt(np.mean(parts)))


def gap_closed(before: float, after: float) -> float:
    """Share of the distance `before` that is gone in `after`: 0 for no change, 1 for all, negative for farther off."""
    return 0.0 if before <= 1e-9 else 1.0 - after / before
