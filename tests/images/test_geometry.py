from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.images.geometry import (
    Box,
    crop_to,
    fit_within,
    pad_to_multiple,
    product_box,
    resize,
    resize_short_side,
)

sides = st.integers(1, 90)


@given(height=sides, width=sides, px=st.integers(1, 64))
@settings(deadline=None)
def test_short_side_is_exact_and_the_aspect_is_kept(height: int, width: int, px: int) -> None:
    out = resize_short_side(np.zeros((height, width, 3), np.uint8), px)
    assert min(out.shape[:2]) == px
    scale = px / min(height, width)
    assert abs(out.shape[0] - height * scale) <= 0.5 and abs(out.shape[1] - width * scale) <= 0.5


@given(height=sides, width=sides, px=st.integers(1, 120))
@settings(deadline=None)
def test_fit_within_never_enlarges(height: int, width: int, px: int) -> None:
    rgb = np.random.default_rng(height * 100 + width).integers(0, 256, (height, width, 3)).astype(np.uint8)
    out = fit_within(rgb, px)
    assert max(out.shape[:2]) == min(px, max(height, width))
    if max(height, width) <= px:
        assert np.array_equal(out, rgb)
    else:
        assert abs(out.shape[0] / px - height / max(height, width)) <= 1 / px


@given(height=sides, width=sides, multiple=st.integers(1, 40), colour=st.booleans())
@settings(deadline=None)
def test_padding_is_undone_by_cropping(height: int, width: int, multiple: int, colour: bool) -> None:
    shape = (height, width, 3) if colour else (height, width)
    array = np.random.default_rng(1).integers(0, 256, shape).astype(np.uint8)
    padded = pad_to_multiple(array, multiple)
    assert padded.shape[0] % multiple == 0 and padded.shape[1] % multiple == 0
    assert padded.shape[0] - height < multiple and padded.shape[1] - width < multiple
    assert np.array_equal(crop_to(padded, height, width), array)
    assert np.array_equal(padded[-1, -1], array[-1, -1])


@given(height=sides, width=sides, top=st.integers(0, 89), left=st.integers(0, 89), size=st.tuples(sides, sides))
def test_product_box_is_the_smallest_that_holds_all(
    height: int, width: int, top: int, left: int, size: tuple[int, int]
) -> None:
    weights = np.zeros((height, width), np.float32)
    top, left = top % height, left % width
    weights[top : top + size[0], left : left + size[1]] = 0.3
    expected = Box(top, left, min(height, top + size[0]), min(width, left + size[1]))
    assert product_box(weights) == expected
    assert product_box(np.zeros_like(weights)) == Box(0, 0, height, width)


def test_weights_stay_within_their_range_and_far_zeros_stay_zero() -> None:
    weights = np.zeros((100, 100), np.float32)
    weights[40:60, 40:60] = 1
    for out in (resize(weights, 31, 47), resize(weights, 300, 250)):
        assert out.dtype == np.float32
        assert out.min() == 0 and out.max() <= 1
        assert (out[: out.shape[0] // 4] == 0).all()


def test_same_size_gives_a_copy() -> None:
    rgb = np.zeros((5, 6, 3), np.uint8)
    out = resize(rgb, 5, 6)
    out[:] = 1
    assert not rgb.any()


def test_impossible_sizes_are_named() -> None:
    rgb = np.zeros((5, 6, 3), np.uint8)
    with pytest.raises(ValueError, match="at least 1 x 1"):
        resize(rgb, 0, 3)
    with pytest.raises(ValueError, match="multiple"):
        pad_to_multiple(rgb, 0)
    with pytest.raises(ValueError, match="at most"):
        crop_to(rgb, 6, 6)
