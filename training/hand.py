"""A brand's hand over a picture of any size: the network at its working size, by tiles where that is large."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipelines.images.geometry import Box, pad_to_multiple
from training.bundle import ModelBundle
from training.grain import grain
from training.painter import Floats, Painter
from training.tiles import STEP_PX, snapped, tiles

TILE_PX: Final = 768
_LUMA: Final = np.array([0.299, 0.587, 0.114], np.float32)
_LEAST_PX: Final = 8
"""The network folds 4 x 4 px into one cell and mirrors borders: it needs two cells a side."""


@dataclass(frozen=True)
class HandPlane:
    """What a hand adds to luminance: float32 [h,w] in 0..1 units at working size, for a picture of [height,width]."""

    plane: Floats
    height_px: int
    width_px: int

    def window(self, box: Box) -> Floats:
        """float32 [rows,columns] of a window at the picture's own size; the same numbers in whatever window."""
        if self.plane.shape == (self.height_px, self.width_px):
            return self.plane[box.top : box.bottom, box.left : box.right]
        down, across = self.plane.shape[0] / self.height_px, self.plane.shape[1] / self.width_px
        where = (box.left * across, box.top * down, box.right * across, box.bottom * down)
        size = (box.right - box.left, box.bottom - box.top)
        return np.asarray(Image.fromarray(self.plane).resize(size, Image.Resampling.BICUBIC, box=where))


class Hand:
    """Draws with the networks of one model bundle.

    Args:
        bundle: what was trained.
        painter: the forward pass.
        tile_px: working pictures that are larger go through tiles with cores of this side; multiple of 4.
    """

    def __init__(self, bundle: ModelBundle, painter: Painter, tile_px: int = TILE_PX) -> None:
        self._paint = painter
        self._tile_px = tile_px
        self._halo_px = bundle.architecture.receptive_px
        self.working_px = bundle.architecture.working_px

    def draw(
        self, picture: NDArray[np.uint8], size_px: tuple[int, int], code: tuple[float, ...], box: Box
    ) -> HandPlane:
        """What the hand adds to a picture.

        Args:
            picture: uint8 [h,w,3] at working size, its colours mapped.
            size_px: height and width of the picture that it stands for.
            code: style code.
            box: where the result matters, in px of the working size; elsewhere it is 0.
        """
        height, width = picture.shape[:2]
        padded = _padded(picture).astype(np.float32) / np.float32(255)
        rows, columns = padded.shape[:2]
        around = snapped(box, rows, columns)
        residual = np.zeros((rows, columns), np.float32)
        codes = np.array([code], np.float32)
        for tile in tiles(rows, columns, self._tile_px, self._halo_px, around):
            top, left, bottom, right = tile.window
            seen = padded[None, top:bottom, left:right]
            painted = self._paint(seen, grain(bottom - top, right - left, top, left)[None], codes)[0]
            change = (painted - seen[0]) @ _LUMA
            first, second, third, fourth = tile.core
            residual[first:third, second:fourth] = change[first - top : third - top, second - left : fourth - left]
        return HandPlane(np.ascontiguousarray(residual[:height, :width]), *size_px)


def working_size(height_px: int, width_px: int, working_px: int) -> tuple[int, int]:
    """Size at which a hand is drawn: the long side at most `working_px`, pictures are never enlarged.

    Banners keep half of it on their short side, or nothing of the product would be left to draw on.
    """
    scale = min(1.0, max(working_px / max(height_px, width_px), working_px / 2 / min(height_px, width_px)))
    return max(1, round(height_px * scale)), max(1, round(width_px * scale))


def _padded(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Below and to the right by repeating the edge: to the stem's step, and at least to what the network can mirror."""
    height, width = picture.shape[:2]
    least = [(0, max(0, _LEAST_PX - length)) for length in (height, width)]
    if any(below for _, below in least):
        picture = np.pad(picture, [*least, (0, 0)], mode="edge")
    return pad_to_multiple(picture, STEP_PX)
