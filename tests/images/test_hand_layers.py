"""Surfaces, contours, tonal art, and how shares of them become a change of luminance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pipelines.images.contours import contours, gaussian
from pipelines.images.edge_preserving import Affine, box_mean, flattening
from pipelines.images.hand_layers import LAYERS, hand_layers
from pipelines.images.tonal_art import PATCH_PX, SIDE_PX, TONES, tonal_art, toned

random = np.random.default_rng(3)
STEP = np.where(np.arange(64)[None, :] < 32, 0.2, 0.7).astype(np.float32) * np.ones((48, 1), np.float32)
ART = random.normal(0, 0.1, (len(TONES), SIDE_PX, SIDE_PX)).astype(np.float32)


def drawn_page(period: int) -> np.ndarray:
    """Even hatching on three tones."""
    rows, columns = np.mgrid[:200, :240]
    tone = np.select([columns < 80, columns < 160], [60.0, 130.0], 205.0)
    page = tone + 25.0 * (((rows + columns) // (period // 2)) % 2)
    return np.repeat(page[..., None], 3, axis=-1).astype(np.uint8)


@pytest.mark.parametrize("shape", [(1, 1), (5, 40), (64, 64)])
def test_box_mean_is_the_mean_of_the_window(shape: tuple[int, int]) -> None:
    values = random.uniform(0, 1, shape).astype(np.float32)
    padded = np.pad(values, 3, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (7, 7))
    np.testing.assert_allclose(box_mean(values, 3), windows.mean(axis=(2, 3)), atol=1e-6)


def test_flattening_irons_texture_and_keeps_edges() -> None:
    noisy = (STEP + random.normal(0, 0.01, STEP.shape)).astype(np.float32)
    flat = flattening(noisy, 5, 0.085)(noisy)
    inside = np.s_[:, 4:24]
    assert flat[inside].std() < 0.35 * noisy[inside].std()
    assert flat[:, 36].mean() - flat[:, 27].mean() > 0.45


def test_affine_maps_compose() -> None:
    first = Affine(STEP, 1 - STEP)
    then = Affine(STEP + 1, STEP / 2)
    np.testing.assert_allclose(then.after(first)(STEP), then(first(STEP)), atol=1e-6)


def test_contours_lie_on_the_dark_side_of_edges_alone() -> None:
    lines = contours(STEP, 1.0, 14.0)
    assert lines[:, 29:32].max() > 0.8
    assert lines[:, :24].max() == 0
    assert lines[:, 36:].max() == 0


def test_a_blur_keeps_the_mean_of_a_plain_surface() -> None:
    np.testing.assert_allclose(gaussian(np.full((9, 13), 0.4, np.float32), 2.0), 0.4, atol=1e-6)


def test_tonal_art_is_made_of_the_references_texture() -> None:
    art = tonal_art([drawn_page(6), drawn_page(6)])
    assert art.shape == (len(TONES), SIDE_PX, SIDE_PX)
    for drawn in art:
        assert drawn.mean() == pytest.approx(0, abs=1e-4)
        assert drawn.std() == pytest.approx(12.5 / 255, rel=0.25)


def test_tonal_art_wraps_around() -> None:
    for drawn in tonal_art([drawn_page(6)]):
        over_the_edge = np.abs(drawn[0] - drawn[-1]).mean(), np.abs(drawn[:, 0] - drawn[:, -1]).mean()
        usual = np.abs(np.diff(drawn, axis=0)).mean()
        assert max(over_the_edge) < 2.5 * usual


def test_the_same_references_give_the_same_art() -> None:
    np.testing.assert_array_equal(tonal_art([drawn_page(8)], seed=3), tonal_art([drawn_page(8)], seed=3))


def test_flat_and_tiny_references_have_no_texture() -> None:
    flat = np.full((80, 80, 3), 180, np.uint8)
    assert np.abs(tonal_art([flat])).max() < 1e-4
    assert not tonal_art([flat[: PATCH_PX - 1]]).any()


def test_a_tone_takes_its_own_map() -> None:
    levels = np.stack([np.full((SIDE_PX, SIDE_PX), value, np.float32) for value in (1.0, 2.0, 3.0)])
    for tone, expected in ((0.0, 1.0), (0.22, 1.0), (0.36, 1.5), (0.5, 2.0), (0.8, 3.0), (1.0, 3.0)):
        np.testing.assert_allclose(toned(levels, np.full((4, 5), tone, np.float32)), expected, atol=1e-5)


@settings(deadline=None, max_examples=30)
@given(arrays(np.float32, (8, 8, len(LAYERS)), elements=st.floats(0, 1, width=32)))
def test_shares_as_gain_and_offset_equal_shares_of_the_stack(marks: np.ndarray) -> None:
    rgb = np.random.default_rng(5).integers(0, 256, (8, 8, 3)).astype(np.uint8)
    layers = hand_layers(rgb, ART)
    change = layers.laid(marks)
    expected = (layers.stack() * marks).sum(axis=-1)
    np.testing.assert_allclose(change(layers.light), expected, atol=2e-5)


def test_texture_makes_way_for_detail() -> None:
    plain = np.full((96, 96, 3), 128, np.uint8)
    lettered = plain.copy()
    print_of = np.random.default_rng(1).integers(0, 2, (12, 12)).repeat(3, axis=0).repeat(3, axis=1)
    lettered[30:66, 30:66] = np.where(print_of, 20, 128)[..., None]
    calm, busy = (hand_layers(rgb, ART).drawn[36:60, 36:60, 2].std() for rgb in (plain, lettered))
    assert busy < 0.6 * calm
