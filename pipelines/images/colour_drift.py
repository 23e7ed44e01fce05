"""How far a product's colours went beyond what the brand's colour policy allows.

The unit is CIEDE2000 with the lightness factor 2, as textiles are compared (CIE 101-1993: kL = 2): a fabric's lightness
varies with every fold, its colour does not.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.core.looks import ColourPolicy
from pipelines.images.cells import ProductCells
from pipelines.images.colour import delta_e2000

Floats = NDArray[np.float32]

_LIGHTNESS_FACTOR: Final = 2.0
_WORST: Final = 0.97
"""The figure is that of the worst cells but for the last few hundredths, which hold outlines and highlights."""
_CHROMA_GAIN: Final = (0.5, 1.25)
_TINT: Final = 4.0
_ALIKE: Final = 4.0
"""Standard deviation, in CIELAB, of what counts as the same colour before."""
_BIN: Final = (20.0, 16.0, 16.0)
_COLOUR_SHARE: Final = 0.02
_APART_BEFORE: Final = 20.0
_APART_AFTER: Final = 10.0
"""Colours so far apart before are told apart at a glance; after, this much is enough."""


def colour_drift(cells: ProductCells, policy: ColourPolicy) -> float:
    """CIEDE2000 of what the policy promises to keep, 0 for an untouched product.

    Under every policy what was one colour stays one colour. Beyond that `luminance` promises that a and b stay;
    `keep-hue` that hues stay, but for one factor of all chroma and one slight tint; `full` that colours which differ
    can still be told apart.
    """
    uneven = _worst(_unevenness(cells), cells.weights)
    if policy == "full":
        return max(uneven, _merged(cells))
    return max(uneven, _worst(_hue_shift(cells, policy), cells.weights))


def _unevenness(cells: ProductCells) -> Floats:
    """Difference of each cell to where the cells of its colour moved on average; float32 [K]."""
    before = cells.before
    squares = (before**2).sum(axis=1)
    distance = np.maximum(squares[:, None] + squares - 2 * before @ before.T, 0)
    alike = np.exp(-distance / np.float32(2 * _ALIKE**2)) * cells.weights
    expected = before + (alike @ (cells.after - before)) / alike.sum(axis=1, keepdims=True)
    return delta_e2000(expected, cells.after, lightness_factor=_LIGHTNESS_FACTOR)


def _hue_shift(cells: ProductCells, policy: ColourPolicy) -> Floats:
    """Difference of each cell to its colour before at its lightness after; float32 [K]."""
    expected = cells.after.copy()
    expected[:, 1:] = _rescaled(cells) if policy == "keep-hue" else cells.before[:, 1:]
    return delta_e2000(expected, cells.after)


def _rescaled(cells: ProductCells) -> Floats:
    """Chroma before, by the one factor and the one tint, within bounds, that take it nearest to after; [K, 2]."""
    before, after, weights = cells.before[:, 1:], cells.after[:, 1:], cells.weights
    fitted = float(weights @ (before * after).sum(axis=1)) / max(float(weights @ (before**2).sum(axis=1)), 1e-6)
    scaled = before * np.float32(min(max(fitted, _CHROMA_GAIN[0]), _CHROMA_GAIN[1]))
    tint = weights @ (after - scaled)
    return np.asarray(scaled + tint * min(1.0, _TINT / max(float(np.hypot(*tint)), 1e-6)), np.float32)


def _merged(cells: ProductCells) -> float:
    """By how much the two colours that came nearest to each other fall short of being told apart."""
    _, numbers = np.unique(np.floor(cells.before / np.array(_BIN, np.float32)), axis=0, return_inverse=True)
    member = np.eye(numbers.max() + 1, dtype=np.float32)[numbers.ravel()] * cells.weights[:, None]
    shares = member.sum(axis=0)
    member, shares = member[:, shares >= _COLOUR_SHARE], shares[shares >= _COLOUR_SHARE]
    before, after = (member.T @ lab / shares[:, None] for lab in (cells.before, cells.after))
    apart = delta_e2000(before[:, None], before[None]) >= _APART_BEFORE
    missing = _APART_AFTER - delta_e2000(after[:, None], after[None])
    return max(0.0, float(missing[apart].max(initial=0.0)))


def _worst(values: Floats, weights: Floats) -> float:
    """The weighted quantile `_WORST`."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    return float(values[order][min(int(np.searchsorted(reached, _WORST * reached[-1])), len(values) - 1)])
