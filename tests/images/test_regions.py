from __future__ import annotations

from collections import deque

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from pipelines.images.regions import Regions, connected_regions


def labelled(regions: Regions) -> NDArray[np.int64]:
    """Label picture, 0 where unset, regions numbered from 1."""
    labels = np.zeros(regions.shape, np.int64)
    for number in range(regions.areas.size):
        labels[regions.painted(np.arange(regions.areas.size) == number)] = number + 1
    return labels


def flooded(picture: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The plain way: breadth first from each pixel, regions numbered by their first pixel."""
    labels = np.zeros(picture.shape, np.int64)
    count = 0
    for start in zip(*np.nonzero(picture), strict=True):
        if labels[start]:
            continue
        count += 1
        labels[start] = count
        queue = deque([start])
        while queue:
            y, x = queue.popleft()
            for near in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
                inside = 0 <= near[0] < picture.shape[0] and 0 <= near[1] < picture.shape[1]
                if inside and picture[near] and not labels[near]:
                    labels[near] = count
                    queue.append(near)
    return labels


@given(arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=14)))
@settings(max_examples=200, deadline=None)
def test_same_regions_as_a_breadth_first_search(picture: NDArray[np.bool_]) -> None:
    regions = connected_regions(picture)
    expected = flooded(picture)
    assert np.array_equal(labelled(regions), expected)
    assert regions.areas.tolist() == np.bincount(expected.ravel(), minlength=regions.areas.size + 1)[1:].tolist()
    rim = np.concatenate([expected[0], expected[-1], expected[:, 0], expected[:, -1]])
    assert set(np.flatnonzero(regions.touches_border) + 1) == set(rim[rim > 0].tolist())


@given(st.integers(0, 10**6))
@settings(max_examples=50, deadline=None)
def test_pixels_are_counted_by_region_and_any_choice_is_painted(seed: int) -> None:
    rng = np.random.default_rng(seed)
    picture, flags = rng.random((12, 17)) < 0.6, rng.random((12, 17)) < 0.5
    regions, expected = connected_regions(picture), flooded(picture)
    counts = np.bincount(expected[flags], minlength=regions.areas.size + 1)
    assert regions.count(flags).tolist() == counts[1:].tolist()
    chosen = rng.random(regions.areas.size) < 0.5
    assert np.array_equal(regions.painted(chosen), np.isin(expected, np.flatnonzero(chosen) + 1))


@given(st.integers(0, 2**31))
@settings(max_examples=40, deadline=None)
def test_boxes_sums_and_choices_of_regions(seed: int) -> None:
    rng = np.random.default_rng(seed)
    picture = rng.uniform(size=rng.integers(1, 25, 2)) < 0.5
    values = rng.uniform(-5, 200, picture.shape).astype(np.float32)
    regions, labels = connected_regions(picture), labelled(connected_regions(picture))
    chosen = rng.uniform(size=regions.areas.size) < 0.5
    some = regions.only(chosen)
    assert np.array_equal(some.areas, regions.areas[chosen])
    assert np.array_equal(some.boxes, regions.boxes[chosen])
    assert np.array_equal(some.painted(np.ones(some.areas.size, np.bool_)), regions.painted(chosen))
    assert some.sums(values) == pytest.approx(regions.sums(values)[chosen])
    for number, (top, left, bottom, right) in enumerate(regions.boxes):
        rows, columns = np.nonzero(labels == number + 1)
        assert (top, left, bottom, right) == (rows.min(), columns.min(), rows.max() + 1, columns.max() + 1)
        assert regions.sums(values)[number] == pytest.approx(values[rows, columns].sum(), rel=1e-4, abs=1e-2)


@given(st.integers(0, 10**6))
@settings(max_examples=20, deadline=None)
def test_long_winding_regions(seed: int) -> None:
    picture = np.random.default_rng(seed).random((40, 40)) < 0.6
    assert np.array_equal(labelled(connected_regions(picture)), flooded(picture))


def test_a_spiral_is_one_region() -> None:
    picture = np.zeros((41, 41), np.bool_)
    y, x, dy, dx = 0, 0, 0, 1
    picture[0, 0] = True
    for length in range(40, 0, -2):
        for _ in range(2):
            for _ in range(length):
                y, x = y + dy, x + dx
                if not (0 <= y < 41 and 0 <= x < 41):
                    break
                picture[y, x] = True
            dy, dx = dx, -dy
    assert np.array_equal(labelled(connected_regions(picture)), flooded(picture))
