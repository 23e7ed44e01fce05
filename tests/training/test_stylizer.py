from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pipelines.core.errors import InputError
from pipelines.images.colour import LabStatistics, lab_statistics
from pipelines.images.mask import product_mask
from training.bundle import load_bundle
from training.stylizer import Stylizer


@pytest.fixture(scope="module")
def stylizer(short_run: Any) -> Stylizer:
    return Stylizer.load(short_run.bundle, short_run.summary["sha256"])


@pytest.fixture(scope="module")
def pictures() -> tuple[NDArray[np.uint8], NDArray[np.float32], list[LabStatistics]]:
    rgb = np.stack([shaded(index) for index in range(3)])
    weights = np.stack([product_mask(picture, None).weights for picture in rgb])
    return rgb, weights, [lab_statistics(a, w) for a, w in zip(rgb, weights, strict=True)]


def shaded(seed: int, height: int = 120, width: int = 90) -> NDArray[np.uint8]:
    rgb = np.full((height, width, 3), 255, np.uint8)
    shade = np.linspace(50, 200, height - 40).astype(np.uint8)[:, None]
    rgb[20 : height - 20, 15 : width - 15] = np.stack([shade, shade // 2 + 10 * seed, 220 - shade], axis=-1)
    return rgb


def restyle(stylizer: Stylizer, pictures: Any, **options: Any) -> NDArray[np.uint8]:
    rgb, weights, statistics = pictures
    return stylizer.restyle(rgb, weights, statistics, **{"brand": "sepia-hatch", "strength": 1.0, **options})


def test_batch_and_alone_give_the_same_bytes(stylizer: Stylizer, pictures: Any) -> None:
    rgb, weights, statistics = pictures
    together = restyle(stylizer, pictures)
    for index in range(len(rgb)):
        one = slice(index, index + 1)
        alone = restyle(stylizer, (rgb[one], weights[one], statistics[one]))
        np.testing.assert_array_equal(alone[0], together[index])


def test_same_input_same_bytes_from_a_fresh_stylizer(short_run: Any, stylizer: Stylizer, pictures: Any) -> None:
    again = Stylizer.load(short_run.bundle)
    np.testing.assert_array_equal(restyle(again, pictures), restyle(stylizer, pictures))


def test_background_keeps_its_bytes(stylizer: Stylizer, pictures: Any) -> None:
    rgb, weights, _ = pictures
    out = restyle(stylizer, pictures)
    np.testing.assert_array_equal(out[weights == 0], rgb[weights == 0])
    assert (out[:, :10] == 255).all()
    assert np.abs(out.astype(int) - rgb).max() > 10


def test_strength_zero_is_the_picture(stylizer: Stylizer, pictures: Any) -> None:
    np.testing.assert_array_equal(restyle(stylizer, pictures, strength=0.0), pictures[0])


def test_strength_is_gradual(stylizer: Stylizer, pictures: Any) -> None:
    rgb = pictures[0].astype(int)
    changes = [np.abs(restyle(stylizer, pictures, strength=s) - rgb).mean() for s in (0.25, 0.5, 1.0)]
    assert 0 < changes[0] < changes[1] < changes[2]


def test_background_strength_reaches_a_coloured_background(stylizer: Stylizer, pictures: Any) -> None:
    rgb, weights, statistics = pictures
    tinted = np.where((rgb == 255).all(-1, keepdims=True), np.uint8(170), rgb)
    still = restyle(stylizer, (tinted, weights, statistics))
    moved = restyle(stylizer, (tinted, weights, statistics), background_strength=0.8)
    background = weights == 0
    np.testing.assert_array_equal(still[background], tinted[background])
    assert np.abs(moved[background].astype(int) - tinted[background]).mean() > 1


def test_keep_hue_hand_changes_luminance_alone(stylizer: Stylizer, pictures: Any) -> None:
    rgb, weights, _ = pictures
    grey = np.repeat(rgb[..., :1], 3, axis=-1)
    flat = [lab_statistics(a, w) for a, w in zip(grey, weights, strict=True)]
    out = restyle(stylizer, (grey, weights, flat), colour_policy="luminance").astype(int)
    assert np.ptp(out, axis=-1).max() <= 3


def test_tiles_equal_the_whole(short_run: Any) -> None:
    bundle = load_bundle(short_run.bundle)
    random = np.random.default_rng(3)
    rgb = random.integers(0, 256, (1, 122, 110, 3)).astype(np.uint8)
    weights = np.ones(rgb.shape[:3], np.float32)
    whole = Stylizer(bundle)
    tiled = Stylizer(bundle, tile_px=48)
    given = (rgb, weights, [lab_statistics(rgb[0], weights[0])])
    difference = np.abs(restyle(whole, given).astype(int) - restyle(tiled, given))
    assert difference.max() <= 1


def test_large_picture_keeps_its_size_and_detail(stylizer: Stylizer) -> None:
    rgb = shaded(1, 400, 300)[None]
    rgb[0, 200:202] = 20
    weights = product_mask(rgb[0], None).weights[None]
    out = restyle(stylizer, (rgb, weights, [lab_statistics(rgb[0], weights[0])]))
    assert out.shape == rgb.shape
    middle = out[0, :, 150].astype(int).sum(axis=-1)
    assert middle[200:202].max() < 0.75 * middle[195]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"strength": 1.5}, "strength: expected 0..1"),
        ({"background_strength": -0.1}, "background_strength"),
        ({"colour_policy": "sepia"}, "colour: expected one of keep-hue"),
    ],
)
def test_options_out_of_range(stylizer: Stylizer, pictures: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        restyle(stylizer, pictures, **options)


def test_shapes_are_checked(stylizer: Stylizer, pictures: Any) -> None:
    rgb, weights, statistics = pictures
    with pytest.raises(ValueError, match="weights: expected"):
        restyle(stylizer, (rgb, weights[:, :-1], statistics))
    with pytest.raises(ValueError, match="statistics: expected one per picture"):
        restyle(stylizer, (rgb, weights, statistics[:1]))
    with pytest.raises(ValueError, match="images: expected uint8"):
        restyle(stylizer, (rgb.astype(np.float32), weights, statistics))
