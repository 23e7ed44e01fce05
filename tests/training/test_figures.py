from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from training.metrics.alexnet import AlexNet
from training.metrics.figures import FIGURES, INDEPENDENT, Picture, SetFigures, photo_side, set_figures, yardstick
from training.metrics.intervals import median_with_interval
from training.metrics.lpips import lpips
from training.metrics.patch_hand import HandScale, hand, patch_bank, patch_distances
from training.metrics.style_share import channel_statistics, style_share

Pixels = NDArray[np.uint8]


@pytest.fixture(scope="module")
def alexnet(alexnet_file: Path) -> AlexNet:
    return AlexNet.load(alexnet_file)


def drawn(seed: int, side: int = 96) -> Picture:
    """Stripes of one direction and width each, on a white frame that is no product."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:side, :side]
    waves = np.sin((rows * random.uniform(0.2, 1) + columns * random.uniform(0.2, 1)) * 0.7)
    rgb = np.clip(128 + 90 * waves[..., None] + random.integers(-30, 30, 3), 0, 255)
    weights = np.zeros((side, side), np.float32)
    weights[12:-12, 12:-12] = 1
    rgb[weights == 0] = 255
    return Picture(rgb.astype(np.uint8), weights)


def blended(photo: Picture, other: Picture, share: float) -> Pixels:
    mixed = photo.rgb + share * (other.rgb.astype(np.float32) - photo.rgb) * photo.weights[..., None]
    return np.rint(mixed).astype(np.uint8)


def measure(photo: Picture, look: Pixels, references: list[Picture], alexnet: AlexNet) -> SetFigures:
    judge = yardstick(alexnet, references)
    return set_figures([photo_side(photo, judge)], [look], judge)


def test_every_figure_has_a_value_or_a_reason(alexnet: AlexNet) -> None:
    found = measure(drawn(0), blended(drawn(0), drawn(1), 0.5), [drawn(n) for n in range(2, 6)], alexnet)
    assert set(found.estimates) | set(found.absent) == set(FIGURES)
    assert not set(found.estimates) & set(found.absent)
    assert {"style", "lpips"} <= set(found.estimates)


def test_the_photo_itself_is_0_and_the_reference_itself_is_1(alexnet: AlexNet) -> None:
    photo, reference = drawn(0), drawn(1)
    judge = yardstick(alexnet, [reference], [drawn(2)])
    side = photo_side(photo, judge)
    untouched, painted = (set_figures([side], [rgb], judge).medians() for rgb in (photo.rgb, reference.rgb))
    assert untouched["lpips"] == untouched["style"] == untouched["delta_e"] == 0
    assert untouched["ms_ssim"] == pytest.approx(1)
    assert painted["style"] == pytest.approx(1)
    assert painted["lpips"] > 0.01
    if "hand" in untouched:
        assert untouched["hand"] == 0
        assert painted["hand"] >= 1


def test_style_and_lpips_grow_with_the_share_of_the_reference(alexnet: AlexNet) -> None:
    photo, reference = drawn(0), drawn(1)
    rows = [measure(photo, blended(photo, reference, s), [reference], alexnet).medians() for s in (0.0, 0.3, 1.0)]
    assert rows[0]["lpips"] < rows[1]["lpips"] < rows[2]["lpips"]
    assert rows[0]["style"] < rows[2]["style"]


def test_figures_look_at_the_product_alone(alexnet: AlexNet) -> None:
    photo = drawn(0)
    far = photo.rgb.copy()
    far[:2, :2] = 0
    found = measure(photo, far, [drawn(1), drawn(2)], alexnet).medians()
    assert found["delta_e"] == 0
    assert found["ms_ssim"] > 0.99
    assert found["white_kept"] == pytest.approx(1 - 4 / (photo.weights == 0).sum())


def test_hand_is_0_at_the_photo_1_at_real_references_and_negative_beyond() -> None:
    scale = HandScale(photo=(1.0, 1.0), real=(0.5, 0.8))
    assert hand((1.0, 1.0), (1.0, 1.0), scale) == 0
    assert hand((1.0, 1.0), (0.5, 0.8), scale) == pytest.approx(1)
    assert hand((1.0, 1.0), (1.2, 1.1), scale) < 0


def test_patches_of_the_bank_are_at_no_distance(alexnet: AlexNet) -> None:
    own, other = drawn(3), drawn(4)
    features = alexnet.features(own.rgb)
    bank = patch_bank([(features, own.weights)])
    # A unit vector in float32 meets itself to about 3e-4.
    assert max(patch_distances(features, own.weights, bank)) < 2e-3
    assert min(patch_distances(alexnet.features(other.rgb), other.weights, bank)) > 0.02


def test_lpips_is_symmetric_and_wants_a_product(alexnet: AlexNet) -> None:
    a, b = drawn(5), drawn(6)
    first, second = alexnet.features(a.rgb), alexnet.features(b.rgb)
    assert lpips(first, second, alexnet.heads, a.weights) == pytest.approx(
        lpips(second, first, alexnet.heads, a.weights), rel=1e-5
    )
    with pytest.raises(ValueError, match="some above 0"):
        lpips(first, second, alexnet.heads, np.zeros_like(a.weights))


def test_style_share_needs_a_gap(alexnet: AlexNet) -> None:
    own = channel_statistics(alexnet.features(drawn(7).rgb), drawn(7).weights)
    with pytest.raises(ValueError, match="other statistics"):
        style_share(own, own, own)


def test_same_numbers_every_time_and_the_interval_holds_the_median() -> None:
    values = [0.1, 0.4, 0.35, 0.8, 0.2, 0.5]
    first = median_with_interval(values)
    assert first == median_with_interval(values)
    assert first.low < first.median < first.high
    assert median_with_interval([0.3]).low == median_with_interval([0.3]).high == pytest.approx(0.3)
    with pytest.raises(ValueError, match="finite"):
        median_with_interval([0.1, float("nan")])


def plain(value: int, side: int = 96) -> Picture:
    return Picture(np.full((side, side, 3), value, np.uint8), np.ones((side, side), np.float32))


def page_of_text(side: int = 96) -> Picture:
    rgb = np.full((side, side, 3), 250, np.uint8)
    rgb[8::6, 10:-10:3] = 20
    return Picture(rgb, np.ones((side, side), np.float32))


@pytest.mark.parametrize(
    "references",
    [[plain(90)], [plain(90), plain(90)], [plain(0), plain(255)], [page_of_text()], [drawn(1)], [drawn(1), plain(128)]],
    ids=["flat", "flat twice", "black and white", "text", "single", "one of them flat"],
)
@pytest.mark.parametrize("photo", [drawn(0), plain(0), plain(255), plain(60)], ids=["drawn", "black", "white", "grey"])
def test_odd_references_and_products_never_give_nan(
    photo: Picture, references: list[Picture], alexnet: AlexNet
) -> None:
    for look in (photo.rgb, 255 - photo.rgb):
        found = measure(photo, look, references, alexnet)
        assert all(np.isfinite([e.median, e.low, e.high]).all() for e in found.estimates.values())
        assert set(found.estimates) | set(found.absent) == set(FIGURES)
        assert all(found.absent.values())
    if len(references) == 1:
        assert "two references" in found.absent["hand"]


def test_what_is_no_product_or_too_small_is_absent_with_the_reason(alexnet: AlexNet) -> None:
    judge = yardstick(alexnet, [drawn(1), drawn(2)])
    clear = Picture(drawn(0).rgb, np.zeros((96, 96), np.float32))
    tiny = Picture(np.full((20, 20, 3), 90, np.uint8), np.ones((20, 20), np.float32))
    nothing = set_figures([photo_side(clear, judge)], [clear.rgb], judge)
    assert set(nothing.estimates) == {"white_kept"}
    small = set_figures([photo_side(tiny, judge)], [tiny.rgb], judge)
    assert set(small.absent) == set(INDEPENDENT)
    assert "32 px" in small.absent["lpips"]
    both = set_figures([photo_side(p, judge) for p in (tiny, drawn(0))], [tiny.rgb, drawn(0).rgb], judge)
    assert both.estimates["lpips"].pictures == 1
    with pytest.raises(ValueError, match="at least 32 px"):
        yardstick(alexnet, [tiny])
