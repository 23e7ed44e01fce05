"""Sizes: resize, product box, padding to multiples. Arrays are [H, W] or [H, W, 3]."""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = TypeVar("Pixels", NDArray[np.uint8], NDArray[np.float32])


class Box(NamedTuple):
    """Half-open pixel box: rows top..bottom, columns left..right."""

    top: int
    left: int
    bottom: int
    right: int


def resize(array: Pixels, height_px: int, width_px: int) -> Pixels:
    """Resize uint8 [H, W, 3], uint8 [H, W] or float32 [H, W]; Lanczos for colour, box-like for weights.

    Float arrays stay within their range, exact zeros away from edges stay zero.
    """
    if height_px < 1 or width_px < 1:
        raise ValueError(f"size: expected at least 1 x 1 px, received {height_px} x {width_px}")
    if array.shape[:2] == (height_px, width_px):
        return array.copy()
    # Lanczos overshoots, which weights must not; it is for colour alone.
    filter_ = Image.Resampling.LANCZOS if array.ndim == 3 else Image.Resampling.BILINEAR
    resized = Image.fromarray(np.ascontiguousarray(array)).resize((width_px, height_px), filter_)
    return np.array(resized, dtype=array.dtype)


def resize_short_side(array: Pixels, px: int) -> Pixels:
    """Resize, up or down, so that the shorter side is `px`; the aspect is kept to within half a pixel."""
    height, width = array.shape[:2]
    scale = px / min(height, width)
    return resize(array, max(px, round(height * scale)), max(px, round(width * scale)))


def resize_long_side(array: Pixels, px: int, least_px: int) -> Pixels:
    """Shrink so that the longer side is at most `px`; then enlarge if the shorter would be below `least_px`."""
    height, width = array.shape[:2]
    scale = max(min(1.0, px / max(height, width)), least_px / min(height, width))
    return resize(array, max(least_px, round(height * scale)), max(least_px, round(width * scale)))


def fit_within(array: Pixels, px: int) -> Pixels:
    """Shrink so that the longer side is at most `px`; smaller pictures come back as they are."""
    height, width = array.shape[:2]
    scale = px / max(height, width)
    if scale >= 1:
        return array.copy()
    return resize(array, max(1, round(height * scale)), max(1, round(width * scale)))


def product_box(weights: NDArray[np.float32]) -> Box:
    """Smallest box that holds every weight above 0 of [H, W]; the whole picture if there is none."""
    rows, columns = np.flatnonzero(weights.any(axis=1)), np.flatnonzero(weights.any(axis=0))
    if rows.size == 0:
        return Box(0, 0, weights.shape[0], weights.shape[1])
    return Box(int(rows[0]), int(columns[0]), int(rows[-1]) + 1, int(columns[-1]) + 1)


def pad_to_multiple(array: Pixels, multiple: int) -> Pixels:
    """Pad below and to the right, by repeating the last row and column, up to multiples of `multiple` px."""
    if multiple < 1:
        raise ValueError(f"multiple: expected at least 1, received {multiple}")
    height, width = array.shape[:2]
    margins = [(0, -height % multiple), (0, -width % multiple)] + [(0, 0)] * (array.ndim - 2)
    return np.pad(array, margins, mode="edge")


def crop_to(array: Pixels, height_px: int, width_px: int) -> Pixels:
    """Undo `pad_to_multiple`: the top left `height_px` x `width_px`."""
    if height_px > array.shape[0] or width_px > array.shape[1]:
        raise ValueError(f"size: expected at most {array.shape[:2]}, received {(height_px, width_px)}")
    return array[:height_px, :width_px].copy()
