from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from pipelines.images.quality import edge_f1, is_blank, luminance, ms_ssim, white_background_kept


def textured(height: int = 256, width: int = 200, seed: int = 2) -> NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:height, 0:width]
    grey = 128 + 60 * np.sin(rows / 9) * np.cos(columns / 13) + rng.normal(0, 6, (height, width))
    grey[60:120, 50:140] += 50
    return np.repeat(grey.clip(0, 255).astype(np.uint8)[..., None], 3, axis=-1)


def ones(rgb: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.ones(rgb.shape[:2], np.float32)


def noisy(rgb: NDArray[np.uint8], sigma: float) -> NDArray[np.uint8]:
    noise = np.random.default_rng(9).normal(0, sigma, rgb.shape)
    return (rgb + noise).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("side", [8, 12, 30, 64, 176, 256])
def test_equal_pictures_score_one_at_any_size(side: int) -> None:
    rgb = textured(side, side + 3)
    assert ms_ssim(rgb, rgb, ones(rgb)) == pytest.approx(1)
    assert edge_f1(rgb, rgb, ones(rgb)) == 1


def test_ms_ssim_falls_with_noise_and_rises_never_above_one() -> None:
    rgb = textured()
    scores = [ms_ssim(rgb, noisy(rgb, sigma), ones(rgb)) for sigma in (2, 10, 40, 90)]
    assert scores == sorted(scores, reverse=True)
    assert 0 <= scores[-1] < 0.8 < scores[0] <= 1


def test_ms_ssim_of_a_single_scale_agrees_with_the_formula() -> None:
    # Flat pictures have no structure: only the luminance term of the coarsest scale is left.
    a, b = np.full((12, 12, 3), 100, np.uint8), np.full((12, 12, 3), 150, np.uint8)
    c1 = (0.01 * 255) ** 2
    assert ms_ssim(a, b, ones(a)) == pytest.approx((2 * 100 * 150 + c1) / (100**2 + 150**2 + c1), abs=2e-4)


def test_ms_ssim_forgives_exposure_more_than_it_forgives_lost_structure() -> None:
    rgb = textured()
    darker = (rgb * 0.8).astype(np.uint8)
    flat = np.full_like(rgb, int(rgb.mean()))
    assert ms_ssim(rgb, darker, ones(rgb)) > 0.9
    assert ms_ssim(rgb, flat, ones(rgb)) < 0.3


def test_inverted_picture_scores_about_zero() -> None:
    rgb = textured()
    assert ms_ssim(rgb, 255 - rgb, ones(rgb)) < 0.05


def test_what_lies_outside_of_the_mask_does_not_count() -> None:
    rgb = textured()
    weights = np.zeros(rgb.shape[:2], np.float32)
    weights[:100] = 1
    changed = rgb.copy()
    changed[180:] = noisy(rgb, 80)[180:]
    assert ms_ssim(rgb, changed, weights) > 0.97
    assert ms_ssim(rgb, changed, ones(rgb)) < 0.93
    assert edge_f1(rgb, changed, weights) == 1


def test_edges_may_move_a_pixel_but_not_six() -> None:
    rgb = np.full((120, 120, 3), 60, np.uint8)
    rgb[30:90, 40:80] = 200
    assert edge_f1(rgb, np.roll(rgb, 1, axis=1), ones(rgb)) > 0.95
    assert edge_f1(rgb, np.roll(rgb, 6, axis=1), ones(rgb)) < 0.6


def test_edges_that_blurred_are_lost_where_steepness_is_asked_for() -> None:
    rgb = np.full((120, 120, 3), 60, np.uint8)
    rgb[30:90, 40:80] = 200
    softer = (60 + (rgb.astype(int) - 60) // 3).astype(np.uint8)
    assert edge_f1(rgb, softer, ones(rgb), least_steepness=0.5) == 1
    kept = []
    for sigma in (0, 1, 2, 4, 8):
        blurred = np.asarray(Image.fromarray(rgb).filter(ImageFilter.GaussianBlur(sigma)))
        kept.append(edge_f1(rgb, blurred, ones(rgb), least_steepness=0.5))
        assert kept[-1] <= edge_f1(rgb, blurred, ones(rgb))
    assert kept == sorted(kept, reverse=True)
    assert kept[1] > 0.8
    assert kept[3] < 0.2


def test_edges_of_the_product_do_not_depend_on_what_is_far_from_it() -> None:
    rgb = textured()
    weights = np.zeros(rgb.shape[:2], np.float32)
    weights[50:130, 40:150] = 1
    after = noisy(rgb, 8)
    wide = [np.pad(picture, ((30, 40), (50, 60), (0, 0)), mode="edge") for picture in (rgb, after)]
    wider = np.pad(weights, ((30, 40), (50, 60)))
    assert edge_f1(*wide, wider, least_steepness=0.5) == edge_f1(rgb, after, weights, least_steepness=0.5)


def test_edges_do_not_depend_on_contrast() -> None:
    rgb = np.full((120, 120, 3), 60, np.uint8)
    rgb[30:90, 40:80] = 200
    softer = (60 + (rgb.astype(int) - 60) // 3).astype(np.uint8)
    assert edge_f1(rgb, softer, ones(rgb)) == 1


def test_edges_that_vanish_or_appear_score_zero_and_none_at_all_one() -> None:
    rgb = np.full((60, 60, 3), 60, np.uint8)
    square = rgb.copy()
    square[20:40, 20:40] = 220
    assert edge_f1(square, rgb, ones(rgb)) == 0
    assert edge_f1(rgb, square, ones(rgb)) == 0
    assert edge_f1(rgb, rgb, ones(rgb)) == 1


def test_white_kept_counts_exact_white_of_the_background_alone() -> None:
    before = np.full((10, 10, 3), 255, np.uint8)
    before[:2] = 254
    weights = np.zeros((10, 10), np.float32)
    weights[8:] = 0.5
    after = before.copy()
    after[2, :6, 0] = 254
    after[0] = 0
    after[9] = 0
    assert white_background_kept(before, before, weights) == 1
    assert white_background_kept(before, after, weights) == pytest.approx(1 - 6 / 60)
    assert white_background_kept(np.zeros_like(before), after, weights) == 1


def test_a_lossy_codec_may_ring_beside_the_product_and_nowhere_else() -> None:
    before = np.full((64, 64, 3), 255, np.uint8)
    before[20:28, 20:28] = 30
    weights = (before[..., 0] < 255).astype(np.float32)
    beside, far = before.copy(), before.copy()
    beside[17:20, 16:32] = 246
    far[40:43, 40:56] = 246
    assert white_background_kept(before, beside, weights) < 1
    assert white_background_kept(before, beside, weights, lossy=True) == 1
    assert white_background_kept(before, far, weights, lossy=True) == pytest.approx(1 - 48 / (64 * 64 - 64))
    beside[17:20, 16:32] = 244
    assert white_background_kept(before, beside, weights, lossy=True) < 1
    far[40:43, 40:56] = 252
    assert white_background_kept(before, far, weights, lossy=True) == 1


def test_blank_pictures_are_known_and_products_are_not() -> None:
    rng = np.random.default_rng(0)
    flat = np.full((300, 400, 3), (250, 240, 230), np.uint8)
    assert is_blank(flat)
    assert is_blank((flat + rng.integers(-2, 3, flat.shape)).clip(0, 255).astype(np.uint8))
    small = flat.copy()
    small[100:112, 200:212] = 0
    assert not is_blank(small)
    assert not is_blank(textured())


def test_luminance_weights() -> None:
    rgb = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]], np.uint8)
    assert luminance(rgb)[0] == pytest.approx([76.245, 149.685, 29.07, 255.0], abs=1e-3)


def test_wrong_shapes_and_empty_masks_are_named() -> None:
    rgb = textured(32, 32)
    for measure in (ms_ssim, edge_f1):
        with pytest.raises(ValueError, match="expected the size of a"):
            measure(rgb, rgb[:-1], ones(rgb))
        with pytest.raises(ValueError, match="expected some above 0"):
            measure(rgb, rgb, np.zeros((32, 32), np.float32))
    with pytest.raises(ValueError, match="after"):
        white_background_kept(rgb, rgb[:-1], ones(rgb))
