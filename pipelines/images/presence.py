"""Whether there is still a product to be seen: one that melted into its background is as blank as an empty picture."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.images.cells import ProductCells
from pipelines.images.colour import delta_e2000, srgb8_to_lab

Floats = NDArray[np.float32]

_VISIBLE: Final = 5.0
"""CIEDE2000 from which on two areas side by side are seen as two; one is just noticeable with care."""
_SEEN_SHARE: Final = 0.5
_SPREAD_SHARE: Final = 0.2
_LEAST_SPREAD: Final = 16.0
"""Deviation of colour, in levels, below which a product was plain to begin with."""
_LEAST_GROUND: Final = 0.01
_STEP: Final = 3
"""Every third pixel of every third row is looked at."""


def has_vanished(cells: ProductCells, before: NDArray[np.uint8], after: NDArray[np.uint8], weights: Floats) -> bool:
    """Whether most of what stood out from the background no longer does, or all its colours became one.

    Args:
        cells: of the same pictures.
        before: uint8 [H, W, 3].
        after: the same.
        weights: of the product, [H, W]; what is exactly 0 is background. A picture without any can only fade.
    """
    step = (slice(None, None, _STEP),) * 2
    few = before[step], after[step], weights[step]
    return _faded(*few) or _melted(cells, *few)


def _faded(before: NDArray[np.uint8], after: NDArray[np.uint8], weights: Floats) -> bool:
    inside = weights > 0
    if not inside.any():
        return False
    spread = _spread(before[inside])
    return spread >= _LEAST_SPREAD and _spread(after[inside]) < _SPREAD_SHARE * spread


def _melted(cells: ProductCells, before: NDArray[np.uint8], after: NDArray[np.uint8], weights: Floats) -> bool:
    ground = weights == 0
    if ground.mean() < _LEAST_GROUND:
        return False
    stood_out = _differs(cells.before, before[ground])
    stands_out = _differs(cells.after, after[ground])
    return bool(cells.weights[stood_out & stands_out].sum() < _SEEN_SHARE * cells.weights[stood_out].sum())


def _differs(colours: Floats, ground: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which of CIELAB [K, 3] can be told from the median of uint8 [N, 3]."""
    paper = srgb8_to_lab(np.median(ground, axis=0).astype(np.uint8))
    differs: NDArray[np.bool_] = delta_e2000(colours, paper) >= _VISIBLE
    return differs


def _spread(pixels: NDArray[np.uint8]) -> float:
    """Standard deviation of uint8 [N, 3], over all channels."""
    return float(np.sqrt(pixels.astype(np.float32).var(axis=0).sum()))
