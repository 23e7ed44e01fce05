"""Where the product is: from alpha, or by flooding a plain background from the border."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from pipelines.images.regions import Regions, connected_regions

MaskKind = Literal["alpha", "flood", "none"]
Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]

# Shares of the picture, levels of 0..255.
_TRANSPARENT_SHARE: Final = 0.001
_PLAIN_BORDER_SHARE: Final = 0.6
_WHITE_LEVEL: Final = 244
_TOLERANCE: Final = 12
_HOLE_SHARE: Final = 0.0005
_HOLE_EXACT_SHARE: Final = 0.8
_SPECK_SHARE: Final = 0.0001
_PRODUCT_SHARES: Final = (0.002, 0.985)


@dataclass(frozen=True)
class ProductMask:
    """`weights`: float32 [H, W] in 0..1, soft over 1 to 2 px inside the edge, exactly 0 on background.

    `kind`: "alpha" from transparency, "flood" from a plain background, "none" where neither is there and all
    weights are 1.
    """

    weights: Floats
    kind: MaskKind


def product_mask(rgb: NDArray[np.uint8], alpha: NDArray[np.uint8] | None) -> ProductMask:
    """Weights of the product in uint8 [H, W, 3] with alpha uint8 [H, W] or None."""
    if alpha is not None and (alpha < 250).mean() >= _TRANSPARENT_SHARE:
        return ProductMask(alpha.astype(np.float32) / np.float32(255), "alpha")
    product = _flooded(rgb)
    if product is None:
        return ProductMask(np.ones(rgb.shape[:2], np.float32), "none")
    return ProductMask(_softened(product), "flood")


def _flooded(rgb: NDArray[np.uint8]) -> Flags | None:
    """Product pixels before a plain background, None where there is no such background."""
    paper = _border_colour(rgb)
    if paper is None:
        return None
    near, exact = _like_paper(rgb, paper)
    regions = connected_regions(near)
    product = ~_background(regions, exact)[regions.labels]
    product = _without_specks(product)
    lowest, highest = _PRODUCT_SHARES
    return product if lowest <= product.mean() <= highest else None


def _border_colour(rgb: NDArray[np.uint8]) -> NDArray[np.int16] | None:
    """Median colour of the picture's outermost 1 %, if most of that is of this colour."""
    depth = max(1, min(rgb.shape[:2]) // 100)
    sides = (rgb[:depth], rgb[-depth:], rgb[:, :depth], rgb[:, -depth:])
    ring = np.concatenate([side.reshape(-1, 3) for side in sides]).astype(np.int16)
    paper = np.median(ring, axis=0).astype(np.int16)
    if paper.min() >= _WHITE_LEVEL:
        plain = (ring >= _WHITE_LEVEL).all(axis=1)
    else:
        plain = (np.abs(ring - paper) <= _TOLERANCE).all(axis=1)
    return paper if plain.mean() >= _PLAIN_BORDER_SHARE else None


def _like_paper(rgb: NDArray[np.uint8], paper: NDArray[np.int16]) -> tuple[Flags, Flags]:
    """Pixels within the tolerance of the background colour, and those exactly of it."""
    white = paper.min() >= _WHITE_LEVEL
    low = np.full(3, _WHITE_LEVEL) if white else np.maximum(paper - _TOLERANCE, 0)
    high = np.full(3, 255) if white else np.minimum(paper + _TOLERANCE, 255)
    goal = np.full(3, 255) if white else paper
    near = np.ones(rgb.shape[:2], np.bool_)
    exact = np.ones(rgb.shape[:2], np.bool_)
    for channel in range(3):
        plane = rgb[..., channel]
        near &= (plane >= low[channel]) & (plane <= high[channel])
        exact &= plane == goal[channel]
    return near, exact


def _background(regions: Regions, exact: Flags) -> Flags:
    """Which regions are background: those at the border, and large holes of exactly its colour."""
    exact_areas = np.bincount(regions.labels[exact], minlength=regions.areas.size)
    pixels = regions.labels.size
    holes = (regions.areas >= _HOLE_SHARE * pixels) & (exact_areas >= _HOLE_EXACT_SHARE * regions.areas)
    background: Flags = regions.touches_border | holes
    background[0] = False
    return background


def _without_specks(product: Flags) -> Flags:
    """Drop product regions too small to be anything but noise of the compression."""
    regions = connected_regions(product)
    kept = regions.areas >= _SPECK_SHARE * product.size
    kept[0] = False
    return kept[regions.labels]


def _softened(product: Flags) -> Floats:
    """Weights that fall off inside the product's edge: a tent of 5 px, cut to the product."""
    weights = product.astype(np.float32)
    for axis in (0, 1):
        for _ in range(2):
            weights = _mean_of_three(weights, axis)
    return np.where(product, weights, np.float32(0))


def _mean_of_three(weights: Floats, axis: int) -> Floats:
    margins = [(1, 1) if i == axis else (0, 0) for i in range(2)]
    padded = np.pad(weights, margins, mode="edge")
    length = weights.shape[axis]
    parts = [padded.take(range(i, i + length), axis) if axis else padded[i : i + length] for i in range(3)]
    mean: Floats = (parts[0] + parts[1] + parts[2]) / np.float32(3)
    return mean
