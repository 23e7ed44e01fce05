"""Where the product is: from alpha, or by flooding a plain background from the border."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from pipelines.images.regions import Regions, connected_regions

MaskKind = Literal["alpha", "flood", "none"]
Floats = NDArray[np.float32]
Flags = NDArray[np.bool_]

# Distances are the largest difference to the background colour in any channel, in levels of 0..255.
_TOLERANCE: Final = 11
_SHADE: Final = 24
_ALMOST_EXACT: Final = 2
# Shares of the border, of a region, of the picture.
_PLAIN_BORDER_SHARE: Final = 0.9
_WHITE_BORDER_SHARE: Final = 0.6
_CLOSE_UP_BORDER_SHARE: Final = 0.1
_CLOSE_UP_EXACT_SHARE: Final = 0.8
_TRANSPARENT_SHARE: Final = 0.001
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
    weights = _flooded(rgb)
    if weights is None:
        return ProductMask(np.ones(rgb.shape[:2], np.float32), "none")
    return ProductMask(weights, "flood")


def _flooded(rgb: NDArray[np.uint8]) -> Floats | None:
    """Weights of the product before a plain background, None where there is no such background."""
    paper = _border_colour(rgb)
    if paper is None:
        return None
    distance = _distance(rgb, paper)
    regions = connected_regions(distance <= _TOLERANCE)
    background = regions.painted(_is_background(regions, distance == 0))
    product = _without_specks(~background)
    lowest, highest = _PRODUCT_SHARES
    if not lowest <= product.mean() <= highest:
        return None
    return _softened(product) * _shade_ramp(distance, background)


def _border_colour(rgb: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """White, or the median colour of the picture's outermost 1 %, if the border says so.

    White needs less of the border than other colours, and very little of it where it is exactly white: a
    close-up of a studio photo, whose product runs over three sides.
    """
    depth = max(1, min(rgb.shape[:2]) // 100)
    sides = (rgb[:depth], rgb[-depth:], rgb[:, :depth], rgb[:, -depth:])
    ring = np.concatenate([side.reshape(-1, 3) for side in sides])
    white = np.full(3, 255, np.uint8)
    from_white = _distance(ring, white)
    near = float((from_white <= _TOLERANCE).mean())
    exact = float((from_white <= _ALMOST_EXACT).mean())
    if near >= _WHITE_BORDER_SHARE or (near >= _CLOSE_UP_BORDER_SHARE and exact >= _CLOSE_UP_EXACT_SHARE * near):
        return white
    paper = np.median(ring, axis=0).astype(np.uint8)
    plain = float((_distance(ring, paper) <= _TOLERANCE).mean())
    return paper if plain >= _PLAIN_BORDER_SHARE else None


def _distance(rgb: NDArray[np.uint8], paper: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Largest difference to `paper` in any channel of uint8 [..., 3]."""
    planes = []
    for channel in range(3):
        plane, level = rgb[..., channel], paper[channel]
        planes.append(np.maximum(plane, level) - np.minimum(plane, level))
    distance: NDArray[np.uint8] = np.maximum(np.maximum(planes[0], planes[1]), planes[2])
    return distance


def _is_background(regions: Regions, exact: Flags) -> Flags:
    """Which regions are background: those at the border, and large holes of exactly its colour."""
    holes = (regions.areas >= _HOLE_SHARE * exact.size) & (regions.count(exact) >= _HOLE_EXACT_SHARE * regions.areas)
    background: Flags = regions.touches_border | holes
    return background


def _without_specks(product: Flags) -> Flags:
    """Drop product regions too small to be anything but noise of the compression."""
    regions = connected_regions(product)
    return regions.painted(regions.areas >= _SPECK_SHARE * product.size)


def _softened(product: Flags) -> Floats:
    """Weights that fall off inside the product's edge: a tent of 5 px, cut to the product."""
    levels = Image.fromarray(product.astype(np.uint8) * np.uint8(255))
    tent = np.asarray(levels.filter(ImageFilter.BoxBlur(1)).filter(ImageFilter.BoxBlur(1)))
    return np.where(product, tent.astype(np.float32) / np.float32(255), np.float32(0))


def _shade_ramp(distance: NDArray[np.uint8], background: Flags) -> Floats:
    """Factors that rise from 0 to 1 over pale pixels that adjoin the background.

    A soft shadow on white has no edge; a step of the weights would draw one.
    """
    regions = connected_regions(distance <= _SHADE)
    adjoining = regions.painted(regions.count(background) > 0)
    levels = np.arange(256, dtype=np.float32)
    ramp = ((levels - _TOLERANCE) / np.float32(_SHADE + 1 - _TOLERANCE)).clip(0, 1)
    return np.where(adjoining, ramp[distance], np.float32(1))
