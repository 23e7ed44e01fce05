"""A product before and after as two lists of cell colours: coarse enough that strokes and grain average out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.images.colour import srgb_to_lab
from pipelines.images.geometry import product_box

Floats = NDArray[np.float32]
Lab = tuple[float, float, float]

_CELLS_A_SIDE: Final = 32
_LEAST_COVER: Final = 0.25
"""Cells of less product than this share say little about it, unless there are no others."""


@dataclass(frozen=True)
class ProductCells:
    """Mean colours of the product in the cells of a grid, at least one.

    Attributes:
        before: CIELAB float32 [K, 3].
        after: of the same cells.
        weights: float32 [K], above 0, sum 1: how much of the product each cell holds.
    """

    before: Floats
    after: Floats
    weights: Floats

    @property
    def means(self) -> tuple[Lab, Lab]:
        """Mean colour of the product before and after."""
        return _triple(self.weights @ self.before), _triple(self.weights @ self.after)


def product_cells(before: NDArray[np.uint8], after: NDArray[np.uint8], weights: Floats) -> ProductCells:
    """Cells of two uint8 [H, W, 3] under weights [H, W], 32 along the longer side; of pictures of 512 px, 16 px each.

    Raises:
        ValueError: sizes differ, or all weights are 0.
    """
    if before.shape != after.shape or before.shape[:2] != weights.shape:
        raise ValueError(
            f"after, weights: expected the size of before, {before.shape}, received {after.shape}, {weights.shape}"
        )
    side_px = -(-max(weights.shape) // _CELLS_A_SIDE)
    box = product_box(weights)
    window = np.s_[box.top : box.bottom, box.left : box.right]
    before, after, weights = before[window], after[window], weights[window]
    cover = _sums(weights, side_px)
    kept = cover >= _LEAST_COVER * side_px**2
    if not kept.any():
        kept = cover > 0
    if not kept.any():
        raise ValueError("weights: expected some above 0, received none")
    shares = cover[kept]
    lab = [srgb_to_lab(_weighted(rgb, weights, side_px)[kept] / (255 * shares[:, None])) for rgb in (before, after)]
    return ProductCells(lab[0], lab[1], shares / shares.sum())


def _weighted(rgb: NDArray[np.uint8], weights: Floats, side_px: int) -> Floats:
    """Sums over cells of each channel times the weights; float32 [h, w, 3]."""
    return np.stack([_sums(rgb[..., channel] * weights, side_px) for channel in range(3)], axis=-1)


def _sums(values: Floats, side_px: int) -> Floats:
    """Sums of float32 [H, W] over square cells; those at the lower and right edge may be smaller."""
    rows = np.add.reduceat(values, np.arange(0, values.shape[0], side_px), axis=0)
    return np.asarray(np.add.reduceat(rows, np.arange(0, values.shape[1], side_px), axis=1), np.float32)


def _triple(lab: Floats) -> Lab:
    return float(lab[0]), float(lab[1]), float(lab[2])
