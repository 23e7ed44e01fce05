"""Connected regions of a boolean picture, by runs, in numpy alone.

Rows are cut into runs of set pixels, runs that touch are joined by hooking and pointer jumping
(Shiloach and Vishkin 1982), which needs a few vectorised rounds instead of a loop over pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Regions:
    """4-connected regions of set pixels.

    Attributes:
        labels: int64 [H, W]; 0 where the picture is unset, else the region's number 1..count.
        areas: int64 [count + 1]; pixels of each region, areas[0] is that of the unset pixels.
        touches_border: bool [count + 1]; whether the region reaches the picture's border.
    """

    labels: Integers
    areas: Integers
    touches_border: NDArray[np.bool_]


def connected_regions(picture: NDArray[np.bool_]) -> Regions:
    """Regions of the set pixels of bool [H, W], joined over edges (not corners)."""
    height, width = picture.shape
    # One unset column on the right ends every run within its row.
    padded = np.zeros((height, width + 1), np.int8)
    padded[:, :width] = picture
    steps = np.diff(padded.ravel(), prepend=np.int8(0))
    starts, ends = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
    roots = _joined(starts.size, *_touching(starts, ends, width + 1))
    numbers = np.unique(roots, return_inverse=True)[1] + 1
    labels = _painted(starts, ends, numbers, padded.size).reshape(height, width + 1)[:, :width]
    areas = np.zeros(int(numbers.max(initial=0)) + 1, np.int64)
    np.add.at(areas, numbers, ends - starts)
    areas[0] = picture.size - areas.sum()
    touches = np.zeros(areas.size, np.bool_)
    for edge in (labels[0], labels[-1], labels[:, 0], labels[:, -1]):
        touches[edge] = True
    touches[0] = False
    return Regions(labels, areas, touches)


def _touching(starts: Integers, ends: Integers, stride: int) -> tuple[Integers, Integers]:
    """Pairs of runs (above, below) that share at least one column in neighbouring rows."""
    first = np.searchsorted(ends, starts + stride, side="right")
    last = np.searchsorted(starts, ends + stride, side="left")
    counts = np.maximum(last - first, 0)
    above = np.repeat(np.arange(starts.size), counts)
    offsets = np.arange(above.size) - np.repeat(np.cumsum(counts) - counts, counts)
    return above, np.repeat(first, counts) + offsets


def _joined(count: int, left: Integers, right: Integers) -> Integers:
    """Root of each of `count` nodes under the given edges; the smallest node of its component."""
    roots = np.arange(count)
    while True:
        a, b = roots[left], roots[right]
        apart = a != b
        if not apart.any():
            return roots
        np.minimum.at(roots, np.maximum(a, b)[apart], np.minimum(a, b)[apart])
        while True:
            jumped = roots[roots]
            if np.array_equal(jumped, roots):
                break
            roots = jumped


def _painted(starts: Integers, ends: Integers, numbers: Integers, size: int) -> Integers:
    """Flat label picture: each run's number over its pixels, 0 elsewhere."""
    bounds = np.concatenate([np.stack([starts, ends], axis=1).ravel(), [size]])
    values = np.zeros(bounds.size, np.int64)
    values[1::2] = numbers
    return np.repeat(values, np.diff(bounds, prepend=0))
