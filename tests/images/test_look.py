from __future__ import annotations

import json
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipelines.images.colour import LabStatistics, lab_statistics, srgb8_to_lab
from pipelines.images.look import ColourMap, ColourPolicy, fit_colour_map

BRAND = LabStatistics((70.0, 2.0, 15.0), (18.0, 7.0, 9.0), 18.0, 1e6)
PRODUCT = LabStatistics((40.0, -20.0, -15.0), (10.0, 6.0, 6.0), 26.0, 1e5)
POLICIES: tuple[ColourPolicy, ...] = ("full", "keep-hue", "luminance")

statistics = st.builds(
    LabStatistics,
    st.tuples(st.floats(0, 100), st.floats(-80, 80), st.floats(-80, 80)),
    st.tuples(st.floats(0, 45), st.floats(0, 50), st.floats(0, 50)),
    st.floats(0, 120),
    st.floats(1, 1e7),
)


def ones(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.ones(rgb.shape[:2], np.float32)


def hue(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    lab = srgb8_to_lab(rgb)
    return np.degrees(np.arctan2(lab[..., 2], lab[..., 1]))


@pytest.mark.parametrize("policy", POLICIES)
def test_strength_zero_gives_the_same_bytes(policy: ColourPolicy, noise_picture: NDArray[np.uint8]) -> None:
    out = fit_colour_map(PRODUCT, BRAND, policy, 0.0).apply(noise_picture, ones(noise_picture))
    assert np.array_equal(out, noise_picture) and out is not noise_picture


@pytest.mark.parametrize("policy", POLICIES)
def test_weight_zero_keeps_the_very_bytes(policy: ColourPolicy, product_on_white: NDArray[np.uint8]) -> None:
    weights = np.zeros(product_on_white.shape[:2], np.float32)
    weights[40:80, 30:60] = 1
    out = fit_colour_map(PRODUCT, BRAND, policy).apply(product_on_white, weights)
    assert np.array_equal(out[weights == 0], product_on_white[weights == 0])
    assert not np.array_equal(out[weights == 1], product_on_white[weights == 1])


@given(product=statistics, brand=statistics, policy=st.sampled_from(POLICIES), strength=st.floats(0, 1))
@settings(max_examples=150, deadline=None)
def test_lightness_never_turns_around(
    product: LabStatistics, brand: LabStatistics, policy: ColourPolicy, strength: float
) -> None:
    lab = np.zeros((501, 3), np.float32)
    lab[:, 0] = np.linspace(0, 100, 501)
    mapped = fit_colour_map(product, brand, policy, strength).map_lab(lab)[:, 0]
    assert (np.diff(mapped) >= -1e-3).all()
    assert mapped.min() >= -1e-3 and mapped.max() <= 100 + 1e-3
    # Black stays dark and white stays light, whatever the brand.
    assert mapped[0] <= 8.01 and mapped[-1] >= 91.99
    assert np.diff(mapped).max() / 0.2 < 3.5


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("seed", range(5))
def test_table_is_a_colour_table_without_jumps(policy: ColourPolicy, seed: int) -> None:
    rng = np.random.default_rng(seed)
    product, brand = (
        LabStatistics(tuple(rng.uniform((0, -60, -60), (100, 60, 60))), tuple(rng.uniform(0, 40, 3)), 40.0, 10.0)
        for _ in range(2)
    )
    table = fit_colour_map(product, brand, policy).table
    assert table.shape == (33, 33, 33, 3)
    assert table.dtype == np.float32
    assert table.min() >= 0
    assert table.max() <= 1
    steepest = max(float(np.abs(np.diff(table, axis=axis)).max()) for axis in range(3))
    assert steepest < 0.35


def test_half_the_strength_goes_half_the_way() -> None:
    lab = np.random.default_rng(0).uniform((0, -60, -60), (100, 60, 60), (200, 3)).astype(np.float32)
    whole, half = (fit_colour_map(PRODUCT, BRAND, "full", s).map_lab(lab) for s in (1.0, 0.5))
    assert np.allclose(half, (lab + whole) / 2, atol=1e-3)


def test_small_strength_is_close_to_the_original(noise_picture: NDArray[np.uint8]) -> None:
    out = fit_colour_map(PRODUCT, BRAND, "luminance", 0.01).apply(noise_picture, ones(noise_picture))
    assert np.abs(out.astype(int) - noise_picture).max() <= 3


def test_keep_hue_keeps_hues_and_full_moves_to_the_brand() -> None:
    rgb = np.zeros((20, 40, 3), np.uint8)
    rgb[:, :20], rgb[:, 20:] = (40, 150, 140), (60, 190, 175)
    product = lab_statistics(rgb, ones(rgb))
    kept = fit_colour_map(product, BRAND, "keep-hue").apply(rgb, ones(rgb))
    moved = fit_colour_map(product, BRAND, "full").apply(rgb, ones(rgb))
    turned = (hue(kept) - hue(rgb) + 180) % 360 - 180
    assert np.abs(turned).max() < 15
    before, after = lab_statistics(rgb, ones(rgb)), lab_statistics(moved, ones(moved))
    for axis in (1, 2):
        assert abs(after.mean[axis] - BRAND.mean[axis]) < 0.7 * abs(before.mean[axis] - BRAND.mean[axis])
    lighter = lab_statistics(kept, ones(kept))
    assert before.mean[0] < lighter.mean[0] < BRAND.mean[0] + 5


def test_vivid_colours_keep_their_hue_under_a_much_lighter_brand() -> None:
    vivid = np.array([[[250, 5, 5], [255, 140, 0], [5, 245, 5], [10, 10, 240], [240, 230, 0]]], np.uint8)
    rgb = np.repeat(vivid, 4, axis=0)
    brand = LabStatistics((92.0, 0.0, 0.0), (6.0, 2.0, 2.0), 10.0, 1e6)
    out = fit_colour_map(PRODUCT, brand, "keep-hue").apply(rgb, ones(rgb))
    turned = (hue(out) - hue(rgb) + 180) % 360 - 180
    assert np.abs(turned).max() < 8


def test_luminance_leaves_chroma_alone() -> None:
    rgb = np.full((8, 8, 3), (120, 100, 90), np.uint8)
    out = fit_colour_map(lab_statistics(rgb, ones(rgb)), BRAND, "luminance").apply(rgb, ones(rgb))
    before, after = srgb8_to_lab(rgb)[0, 0], srgb8_to_lab(out)[0, 0]
    assert after[1:] == pytest.approx(before[1:], abs=1.0)
    assert after[0] > before[0] + 2


def test_table_agrees_with_the_map_itself() -> None:
    rgb = np.full((8, 8, 3), (96, 96, 96), np.uint8)
    colour_map = fit_colour_map(PRODUCT, BRAND, "keep-hue")
    out = srgb8_to_lab(colour_map.apply(rgb, ones(rgb)))[0, 0]
    assert out == pytest.approx(colour_map.map_lab(srgb8_to_lab(rgb))[0, 0], abs=0.8)


def test_a_map_is_plain_data_and_survives_json_and_pickle(noise_picture: NDArray[np.uint8]) -> None:
    colour_map = fit_colour_map(PRODUCT, BRAND, "full", 0.7)
    again = ColourMap.from_json(json.loads(json.dumps(colour_map.to_json())))
    assert again == colour_map == pickle.loads(pickle.dumps(colour_map))  # noqa: S301
    weights = ones(noise_picture)
    assert np.array_equal(again.apply(noise_picture, weights), colour_map.apply(noise_picture, weights))


def test_nothing_to_fit_to_is_the_identity(noise_picture: NDArray[np.uint8]) -> None:
    out = fit_colour_map(LabStatistics(), BRAND, "full").apply(noise_picture, ones(noise_picture))
    assert np.array_equal(out, noise_picture)


def test_wrong_arguments_are_named(noise_picture: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match="strength"):
        fit_colour_map(PRODUCT, BRAND, "full", 1.5)
    with pytest.raises(ValueError, match="policy"):
        fit_colour_map(PRODUCT, BRAND, "sepia")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="weights"):
        fit_colour_map(PRODUCT, BRAND, "full").apply(noise_picture, np.ones((2, 2), np.float32))
    with pytest.raises(ValueError, match="ColourMap"):
        ColourMap.from_json({"strength": 1.0, "gamma": 2.2})
