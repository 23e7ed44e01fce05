"""LPIPS: how different two pictures look (Zhang, Isola, Efros, Shechtman, Wang 2018)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.metrics.alexnet import Features

Floats = NDArray[np.float32]


def lpips(a: Features, b: Features, heads: Sequence[Floats], weights: Floats) -> float:
    """Mean of the spatial LPIPS map under weights [H,W]; 0 for equal pictures, about .5 for very different ones.

    Args:
        a: AlexNet features of one picture.
        b: those of the other, of the same size.
        heads: see `training.metrics.alexnet.AlexNet`.
        weights: product mask, float32 [H,W], some above 0.

    Raises:
        ValueError: all weights are 0.
    """
    total = float(weights.sum())
    if total <= 0:
        raise ValueError("weights: expected some above 0, received none")
    size = (weights.shape[1], weights.shape[0])
    distance = 0.0
    for first, second, head in zip(a, b, heads, strict=True):
        difference = (_unit(first) - _unit(second)) ** 2 @ head
        spread = np.asarray(Image.fromarray(difference).resize(size, Image.Resampling.BILINEAR))
        distance += float((spread * weights).sum()) / total
    return distance


def _unit(feature: Floats) -> Floats:
    norm: Floats = np.sqrt((feature**2).sum(axis=-1, keepdims=True)) + np.float32(1e-10)
    return feature / norm
