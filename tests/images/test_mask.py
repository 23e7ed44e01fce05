from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipelines.images.mask import product_mask


def canvas(height: int = 200, width: int = 160, colour: tuple[int, int, int] = (255, 255, 255)) -> NDArray[np.uint8]:
    return np.full((height, width, 3), colour, np.uint8)


def test_product_on_white_is_flooded(product_on_white: NDArray[np.uint8]) -> None:
    mask = product_mask(product_on_white, None)
    assert mask.kind == "flood"
    assert mask.weights.dtype == np.float32 and mask.weights.shape == (120, 90)
    inside = (product_on_white != 255).any(axis=-1)
    assert (mask.weights[~inside] == 0).all()
    assert (mask.weights[inside] > 0).all()
    assert (mask.weights[30:90, 24:66] == 1).all()


def test_edge_is_soft_within_two_pixels(product_on_white: NDArray[np.uint8]) -> None:
    row = product_mask(product_on_white, None).weights[60]
    left = int(np.flatnonzero(row)[0])
    assert row[left - 1] == 0
    assert 0 < row[left] < row[left + 1] < row[left + 2] == 1


def test_alpha_is_the_mask_where_there_is_any() -> None:
    rgb = canvas()
    alpha = np.zeros((200, 160), np.uint8)
    alpha[50:150, 40:120] = 255
    alpha[50] = 128
    mask = product_mask(rgb, alpha)
    assert mask.kind == "alpha"
    assert np.allclose(mask.weights, alpha / 255, atol=1e-6)
    assert (mask.weights[alpha == 0] == 0).all()


def test_nearly_opaque_alpha_is_no_mask(product_on_white: NDArray[np.uint8]) -> None:
    alpha = np.full((120, 90), 255, np.uint8)
    alpha[0, 0] = 252
    assert product_mask(product_on_white, alpha).kind == "flood"


@pytest.mark.parametrize("colour", [(230, 228, 225), (40, 90, 60), (0, 0, 0)])
def test_plain_background_of_another_colour(colour: tuple[int, int, int]) -> None:
    rgb = canvas(colour=colour)
    rgb[60:140, 50:110] = (150, 20, 140)
    mask = product_mask(rgb, None)
    assert mask.kind == "flood"
    assert (mask.weights > 0).sum() == 80 * 60
    assert mask.weights[100, 80] == 1


def test_photos_without_plain_background_are_all_product(noise_picture: NDArray[np.uint8]) -> None:
    mask = product_mask(noise_picture, None)
    assert mask.kind == "none"
    assert (mask.weights == 1).all()


def test_uneven_background_is_not_called_plain() -> None:
    rgb = canvas()
    rgb[:] = np.linspace(100, 200, 160).astype(np.uint8)[None, :, None]
    rgb[60:140, 50:110] = (150, 20, 140)
    assert product_mask(rgb, None).kind == "none"


@pytest.mark.parametrize("level", [255, 250, 90])
def test_empty_pictures_have_no_product_to_find(level: int) -> None:
    assert product_mask(canvas(colour=(level, level, level)), None).kind == "none"


def test_handle_hole_of_exact_white_is_background_and_a_highlight_is_not() -> None:
    rgb = canvas()
    rgb[40:160, 30:130] = (60, 60, 160)
    rgb[80:110, 95:120] = 255
    rgb[60:63, 50:53] = 255
    weights = product_mask(rgb, None).weights
    assert (weights[80:110, 95:120] == 0).all()
    assert (weights[60:63, 50:53] > 0).all()


def test_near_white_print_inside_the_product_stays_product() -> None:
    rgb = canvas()
    rgb[40:160, 30:130] = (60, 60, 160)
    rgb[80:110, 60:100] = 250
    assert (product_mask(rgb, None).weights[82:108, 62:98] > 0).all()


def test_close_up_over_three_sides_of_exact_white() -> None:
    rgb = canvas()
    rgb[:, 40:] = (120, 40, 40)
    mask = product_mask(rgb, None)
    assert mask.kind == "flood"
    assert (mask.weights[:, :40] == 0).all() and (mask.weights[:, 45:] == 1).all()


def test_soft_shadow_fades_and_pure_white_has_no_weight() -> None:
    rgb = canvas()
    rgb[40:120, 40:120] = (30, 80, 60)
    rows, columns = np.mgrid[0:200, 0:160]
    distance = np.hypot((rows - 150) * 3, columns - 80)
    shadow = np.rint(255 - 60 * np.clip(1 - distance / 70, 0, 1)).astype(np.uint8)
    rgb = np.minimum(rgb, shadow[..., None])
    weights = product_mask(rgb, None).weights
    white = (rgb == 255).all(axis=-1)
    assert (weights[white] == 0).all()
    assert weights[150, 80] == 1
    # Along the shadow the weights rise in steps no larger than the shade's own.
    run = weights[150, 10:80]
    assert np.diff(run).max() < 0.35


def test_compression_noise_is_dropped() -> None:
    rng = np.random.default_rng(5)
    rgb = canvas(400, 400)
    rgb[150:250, 150:250] = (10, 120, 20)
    for y, x in rng.integers(5, 140, (30, 2)):
        rgb[y, x] = 200
    weights = product_mask(rgb, None).weights
    assert (weights[:145] == 0).all()


@given(seed=st.integers(0, 10**6), level=st.sampled_from([255, 252, 200, 30]))
@settings(max_examples=40, deadline=None)
def test_weights_are_always_in_range_and_background_is_zero(seed: int, level: int) -> None:
    rng = np.random.default_rng(seed)
    height, width = rng.integers(8, 80, 2)
    rgb = np.full((height, width, 3), level, np.uint8)
    top, left = rng.integers(0, height), rng.integers(0, width)
    rgb[top : top + 30, left : left + 30] = rng.integers(0, 256, 3)
    mask = product_mask(rgb, None)
    assert mask.weights.shape == (height, width)
    assert mask.weights.min() >= 0 and mask.weights.max() <= 1
    if mask.kind == "flood":
        assert mask.weights.any()
        assert mask.weights[(rgb == level).all(axis=-1)].max(initial=0) <= mask.weights.max()
    else:
        assert mask.kind == "none" and (mask.weights == 1).all()
