"""A brand's hand over a picture of any size: the network at its working size, by tiles where that is large."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.images.edge_preserving import Affine
from pipelines.images.geometry import Box, pad_to_multiple
from pipelines.images.hand_layers import LAYERS, hand_layers
from training.bundle import ModelBundle
from training.painter import Floats, Painter
from training.plane import Plane
from training.tiles import STEP_PX, snapped, tiles

TILE_PX: Final = 768
_LEAST_PX: Final = 16
"""The network folds 8 x 8 px into one cell and mirrors borders: it needs two cells a side."""


@dataclass(frozen=True)
class HandPlane:
    """What a hand makes of luminance in 0..1: a gain and an offset.

    The large picture's own luminance goes through the enlarged planes, so that its edges stay as sharp as they are
    (Chen, Adams, Wadhwa and Hasinoff 2016, "Bilateral Guided Upsampling").
    """

    gain: Plane
    offset: Plane

    def window(self, box: Box) -> Affine:
        """The change in a window at the picture's own size; the same numbers in whatever window."""
        return Affine(self.gain.window(box), self.offset.window(box))


class Hand:
    """Draws with the networks of one model bundle.

    Args:
        bundle: what was trained.
        painter: the forward pass.
        tile_px: working pictures that are larger go through tiles with cores of this side; multiple of 8.
    """

    def __init__(self, bundle: ModelBundle, painter: Painter, tile_px: int = TILE_PX) -> None:
        self._paint = painter
        self._tile_px = tile_px
        self._halo_px = bundle.architecture.receptive_px
        self.working_px = bundle.architecture.working_px

    def draw(
        self,
        picture: NDArray[np.uint8],
        size_px: tuple[int, int],
        code: tuple[float, ...],
        tonal_art: Floats,
        box: Box,
    ) -> HandPlane:
        """What the hand makes of a picture.

        Args:
            picture: uint8 [h,w,3] at working size, its colours mapped.
            size_px: height and width of the picture that it stands for.
            code: style code.
            tonal_art: of the brand, float32 [3,S,S].
            box: where the result matters, in px of the working size; elsewhere nothing changes.
        """
        height, width = picture.shape[:2]
        padded = _padded(picture)
        # Layers take one core while the network takes what there is: neither waits for the other.
        with ThreadPoolExecutor(1) as aside:
            layers = aside.submit(hand_layers, padded, tonal_art)
            marks = self._marks(padded, np.array([code], np.float32), box)
            change = layers.result().laid(marks)
        gain, offset = (np.ascontiguousarray(plane[:height, :width]) for plane in (change.gain, change.offset))
        return HandPlane(Plane(gain, *size_px), Plane(offset, *size_px))

    def _marks(self, picture: NDArray[np.uint8], codes: Floats, box: Box) -> Floats:
        """Shares of the layers, float32 [h,w,5]; 0 away from the box."""
        rows, columns = picture.shape[:2]
        marks = np.zeros((rows, columns, len(LAYERS)), np.float32)
        for tile in tiles(rows, columns, self._tile_px, self._halo_px, snapped(box, rows, columns)):
            top, left, bottom, right = tile.window
            seen = picture[None, top:bottom, left:right].astype(np.float32) / np.float32(255)
            painted = self._paint(seen, codes)[0]
            first, second, third, fourth = tile.core
            marks[first:third, second:fourth] = painted[first - top : third - top, second - left : fourth - left]
        return marks


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
