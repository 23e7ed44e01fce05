"""Style share: how much of the gap between a photo and the brand's references is closed in mean and spread."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.metrics.alexnet import Features

Floats = NDArray[np.float32]
ChannelStatistics = tuple[NDArray[np.float64], ...]
"""One array [2, C] a layer: mean and spread of each channel."""


def channel_statistics(features: Features, weights: Floats) -> ChannelStatistics:
    """Mean and spread of each channel of AlexNet features under weights [H,W], some above 0."""
    found = []
    for feature in features:
        share = at_grid(weights, feature.shape[0], feature.shape[1])[..., None].astype(np.float64)
        share /= max(float(share.sum()), 1e-9)
        mean = (feature * share).sum(axis=(0, 1))
        square = (feature.astype(np.float64) ** 2 * share).sum(axis=(0, 1))
        found.append(np.stack([mean, np.sqrt(np.maximum(square - mean**2, 0))]))
    return tuple(found)


def mean_statistics(pictures: Sequence[ChannelStatistics]) -> ChannelStatistics:
    """Average over pictures, each counted once."""
    return tuple(np.mean(layer, axis=0) for layer in zip(*pictures, strict=True))


def style_distance(picture: ChannelStatistics, references: ChannelStatistics) -> float:
    """Squared difference of means and spreads, relative to the references' energy, averaged over layers.

    The same measure as the style loss (Huang and Belongie 2017), in another network; 0 for equal statistics.
    """
    parts = [np.mean((a - b) ** 2) / (np.mean(b**2) + 1e-9) for a, b in zip(picture, references, strict=True)]
    return float(np.mean(parts))


def style_share(photo: ChannelStatistics, look: ChannelStatistics, references: ChannelStatistics) -> float:
    """1 - distance(look, references) / distance(photo, references): 0 for the photo, 1 for all of the gap.

    Raises:
        ValueError: the photo has the references' statistics already.
    """
    gap = style_distance(photo, references)
    if gap <= 1e-9:
        raise ValueError("photo: expected other statistics than those of the references")
    return 1.0 - style_distance(look, references) / gap


def at_grid(weights: Floats, height: int, width: int) -> Floats:
    """Weights [H,W] averaged over the cells of a feature map [height, width]."""
    return np.asarray(Image.fromarray(weights).resize((width, height), Image.Resampling.BOX), np.float32)
