from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipelines.core.errors import InputError
from pipelines.core.looks import Look
from pipelines.images.colour import LabStatistics, delta_e2000, lab_statistics, srgb8_to_lab
from pipelines.images.geometry import Box
from pipelines.images.mask import product_mask
from training.bundle import ModelBundle, load_bundle
from training.hand import working_size
from training.painter import Painter, build_painter
from training.stylizer import Stylizer
from training.tiles import snapped


@pytest.fixture(scope="module")
def stylizer(short_run: Any) -> Stylizer:
    return Stylizer.load(short_run.bundle, short_run.summary["sha256"])


@dataclass(frozen=True, repr=False)
class Networks:
    """One compiled network in stylizers of several tile sizes."""

    bundle: ModelBundle
    paint: Painter

    def of(self, tile_px: int) -> Stylizer:
        return Stylizer(self.bundle, build=lambda _: self.paint, tile_px=tile_px)


@pytest.fixture(scope="module")
def networks(short_run: Any) -> Networks:
    bundle = load_bundle(short_run.bundle)
    return Networks(bundle, build_painter(bundle))


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


@settings(max_examples=12, deadline=None, derandomize=True)
@given(
    height=st.integers(8, 150),
    width=st.integers(8, 150),
    tile=st.sampled_from([16, 32, 48, 64, 96]),
    inset=st.integers(0, 40),
    on_background=st.sampled_from([0.0, 0.6]),
)
def test_any_size_in_any_tiles_equals_the_whole(
    networks: Networks, height: int, width: int, tile: int, inset: int, on_background: float
) -> None:
    rgb = np.random.default_rng(height * 1000 + width).integers(0, 256, (height, width, 3)).astype(np.uint8)
    weights = np.zeros((height, width), np.float32)
    weights[min(inset, height - 1) :, : max(1, width - inset)] = 1
    look = Look((("sepia-hatch", 1.0),), 1.0, on_background)
    of_product = lab_statistics(rgb, weights)
    whole = networks.of(10_000).apply(rgb[None], weights[None], [of_product], look)
    tiled = networks.of(tile).apply(rgb[None], weights[None], [of_product], look)
    assert np.abs(whole.astype(int) - tiled).max() <= 1
    assert whole.shape == (1, height, width, 3)


def test_the_product_s_box_alone_equals_the_whole_picture(networks: Networks, monkeypatch: pytest.MonkeyPatch) -> None:
    rgb = np.random.default_rng(1).integers(0, 256, (1, 300, 400, 3)).astype(np.uint8)
    weights = np.zeros((1, 300, 400), np.float32)
    weights[:, 90:120, 200:250] = 1
    bundle = replace(networks.bundle, architecture=replace(networks.bundle.architecture, working_px=400))
    stylizer = Stylizer(bundle, build=lambda _: networks.paint)
    given = (rgb, weights, [lab_statistics(rgb[0], weights[0])])
    areas = []

    def everything(box: Box, height: int, width: int) -> Box:
        areas.append(snapped(box, height, width))
        return Box(0, 0, height, width)

    part = restyle(stylizer, given)
    monkeypatch.setattr("training.hand.snapped", everything)
    whole = restyle(stylizer, given)
    assert [(box.bottom - box.top) * (box.right - box.left) < 300 * 400 / 4 for box in areas] == [True]
    assert np.abs(part.astype(int) - whole).max() <= 1
    assert not np.array_equal(part, rgb)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((64, 64), (64, 64)),
        ((8000, 5000), (512, 320)),
        ((5000, 8000), (320, 512)),
        ((64, 8000), (64, 8000)),
        ((512, 2048), (256, 1024)),
        ((8, 8), (8, 8)),
    ],
)
def test_working_sizes(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert working_size(*size, 512) == expected


@pytest.mark.parametrize("size", [(8, 8), (8, 200), (200, 9), (64, 1500), (13, 17)])
def test_small_and_narrow_pictures(stylizer: Stylizer, size: tuple[int, int]) -> None:
    rgb = np.random.default_rng(5).integers(0, 256, (1, *size, 3)).astype(np.uint8)
    weights = np.ones((1, *size), np.float32)
    out = restyle(stylizer, (rgb, weights, [lab_statistics(rgb[0], weights[0])]))
    assert out.shape == rgb.shape
    assert not np.array_equal(out, rgb)


@pytest.mark.parametrize("level", [0, 255, 128])
@pytest.mark.parametrize("background", ["keep", "colour", "texture"])
def test_products_without_any_contrast_stay_what_they_are(stylizer: Stylizer, level: int, background: Any) -> None:
    rgb = np.full((1, 40, 40, 3), 255, np.uint8)
    rgb[:, 10:30, 10:30] = level
    weights = np.zeros((1, 40, 40), np.float32)
    weights[:, 10:30, 10:30] = 1
    look = Look((("sepia-hatch", 1.0),), background=background)
    with np.errstate(all="raise"):
        out = stylizer.apply(rgb, weights, [lab_statistics(rgb[0], weights[0])], look)[0].astype(int)
    product = out[12:28, 12:28]
    # A short training draws what it likes; but black stays dark, white stays light, and nothing explodes.
    assert abs(product.mean() - level) < 70
    assert np.ptp(product.mean(axis=(0, 1))) < 40
    if background == "keep":
        assert (out[:10] == 255).all()


def test_a_picture_without_a_product_comes_back(stylizer: Stylizer) -> None:
    rgb = np.random.default_rng(6).integers(0, 256, (1, 33, 21, 3)).astype(np.uint8)
    nothing = np.zeros((1, 33, 21), np.float32)
    np.testing.assert_array_equal(restyle(stylizer, (rgb, nothing, [LabStatistics()])), rgb)


def mean_colour(rgb: NDArray[np.uint8], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray((srgb8_to_lab(rgb) * weights[..., None]).sum(axis=(0, 1)) / weights.sum(), np.float32)


@pytest.mark.parametrize("policy", ["keep-hue", "full", "luminance"])
def test_views_of_a_product_stay_together(stylizer: Stylizer, policy: Any) -> None:
    """Views of one product, lit and cut differently, under one colour map: at most dE2000 2 further apart."""
    front = shaded(1, 160, 120)
    views = [front, np.maximum(front, 30), front[:140], (255 - (255 - front) * np.float32(0.9)).astype(np.uint8)]
    masks = [product_mask(view, None).weights for view in views]
    together = reduce(add, (lab_statistics(view, mask) for view, mask in zip(views, masks, strict=True)))
    look = Look((("sepia-hatch", 1.0),), colour=policy)
    after = [stylizer.apply(v[None], m[None], [together], look)[0] for v, m in zip(views, masks, strict=True)]
    for one, other in itertools.combinations(range(len(views)), 2):
        before = delta_e2000(mean_colour(views[one], masks[one]), mean_colour(views[other], masks[other]))
        now = delta_e2000(mean_colour(after[one], masks[one]), mean_colour(after[other], masks[other]))
        assert float(now) <= float(before) + 2


def test_the_same_bytes_from_another_process(short_run: Any, stylizer: Stylizer, pictures: Any, tmp_path: Path) -> None:
    rgb, weights, statistics = pictures
    np.savez(tmp_path / "given.npz", rgb=rgb[:1], weights=weights[:1])
    script = (
        "import sys, json, numpy as np\n"
        "from training.stylizer import Stylizer\n"
        "from pipelines.images.colour import LabStatistics\n"
        "given = np.load(sys.argv[2])\n"
        "of_product = LabStatistics.from_json(json.loads(sys.argv[3]))\n"
        "out = Stylizer.load(sys.argv[1]).restyle(given['rgb'], given['weights'], [of_product], brand='sepia-hatch')\n"
        "out.tofile(sys.argv[4])\n"
    )
    arguments = [short_run.bundle, tmp_path / "given.npz", json.dumps(statistics[0].to_json()), tmp_path / "out"]
    alone = {**os.environ, "TF_NUM_INTRAOP_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    subprocess.run([sys.executable, "-c", script, *map(str, arguments)], env=alone, check=True, capture_output=True)
    expected = restyle(stylizer, (rgb[:1], weights[:1], statistics[:1]))
    assert (tmp_path / "out").read_bytes() == expected.tobytes()


def test_order_of_pictures_changes_nothing(stylizer: Stylizer, pictures: Any) -> None:
    rgb, weights, statistics = pictures
    backwards = restyle(stylizer, (rgb[::-1], weights[::-1], statistics[::-1]))
    np.testing.assert_array_equal(backwards[::-1], restyle(stylizer, pictures))


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


def test_memory_grows_with_the_picture_by_a_few_bytes_a_pixel(short_run: Any) -> None:
    """15 megapixels with all controls on, in a process of its own: input and output take 10 of the bytes."""
    script = (
        "import sys, resource, numpy as np\n"
        "from training.stylizer import Stylizer\n"
        "from pipelines.core.looks import Look, Region\n"
        "from pipelines.images.colour import LabStatistics\n"
        "stylizer = Stylizer.load(sys.argv[1])\n"
        "mix = (('sepia-hatch', 1.0),)\n"
        "look = Look(mix, background='texture', regions=(Region((0, 0, 1, 0.5), mix, 0.5),))\n"
        "def peak(height, width):\n"
        "    image = np.full((1, height, width, 3), 255, np.uint8)\n"
        "    weights = np.zeros((1, height, width), np.float32)\n"
        "    image[:, 9:-9, 9:-9], weights[:, 9:-9, 9:-9] = 90, 1\n"
        "    stylizer.apply(image, weights, [LabStatistics((40., 0., 0.), (9., 2., 2.), 3., 1e5)], look)\n"
        "    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024\n"
        "small = peak(1100, 1100)\n"
        "print((peak(5000, 3000) - small) / 15e6)\n"
    )
    quiet = {**os.environ, "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [sys.executable, "-c", script, str(short_run.bundle)], env=quiet, capture_output=True, text=True, check=True
    )
    assert float(done.stdout) < 22
