"""Hand: how much of the way from a photo's patches to the brand's own patches a look has gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from training.metrics.alexnet import Features
from training.metrics.style_share import at_grid

Floats = NDArray[np.float32]

HAND_LAYERS: Final = (1, 2)
"""relu2 and relu3: patches of 51 and 99 pixels, the scale of strokes, washes and contours."""
BANK_PATCHES: Final = 4000
_PICTURE_PATCHES: Final = 500
_LEAST_PATCHES: Final = 16
_INSIDE: Final = 0.9
_LEAST_GAP: Final = 0.02


@dataclass(frozen=True)
class PatchBank:
    """Patches of a brand's references, one array [N, C] a layer, each row of length 1."""

    patches: tuple[Floats, ...]


@dataclass(frozen=True)
class HandScale:
    """Where 0 and 1 lie for a set of photos: medians of the layers' patch distances.

    Attributes:
        photo: of the untouched photos to the bank.
        real: of real references that are not in the bank.
    """

    photo: tuple[float, ...]
    real: tuple[float, ...]

    @property
    def gap(self) -> float:
        """What lies between photo and real references, in units of the latter, summed over layers."""
        return sum((photo - real) / real for photo, real in zip(self.photo, self.real, strict=True))

    @property
    def is_usable(self) -> bool:
        """Whether the photos are farther from the bank than real references are, by more than chance."""
        return min(self.real) > 0 and self.gap > _LEAST_GAP


def patch_bank(references: Sequence[tuple[Features, Floats]], seed: int = 0) -> PatchBank:
    """Bank of at most 4,000 patches a layer from features and weights of references.

    Raises:
        ValueError: the references show nothing.
    """
    if not references:
        raise ValueError("references: expected at least one, received none")
    random = np.random.default_rng([seed, 53])
    layers = []
    for layer in HAND_LAYERS:
        patches = np.concatenate([_patches(features[layer], weights) for features, weights in references])
        if len(patches) == 0:
            raise ValueError("references: expected painted pixels, received none")
        layers.append(patches[random.permutation(len(patches))[:BANK_PATCHES]])
    return PatchBank(tuple(layers))


def patch_distances(features: Features, weights: Floats, bank: PatchBank) -> tuple[float, ...]:
    """For each layer, the mean distance of a picture's patches inside weights [H,W] to their nearest in the bank.

    A patch is the feature vector at one place, scaled to length 1 (so that contrast does not count); the distance is
    Euclidean, 0..sqrt(2). At most 500 patches of a picture are looked at, on a regular grid.

    Raises:
        ValueError: no patch lies inside.
    """
    found = []
    for layer, known in zip(HAND_LAYERS, bank.patches, strict=True):
        patches = _patches(features[layer], weights)
        if len(patches) == 0:
            raise ValueError("weights: expected some above 0, received none")
        patches = patches[:: max(1, -(-len(patches) // _PICTURE_PATCHES))]
        nearest = (patches @ known.T).max(axis=1)
        found.append(float(np.sqrt(np.maximum(2 - 2 * nearest, 0)).mean()))
    return tuple(found)


def hand_scale(photos: Sequence[tuple[float, ...]], real: Sequence[tuple[float, ...]]) -> HandScale:
    """Scale of a set of photos and a set of real references, by their `patch_distances`."""
    return HandScale(_medians(photos), _medians(real))


def hand(photo: tuple[float, ...], look: tuple[float, ...], scale: HandScale) -> float:
    """Share of the patch gap that one look has closed: 0 for the photo, 1 for real references.

    Patches that no reference has move a picture away from the bank, below 0. The gap is the set's, not the picture's:
    a photo that lies close to the bank by chance would otherwise be divided by almost nothing.
    """
    closed = sum((before - after) / real for before, after, real in zip(photo, look, scale.real, strict=True))
    return closed / scale.gap


def _medians(rows: Sequence[tuple[float, ...]]) -> tuple[float, ...]:
    return tuple(float(value) for value in np.median(np.asarray(rows), axis=0))


def _patches(feature: Floats, weights: Floats) -> Floats:
    """Unit vectors [N, C] at places well inside; a thin product takes what there is."""
    share = at_grid(weights, feature.shape[0], feature.shape[1])
    inside = share > _INSIDE
    padded = np.pad(inside, 1, constant_values=True)
    height, width = inside.shape
    core = np.logical_and.reduce([padded[i : i + height, j : j + width] for i in range(3) for j in range(3)])
    for chosen in (core, inside, share > 0):
        if chosen.sum() >= _LEAST_PATCHES:
            break
    vectors = feature[chosen]
    unit: Floats = vectors / (np.linalg.norm(vectors, axis=1, keepdims=True) + np.float32(1e-6))
    return unit
