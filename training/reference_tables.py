"""The references in numbers: encoder statistics for the codes, perceptual statistics for the style loss."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.references import Brand
from training.terms import StyleTargets


def reference_statistics(gan: Any, brands: Sequence[Brand]) -> list[NDArray[np.float32]]:
    """For each brand the encoder statistics of its references, float32 [references,2C]."""
    from training.models.encoder import feature_statistics

    found = []
    for brand in brands:
        pictures, _ = square_references(brand)
        rows = [feature_statistics(gan.encoder(pictures[i : i + 1])) for i in range(len(pictures))]
        found.append(np.concatenate([np.asarray(row, np.float32) for row in rows]))
    return found


def style_targets(perceptual: Any, brands: Sequence[Brand], step: int) -> StyleTargets:
    """Perceptual statistics of each brand's hand at 1/`step` of the side, averaged over its references."""
    from training.losses import style_statistics
    from training.models.views import perceptual_view, shrink

    tables: dict[str, tuple[list[Any], list[Any]]] = {}
    for brand in brands:
        pictures, weights = square_references(brand)
        sums: dict[str, list[tuple[Any, Any]]] = {}
        for picture, mask in zip(pictures, weights, strict=True):
            seen = perceptual.features(perceptual_view(shrink(picture[None], step), colour=False))
            for name, pair in style_statistics(seen, mask[None]).items():
                sums.setdefault(name, []).append(pair)
        for name, pairs in sums.items():
            means, spreads = tables.setdefault(name, ([], []))
            means.append(np.mean([np.asarray(mean)[0] for mean, _ in pairs], axis=0))
            spreads.append(np.mean([np.asarray(spread)[0] for _, spread in pairs], axis=0))
    return {name: (np.stack(means), np.stack(spreads)) for name, (means, spreads) in tables.items()}


def square_references(brand: Brand) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The middle of each reference, float32 [n,S,S,3] in 0..1, and its weights [n,S,S,1]; S a multiple of 16.

    One shape for all: a new shape costs the convolution library more than the convolution itself.
    """
    side = min(min(r.rgb.shape[:2]) for r in brand.references)
    side -= side % 16
    pictures, weights = [], []
    for reference in brand.references:
        top, left = ((length - side) // 2 for length in reference.rgb.shape[:2])
        window = np.s_[top : top + side, left : left + side]
        pictures.append(reference.rgb[window].astype(np.float32) / np.float32(255))
        weights.append(reference.weights[window][..., None])
    return np.stack(pictures), np.stack(weights)
