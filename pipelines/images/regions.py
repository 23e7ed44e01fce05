"""Connected regions of a boolean picture, by runs, in numpy alone.

Rows are cut into runs of set pixels, runs that touch are joined by hooking and pointer jumping
(Shiloach and Vishkin 1982), which needs a few vectorised rounds instead of a loop over pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Regions:
    """4-connected regions of set pixels, kept as runs: no label picture, which would take 8 bytes a pixel.

    Attributes:
        shape: (H, W).
        starts: flat position of each run's first pixel in a picture of width W + 1.
        ends: the same of the position after its last.
        numbers: the region that each run belongs to, 0..count - 1 in the order of their first pixels.
        areas: int64 [count]; pixels of each region.
        touches_border: bool [count]; whether the region reaches the picture's border.
    """

    shape: tuple[int, int]
    starts: Integers
    ends: Integers
    numbers: Integers
    areas: Integers
    touches_border: Flags

    def painted(self, chosen: Flags) -> Flags:
        """Picture bool [H, W] of the regions that `chosen` bool [count] names."""
        height, width = self.shape
        picked = chosen[self.numbers]
        marks = np.zeros(height * (width + 1) + 1, np.int8)
        marks[self.starts[picked]] = 1
        # Runs never touch within a row, so that no end falls on another's start.
        marks[self.ends[picked]] = -1
        picture = np.cumsum(marks[:-1], dtype=np.int8).reshape(height, width + 1)[:, :width]
        return np.ascontiguousarray(picture).view(np.bool_)

    def count(self, flags: Flags) -> Integers:
        """Pixels of each region that are set in `flags` bool [H, W]; int64 [count]."""
        padded = np.zeros((self.shape[0], self.shape[1] + 1), np.bool_)
        padded[:, :-1] = flags
        sums = np.concatenate([[0], np.cumsum(padded.ravel(), dtype=np.int32)])
        return self._summed(sums[self.ends].astype(np.int64) - sums[self.starts])

    def sums(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        """Sum of float32 [H, W] over each region; float64 [count]."""
        if not self.areas.size:
            return np.zeros(0)
        padded = np.zeros((self.shape[0], self.shape[1] + 1), np.float64)
        padded[:, :-1] = values
        sums = np.concatenate([[0.0], np.cumsum(padded.ravel())])
        of_region: NDArray[np.float64] = np.zeros(self.areas.size)
        np.add.at(of_region, self.numbers, sums[self.ends] - sums[self.starts])
        return of_region

    @property
    def boxes(self) -> Integers:
        """Smallest box of each region; int64 [count, 4], top, left, bottom, right, half-open."""
        stride = self.shape[1] + 1
        rows = self.starts // stride
        boxes = np.empty((self.areas.size, 4), np.int64)
        boxes[:, :2], boxes[:, 2:] = max(self.shape), 0
        np.minimum.at(boxes[:, 0], self.numbers, rows)
        np.minimum.at(boxes[:, 1], self.numbers, self.starts % stride)
        np.maximum.at(boxes[:, 2], self.numbers, rows + 1)
        np.maximum.at(boxes[:, 3], self.numbers, self.ends - rows * stride)
        return boxes

    def only(self, chosen: Flags) -> Regions:
        """The regions that `chosen` bool [count] names, numbered anew in the same order."""
        kept = chosen[self.numbers]
        renumbered = np.cumsum(chosen) - 1
        return Regions(
            shape=self.shape,
            starts=self.starts[kept],
            ends=self.ends[kept],
            numbers=renumbered[self.numbers[kept]],
            areas=self.areas[chosen],
            touches_border=self.touches_border[chosen],
        )

    def _summed(self, values: Integers) -> Integers:
        return _sum_by_number(self.numbers, values, self.areas.size)


def connected_regions(picture: Flags) -> Regions:
    """Regions of the set pixels of bool [H, W], joined over edges (not corners)."""
    height, width = picture.shape
    stride = width + 1
    # One unset column on the right ends every run within its row.
    padded = np.zeros((height, stride), np.int8)
    padded[:, :width] = picture
    steps = np.diff(padded.ravel(), prepend=np.int8(0))
    starts, ends = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
    roots = joined(starts.size, *_touching(starts, ends, stride))
    found, numbers = np.unique(roots, return_inverse=True)
    at_border = (starts < stride) | (starts >= (height - 1) * stride)
    at_border |= (starts % stride == 0) | (ends % stride == width)
    return Regions(
        shape=(height, width),
        starts=starts,
        ends=ends,
        numbers=numbers,
        areas=_sum_by_number(numbers, ends - starts, found.size),
        touches_border=_sum_by_number(numbers, at_border.astype(np.int64), found.size) > 0,
    )


def _sum_by_number(numbers: Integers, values: Integers, count: int) -> Integers:
    sums = np.zeros(count, np.int64)
    np.add.at(sums, numbers, values)
    return sums


def _touching(starts: Integers, ends: Integers, stride: int) -> tuple[Integers, Integers]:
    """Pairs of runs (above, below) that share at least one column in neighbouring rows."""
    first = np.searchsorted(ends, starts + stride, side="right")
    last = np.searchsorted(starts, ends + stride, side="left")
    counts = np.maximum(last - first, 0)
    above = np.repeat(np.arange(starts.size), counts)
    offsets = np.arange(above.size) - np.repeat(np.cumsum(counts) - counts, counts)
    return above, np.repeat(first, counts) + offsets


def joined(count: int, left: Integers, right: Integers) -> Integers:
    """Root of each of `count` nodes under edges `left` to `right`: the smallest node it is joined to; int64 [count]."""
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
