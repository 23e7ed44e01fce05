"""The background of a look: tone, matte, texture, and how far regions reach."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from pipelines.core.looks import Region
from pipelines.images.colour import LabStatistics, srgb_to_lab
from pipelines.images.geometry import Box
from pipelines.images.mask import product_mask
from training.areas import cover_of, shares
from training.backdrop import brand_tone, hex_colour, matte, paper_colour
from training.plane import Plane
from training.references import Reference
from training.surface import Surface
from training.texture import TEXTON_PX, texton, texture_field

Floats = NDArray[np.float32]


@given(st.floats(0, 100), st.floats(-100, 100), st.floats(-100, 100))
def test_a_brand_s_tone_is_light_quiet_and_of_its_hue(lightness: float, a: float, b: float) -> None:
    tone = brand_tone(LabStatistics((lightness, a, b), (9.0, 9.0, 9.0), 10.0, 1.0))
    found = srgb_to_lab(tone / 255)
    assert 91 < found[0] < 95
    assert np.hypot(*found[1:]) < 8
    if np.hypot(a, b) > 5:
        assert np.dot(found[1:], [a, b]) / np.hypot(*found[1:]) / np.hypot(a, b) > 0.95


def disc(product: tuple[int, int, int], paper: tuple[int, int, int]) -> tuple[NDArray[np.uint8], Floats]:
    """An antialiased disc before a plain background, and its true matte."""
    large = Image.new("L", (960, 960))
    ImageDraw.Draw(large).ellipse((200, 200, 760, 760), fill=255)
    share = np.asarray(large.resize((120, 120), Image.Resampling.BOX)).astype(np.float32) / 255
    rgb = share[..., None] * np.array(product) + (1 - share[..., None]) * np.array(paper)
    return np.rint(rgb).astype(np.uint8), share


@pytest.mark.parametrize("colour", ["#f4efe6", "#102030"])
@pytest.mark.parametrize("product", [(40, 60, 150), (200, 30, 30), (0, 0, 0), (120, 180, 90)])
def test_no_halo_of_the_old_background_around_the_product(product: tuple[int, int, int], colour: str) -> None:
    rgb, share = disc(product, (255, 255, 255))
    weights = product_mask(rgb, None).weights
    paper = paper_colour(rgb, weights)
    assert paper is not None
    surface = Surface(hex_colour(colour), paper, None, 1.0)
    out = rgb + surface.change(rgb, weights, Box(0, 0, 120, 120))
    ideal = share[..., None] * np.array(product) + (1 - share[..., None]) * hex_colour(colour)
    # A mixture with less than the mask's tolerance of product counts as background.
    assert np.abs(out - ideal).max() < 16
    assert np.abs(out - ideal)[weights == 1].max() == 0
    assert np.abs(out - ideal)[(weights == 0) & (share == 0)].max() == 0


def test_shadows_stay_on_the_new_background() -> None:
    rgb, _ = disc((60, 60, 160), (255, 255, 255))
    rgb[100:104, 40:80] = 246
    weights = product_mask(rgb, None).weights
    surface = Surface(hex_colour("#f4efe6"), np.full(3, 255, np.float32), None, 1.0)
    out = rgb + surface.change(rgb, weights, Box(0, 0, 120, 120))
    assert np.allclose(out[102, 60], hex_colour("#f4efe6") - 9)


def test_a_white_product_on_white_keeps_a_soft_border() -> None:
    rgb, _ = disc((236, 236, 236), (255, 255, 255))
    weights = product_mask(rgb, None).weights
    found = matte(rgb.astype(np.float32), weights, np.full(3, 255, np.float32))
    assert np.isfinite(found).all()
    np.testing.assert_array_equal(found[weights == 0], 0)
    np.testing.assert_array_equal(found[weights == 1], 1)


def test_a_picture_that_shows_no_background_has_no_paper() -> None:
    assert paper_colour(np.zeros((9, 9, 3), np.uint8), np.ones((9, 9), np.float32)) is None


def test_a_matte_of_a_window_is_that_of_the_picture() -> None:
    rgb, _ = disc((40, 90, 40), (250, 250, 250))
    weights = product_mask(rgb, None).weights
    paper = np.full(3, 250, np.float32)
    whole = matte(rgb.astype(np.float32), weights, paper)
    part = matte(rgb[20:60, 10:70].astype(np.float32), weights[20:60, 10:70], paper)
    np.testing.assert_allclose(part[6:-6, 6:-6], whole[26:54, 16:64], atol=1e-4)


def papers(spread: float, scale: int = 2, size: int = 200) -> tuple[Reference, ...]:
    random = np.random.default_rng(8)
    found = []
    for index in range(3):
        noise = random.normal(0, spread, (size // scale, size // scale)).repeat(scale, 0).repeat(scale, 1)
        rgb = np.clip(225 + noise, 0, 255).astype(np.uint8)[..., None].repeat(3, -1)
        found.append(Reference(f"{index}.png", rgb, np.ones(rgb.shape[:2], np.float32)))
    return tuple(found)


def test_a_texture_has_the_paper_s_contrast_and_scale() -> None:
    fine, coarse = (texture_field(texton(papers(2.0, scale)), 256, 256) for scale in (1, 4))
    for field in (fine, coarse):
        assert abs(field.mean()) < 1e-3
        assert 0.3 < field.std() < 1.3

    def neighbours(field: Floats) -> float:
        return float((field[:, 1:] * field[:, :-1]).mean() / field.var())

    assert neighbours(fine) < 0.3 < 0.6 < neighbours(coarse)


def test_a_strong_paper_is_held_back() -> None:
    assert texture_field(texton(papers(25.0)), 256, 256).std() < 1.4


def test_a_texture_has_neither_seams_nor_repeats() -> None:
    field = texture_field(texton(papers(2.0, 3)), 300, 400)
    steps = np.abs(np.diff(field, axis=1)).mean()
    assert np.abs(field[:, 0] - field[:, -1]).mean() < 1.5 * steps
    assert np.abs(field[0] - field[-1]).mean() < 1.5 * steps
    spectrum = np.abs(np.fft.rfft2(field)) ** 2
    correlation = np.fft.irfft2(spectrum, s=field.shape) / field.size / field.var()
    correlation[:TEXTON_PX, :TEXTON_PX] = correlation[-TEXTON_PX:, :TEXTON_PX] = 0
    correlation[:TEXTON_PX, -TEXTON_PX:] = correlation[-TEXTON_PX:, -TEXTON_PX:] = 0
    assert np.abs(correlation).max() < 0.15


@pytest.mark.parametrize("size", [(1, 1), (8, 300), (64, 64), (65, 63)])
def test_textures_of_any_size_are_the_same_each_time(size: tuple[int, int]) -> None:
    kernel = texton(papers(2.0))
    field = texture_field(kernel, *size)
    assert field.shape == size
    np.testing.assert_array_equal(field, texture_field(kernel, *size))


@pytest.mark.parametrize("size", [20, 64, 90])
def test_references_that_are_flat_or_tiny_give_a_flat_texture(size: int) -> None:
    flat = Reference("a.png", np.full((size, size, 3), 200, np.uint8), np.ones((size, size), np.float32))
    kernel = texton([flat])
    assert kernel.shape == (TEXTON_PX, TEXTON_PX)
    assert np.abs(kernel).max() < 1e-4


@given(st.lists(st.floats(0, 1), min_size=0, max_size=4))
def test_shares_of_looks_sum_to_one(covers: list[float]) -> None:
    found = shares([np.full((1, 1), cover, np.float32) for cover in covers])
    assert len(found) == len(covers) + 1
    assert sum(float(share[0, 0]) for share in found) == pytest.approx(1, abs=1e-5)
    if covers:
        assert float(found[-1][0, 0]) == pytest.approx(covers[-1], abs=1e-6)


def test_a_box_ends_softly_inside_the_picture_and_sharply_at_its_border() -> None:
    cover = cover_of(Region((0, 0.5, 1, 1), (("a", 1.0),)), {}, 100, 200)
    assert cover is not None
    whole = cover.window(Box(0, 0, 100, 200))
    assert (whole[:, -1] == 1).all()
    assert (whole[0, 120:] == 1).all()
    assert (whole[:, :95] == 0).all()
    assert 0 < whole[50, 99] < 1
    np.testing.assert_array_equal(cover.window(Box(10, 90, 20, 120)), whole[10:20, 90:120])


def test_a_plane_is_enlarged_the_same_in_whatever_window() -> None:
    values = np.random.default_rng(2).normal(size=(40, 30)).astype(np.float32)
    plane = Plane(values, 333, 250)
    whole = plane.window(Box(0, 0, 333, 250))
    for box in (Box(0, 0, 100, 250), Box(97, 13, 201, 250), Box(332, 249, 333, 250)):
        expected = whole[box.top : box.bottom, box.left : box.right]
        np.testing.assert_allclose(plane.window(box), expected, atol=1e-4)


def test_a_mask_must_fit_its_picture() -> None:
    region = Region("sleeve", (("a", 1.0),))
    assert cover_of(region, {}, 10, 10) is None
    with pytest.raises(ValueError, match=r"mask sleeve: expected uint8 \[10, 12\]"):
        cover_of(region, {"sleeve": np.zeros((10, 10), np.uint8)}, 10, 12)
