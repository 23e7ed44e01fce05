from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.images.colour import (
    LabStatistics,
    delta_e2000,
    lab_statistics,
    lab_to_srgb,
    srgb8_to_lab,
    srgb_to_lab,
)

# Pairs and differences 1 to 33 of Sharma, Wu, Dalal 2005, table 1 (a choice that visits every branch).
SHARMA = [
    ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
    ((50.0, 3.1571, -77.2803), (50.0, 0.0, -82.7485), 2.8615),
    ((50.0, -1.3802, -84.2814), (50.0, 0.0, -82.7485), 1.0000),
    ((50.0, 0.0, 0.0), (50.0, -1.0, 2.0), 2.3669),
    ((50.0, 2.49, -0.001), (50.0, -2.49, 0.0009), 7.1792),
    ((50.0, 2.49, -0.001), (50.0, -2.49, 0.0011), 7.2195),
    ((50.0, -0.001, 2.49), (50.0, 0.0009, -2.49), 4.8045),
    ((50.0, 2.5, 0.0), (50.0, 0.0, -2.5), 4.3065),
    ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
    ((50.0, 2.5, 0.0), (61.0, -5.0, 29.0), 22.8977),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ((63.0109, -31.0961, -5.8663), (62.8187, -29.7946, -4.0864), 1.2630),
    ((22.7233, 20.0904, -46.694), (23.0331, 14.973, -42.5619), 2.0373),
    ((90.8027, -2.0831, 1.441), (91.1528, -1.6435, 0.0447), 1.4441),
    ((6.7747, -0.2908, -2.4247), (5.8714, -0.0985, -2.2286), 0.6377),
    ((2.0776, 0.0795, -1.135), (0.9033, -0.0636, -0.5514), 0.9082),
]


@pytest.mark.parametrize(("first", "second", "expected"), SHARMA)
def test_delta_e2000_agrees_with_the_paper(
    first: tuple[float, ...], second: tuple[float, ...], expected: float
) -> None:
    a, b = np.array(first), np.array(second)
    assert float(delta_e2000(a, b)) == pytest.approx(expected, abs=1e-4)
    assert float(delta_e2000(b, a)) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        ((255, 255, 255), (100.0, 0.0, 0.0)),
        ((0, 0, 0), (0.0, 0.0, 0.0)),
        ((255, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 255, 0), (87.73, -86.18, 83.18)),
        ((0, 0, 255), (32.30, 79.19, -107.86)),
        ((119, 119, 119), (50.03, 0.0, 0.0)),
    ],
)
def test_known_colours(rgb: tuple[int, ...], lab: tuple[float, ...]) -> None:
    assert srgb8_to_lab(np.array(rgb, np.uint8)) == pytest.approx(np.array(lab), abs=0.03)


def test_all_grey_and_random_colours_survive_the_way_there_and_back() -> None:
    colours = np.random.default_rng(1).integers(0, 256, (5000, 3)).astype(np.uint8)
    colours[:256] = np.arange(256)[:, None]
    lab = srgb8_to_lab(colours)
    assert lab.dtype == np.float32
    assert np.array_equal(np.rint(lab_to_srgb(lab) * 255), colours)
    assert np.allclose(lab, srgb_to_lab((colours / 255).astype(np.float32)), atol=2e-3)


def test_colours_outside_of_srgb_are_clipped_only_when_asked() -> None:
    vivid = np.array([50.0, 120.0, -120.0], np.float32)
    free = lab_to_srgb(vivid, clip=False)
    assert free.max() > 1 or free.min() < 0
    assert lab_to_srgb(vivid).min() >= 0 and lab_to_srgb(vivid).max() <= 1


def test_statistics_of_a_flat_picture() -> None:
    rgb = np.full((10, 20, 3), (255, 0, 0), np.uint8)
    statistics = lab_statistics(rgb, np.full((10, 20), 0.5, np.float32))
    assert statistics.mean == pytest.approx((53.24, 80.09, 67.20), abs=0.03)
    assert statistics.spread == pytest.approx((0, 0, 0), abs=1e-4)
    assert statistics.chroma == pytest.approx(np.hypot(80.09, 67.20), abs=0.03)
    assert statistics.weight == pytest.approx(100)


def test_statistics_ignore_what_has_no_weight() -> None:
    rgb = np.zeros((4, 4, 3), np.uint8)
    rgb[:2] = 255
    weights = np.zeros((4, 4), np.float32)
    weights[:2] = 1
    assert lab_statistics(rgb, weights).mean[0] == pytest.approx(100, abs=1e-3)
    assert lab_statistics(rgb, np.zeros((4, 4), np.float32)) == LabStatistics()
    with pytest.raises(ValueError, match="weights"):
        lab_statistics(rgb, np.ones((4, 5), np.float32))


def test_large_pictures_are_sampled_without_changing_the_answer_much() -> None:
    rng = np.random.default_rng(3)
    rgb = rng.integers(0, 256, (700, 900, 3)).astype(np.uint8)
    statistics = lab_statistics(rgb, np.ones((700, 900), np.float32))
    everything = srgb8_to_lab(rgb).reshape(-1, 3)
    assert statistics.mean == pytest.approx(everything.mean(axis=0), abs=0.5)
    assert statistics.spread == pytest.approx(everything.std(axis=0), abs=0.5)
    assert statistics.weight == pytest.approx(630000, rel=0.01)


@given(split=st.integers(1, 39), seed=st.integers(0, 1000))
def test_merged_statistics_are_those_of_all_pixels(split: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rgb = rng.integers(0, 256, (40, 6, 3)).astype(np.uint8)
    weights = rng.random((40, 6)).astype(np.float32)
    whole = lab_statistics(rgb, weights)
    merged = lab_statistics(rgb[:split], weights[:split]) + lab_statistics(rgb[split:], weights[split:])
    assert merged.mean == pytest.approx(whole.mean, abs=1e-3)
    assert merged.spread == pytest.approx(whole.spread, abs=1e-3)
    assert merged.chroma == pytest.approx(whole.chroma, abs=1e-3)
    assert merged.weight == pytest.approx(whole.weight, rel=1e-5)
    assert whole + LabStatistics() == whole
    assert LabStatistics() + whole == whole


def test_statistics_survive_json_exactly() -> None:
    statistics = LabStatistics((50.1, -3.2, 1 / 3), (10.0, 2.0, 0.1), 12.5, 1234.5)
    assert LabStatistics.from_json(json.loads(json.dumps(statistics.to_json()))) == statistics


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"mean": [1, 2], "spread": [1, 2, 3], "chroma": 1, "weight": 1},
        {"mean": [1, 2, "x"], "spread": [1, 2, 3], "chroma": 1, "weight": 1},
        {"mean": [1, 2, float("nan")], "spread": [1, 2, 3], "chroma": 1, "weight": 1},
    ],
)
def test_broken_json_is_named(broken: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="LabStatistics"):
        LabStatistics.from_json(broken)
