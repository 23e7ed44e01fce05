from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from printed_goods import SIDE_PX, erased, jar, product_of

from pipelines.images.quality import luminance
from pipelines.images.text_lines import TextLine, text_lines


def _found(rgb: np.ndarray) -> list[TextLine]:
    return text_lines(luminance(rgb), product_of(rgb))


def _covered(lines: list[TextLine], top: int, left: int, bottom: int, right: int) -> bool:
    return any(
        line.box.top <= top + 6 and line.box.left <= left + 8 and line.box.bottom >= bottom - 6
        and line.box.right >= right - 8 for line in lines
    )  # fmt: skip


def test_a_label_has_its_lines_and_an_empty_label_none() -> None:
    lines = _found(jar())
    assert _covered(lines, 128, 100, 157, 220)
    assert any(line.box.top > 165 for line in lines)
    assert _found(erased(jar())) == []


@pytest.mark.parametrize("height", [12, 16, 24, 40, 56])
@pytest.mark.parametrize("negative", [False, True])
def test_print_of_all_sizes_dark_on_light_and_light_on_dark(height: int, *, negative: bool) -> None:
    rgb = jar([("Plum jam", height)] if height < 50 else [("Plum", height)])
    if negative:
        product = product_of(rgb)[..., None] > 0
        rgb = np.where(product, 250 - np.minimum(rgb, 250), rgb).astype(np.uint8)
    lines = _found(rgb)
    assert lines
    assert all(line.box.top >= 120 and line.box.bottom <= 128 + 1.4 * height for line in lines)


def test_print_may_run_upwards() -> None:
    rgb = np.ascontiguousarray(np.rot90(jar([("WILDFLOWER", 22)])))
    assert any(line.box.bottom - line.box.top > 3 * (line.box.right - line.box.left) for line in _found(rgb))


def test_what_is_no_text() -> None:
    rows, columns = np.mgrid[:SIDE_PX, :SIDE_PX]
    rng = np.random.default_rng(1)
    plain = erased(jar())
    noise = plain + rng.normal(0, 4, plain.shape)
    bands = np.where((rows // 20 % 2)[..., None], plain, plain * 0.6)
    folds = plain * (0.8 + 0.2 * np.sin(columns / 7 + rows / 40))[..., None]
    for picture in (noise, bands, folds):
        rgb = np.where(product_of(plain)[..., None] > 0, picture.clip(0, 254), 255).astype(np.uint8)
        assert _found(rgb) == []


def test_print_outside_of_the_product_does_not_count() -> None:
    rgb = jar()
    weights = product_of(rgb)
    weights[120:235] = 0
    assert text_lines(luminance(rgb), weights) == []
    assert text_lines(luminance(rgb), np.zeros_like(weights)) == []


@given(st.integers(0, 40), st.integers(0, 40))
@settings(max_examples=15, deadline=None)
def test_lines_move_with_the_picture(down: int, right: int) -> None:
    rgb = jar()
    moved = np.pad(rgb, ((4 * down, 0), (4 * right, 0), (0, 0)), constant_values=255)
    shift = [4 * down, 4 * right, 4 * down, 4 * right]
    before, after = _found(rgb), _found(moved)
    assert [(line.letters + shift).tolist() for line in before] == [line.letters.tolist() for line in after]


@given(st.integers(1, 24), st.integers(1, 24), st.integers(0, 2**31))
@settings(max_examples=30, deadline=None)
def test_pictures_of_any_size_are_searched(height: int, width: int, seed: int) -> None:
    rgb = np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)
    for line in text_lines(luminance(rgb), np.ones((height, width), np.float32)):
        assert len(line.letters) >= 3
