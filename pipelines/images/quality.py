"""What restyling did to a product, measured inside its mask. Callers shrink to 512 px (`geometry.fit_within`) first."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipelines.images.geometry import product_box
from pipelines.images.gradient import gradient_magnitude

Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]

# Wang, Simoncelli, Bovik 2003, "Multi-scale structural similarity for image quality assessment", table of section 3.2.
_SCALE_EXPONENTS: Final = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
_C1: Final = (0.01 * 255) ** 2
_C2: Final = (0.03 * 255) ** 2
_WINDOW_PX: Final = 11
_WINDOW_SIGMA: Final = 1.5
_EDGE_FLOOR: Final = 8.0
_EDGE_REACH_PX: Final = 2
_WHITE_OF_LOSSY: Final = 252
_WHITE_BESIDE_EDGES: Final = 245
"""Of 79 untouched studio photos on white at quality 92, 15 had more than 0.5 % of their white pixels below 252, all in
blocks with the product's outline; none had below 245."""
_CODEC_BLOCK_PX: Final = 16
_BLANK_SIDE_PX: Final = 128
_BLANK_RANGE: Final = 6


def luminance(rgb: NDArray[np.uint8]) -> Floats:
    """Rec. 601 luma of uint8 [H, W, 3]; float32 [H, W] in 0..255."""
    return np.asarray(rgb.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32))


def ms_ssim(a: NDArray[np.uint8], b: NDArray[np.uint8], weights: Floats) -> float:
    """Multi-scale structural similarity of two uint8 [H, W, 3] on luminance, weighted by [H, W]; 0..1, 1 if equal.

    Five scales as in the paper; pictures too small for all of them use those that fit an 11 px window, with the
    exponents scaled to the same sum. Negative structure counts as 0.

    Raises:
        ValueError: shapes differ or all weights are 0.
    """
    _check(a, b, weights)
    x, y, w = luminance(a), luminance(b), weights.astype(np.float32)
    scales = _scales(min(x.shape))
    exponents = np.array(_SCALE_EXPONENTS[:scales]) / sum(_SCALE_EXPONENTS[:scales])
    product = 1.0
    for scale, exponent in enumerate(exponents, start=1):
        light, structure = _similarity(x, y)
        compared = light * structure if scale == scales else structure
        product *= max(0.0, float((compared * w).sum() / w.sum())) ** float(exponent)
        if scale < scales:
            x, y, w = _halved(x), _halved(y), _halved(w)
    return min(product, 1.0)


def edge_f1(a: NDArray[np.uint8], b: NDArray[np.uint8], weights: Floats, *, least_steepness: float = 0.0) -> float:
    """F1 of the Sobel edges of two uint8 [H, W, 3] where weights [H, W] are above 0.5; 0..1, 1 if equal.

    Edges are found relative to each picture's own contrast, and may lie 1 px apart: a look may soften or harden
    the product, but not move or lose its lines. No edges in either picture is 1.

    Args:
        a: the original.
        b: what became of it.
        weights: of the product.
        least_steepness: share of its steepness, in proportion to the product's contrast, that an edge of `a` must keep
            to count as kept; above 0 a blurred picture has lost its edges.

    Raises:
        ValueError: shapes differ or all weights are 0.
    """
    _check(a, b, weights)
    a, b, weights = _around_product(a, b, weights)
    inside = weights > 0.5 if (weights > 0.5).any() else weights > 0
    x, y = luminance(a), luminance(b)
    steepness_a, steepness_b = gradient_magnitude(x), gradient_magnitude(y)
    edges_a, edges_b = _edges(steepness_a, inside), _edges(steepness_b, inside)
    count_a, count_b = int(edges_a.sum()), int(edges_b.sum())
    if count_a == 0 or count_b == 0:
        return float(count_a == count_b)
    kept = edges_a & _grown(edges_b)
    if least_steepness > 0:
        contrast = min(1.0, float(y[inside].std()) / max(float(x[inside].std()), 1e-3))
        kept &= _highest_near(steepness_b) >= np.float32(least_steepness * contrast) * steepness_a
    precision = float((edges_b & _grown(edges_a)).sum()) / count_b
    recall = float(kept.sum()) / count_a
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def white_background_kept(
    before: NDArray[np.uint8], after: NDArray[np.uint8], weights: Floats, *, lossy: bool = False
) -> float:
    """Share of the pixels of weight 0 that were exactly white in uint8 [H, W, 3] and still are; 1 if none were.

    Measured at full size: resizing would hide single pixels. `lossy`: `after` went through JPEG or WebP, which do not
    keep white exactly; a little less is white enough then, and a little less still beside what is not white, where
    the blocks of these codecs ring.
    """
    if before.shape != after.shape or before.shape[:2] != weights.shape:
        raise ValueError(f"after: expected {before.shape} and weights of it, received {after.shape}, {weights.shape}")
    was_white = _at_least(before, 255)
    background = (weights == 0) & was_white
    total = int(np.count_nonzero(background))
    if total == 0:
        return 1.0
    is_white = _at_least(after, _WHITE_OF_LOSSY if lossy else 255)
    if lossy:
        is_white |= _in_blocks_with(~was_white) & _at_least(after, _WHITE_BESIDE_EDGES)
    return int(np.count_nonzero(background & is_white)) / total


def is_blank(rgb: NDArray[np.uint8]) -> bool:
    """Whether uint8 [H, W, 3] shows one colour alone, noise of the compression aside."""
    height, width = rgb.shape[:2]
    picture = Image.fromarray(np.ascontiguousarray(rgb))
    size = (min(width, _BLANK_SIDE_PX), min(height, _BLANK_SIDE_PX))
    small = np.asarray(picture.resize(size, Image.Resampling.BOX)).reshape(-1, 3).astype(np.int16)
    return bool((small.max(axis=0) - small.min(axis=0)).max() <= _BLANK_RANGE)


def _check(a: NDArray[np.uint8], b: NDArray[np.uint8], weights: Floats) -> None:
    if a.shape != b.shape or a.shape[:2] != weights.shape:
        raise ValueError(f"b, weights: expected the size of a, {a.shape}, received {b.shape} and {weights.shape}")
    if not weights.any():
        raise ValueError("weights: expected some above 0, received none")


def _around_product(
    a: NDArray[np.uint8], b: NDArray[np.uint8], weights: Floats
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], Floats]:
    """The part of the pictures that edges inside the product depend on."""
    height, width = weights.shape
    box = product_box(weights)
    rows = slice(max(0, box.top - _EDGE_REACH_PX), min(height, box.bottom + _EDGE_REACH_PX))
    columns = slice(max(0, box.left - _EDGE_REACH_PX), min(width, box.right + _EDGE_REACH_PX))
    return a[rows, columns], b[rows, columns], weights[rows, columns]


def _scales(side_px: int) -> int:
    scales = 1
    while scales < len(_SCALE_EXPONENTS) and side_px // 2**scales >= _WINDOW_PX:
        scales += 1
    return scales


def _similarity(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Maps of luminance similarity and of contrast and structure similarity."""
    mean_x, mean_y = _blurred(x), _blurred(y)
    variance_x = _blurred(x * x) - mean_x * mean_x
    variance_y = _blurred(y * y) - mean_y * mean_y
    covariance = _blurred(x * y) - mean_x * mean_y
    light = (2 * mean_x * mean_y + _C1) / (mean_x**2 + mean_y**2 + _C1)
    structure = (2 * covariance + _C2) / (variance_x + variance_y + _C2)
    return np.asarray(light, np.float32), np.asarray(structure, np.float32)


def _blurred(values: Floats) -> Floats:
    """Gaussian window of 11 px, sigma 1.5, mirrored at the border."""
    offsets = np.arange(_WINDOW_PX) - _WINDOW_PX // 2
    taps = np.exp(-(offsets**2) / (2 * _WINDOW_SIGMA**2))
    taps = (taps / taps.sum()).astype(np.float32)
    height, width = values.shape
    margin = _WINDOW_PX // 2
    # Sides below the margin cannot be mirrored in one go; edge values stand in there.
    mode = "reflect" if min(height, width) > margin else "edge"
    padded = np.pad(values, margin, mode=mode)  # type: ignore[call-overload]
    rows = taps[margin] * padded[margin : margin + height]
    for i, tap in enumerate(taps[:margin]):
        rows += tap * (padded[i : i + height] + padded[padded.shape[0] - i - height : padded.shape[0] - i])
    blurred = taps[margin] * rows[:, margin : margin + width]
    for i, tap in enumerate(taps[:margin]):
        blurred += tap * (rows[:, i : i + width] + rows[:, rows.shape[1] - i - width : rows.shape[1] - i])
    return np.asarray(blurred, np.float32)


def _halved(values: Floats) -> Floats:
    height, width = (side // 2 * 2 for side in values.shape)
    cut = values[:height, :width]
    mean: Floats = (cut[::2, ::2] + cut[1::2, ::2] + cut[::2, 1::2] + cut[1::2, 1::2]) / np.float32(4)
    return mean


def _at_least(rgb: NDArray[np.uint8], level: int) -> Flags:
    """Pixels of uint8 [H, W, 3] whose channels all reach the level; channel by channel, which is quicker than `min`."""
    flags: Flags = (rgb[..., 0] >= level) & (rgb[..., 1] >= level) & (rgb[..., 2] >= level)
    return flags


def _in_blocks_with(flags: Flags) -> Flags:
    """Pixels of every block of the codec that holds a set pixel."""
    height, width = flags.shape
    side = _CODEC_BLOCK_PX
    padded = np.pad(flags, ((0, -height % side), (0, -width % side)))
    blocks = padded.reshape(padded.shape[0] // side, side, -1, side).any(axis=(1, 3))
    return np.repeat(np.repeat(blocks, side, axis=0), side, axis=1)[:height, :width]


def _edges(steepness: Floats, inside: Flags) -> Flags:
    """Pixels inside that are steeper by a deviation than the mean of the inside."""
    threshold = max(_EDGE_FLOOR, float(steepness[inside].mean() + steepness[inside].std()))
    edges: Flags = inside & (steepness > threshold)
    return edges


def _highest_near(values: Floats) -> Floats:
    """Maximum of float32 [H, W] over 3 x 3 px."""
    padded = np.pad(values, 1)
    rows = np.maximum(np.maximum(padded[:-2], padded[1:-1]), padded[2:])
    return np.maximum(np.maximum(rows[:, :-2], rows[:, 1:-1]), rows[:, 2:])


def _grown(flags: Flags) -> Flags:
    padded = np.pad(flags, 1)
    rows = padded[:-2] | padded[1:-1] | padded[2:]
    grown: Flags = rows[:, :-2] | rows[:, 1:-1] | rows[:, 2:]
    return grown
