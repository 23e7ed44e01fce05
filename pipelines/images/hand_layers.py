"""What a hand can do to a picture, in layers that follow the product's own form.

Surfaces without the photo's texture, broader planes, fine contours, outlines, and the brand's texture. How much of
each is laid where is not decided here: a network paints those shares.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.images.contours import contours
from pipelines.images.edge_preserving import Affine, box_mean, flattening
from pipelines.images.tonal_art import toned

Floats = NDArray[np.float32]

LAYERS: Final = ("surface", "plane", "contour", "outline", "texture")
_TONE_PX: Final = 4
_DETAIL_PX: Final = 4
_SINGLE_LINE: Final = 0.2
_DETAIL_SHARE: Final = 0.75
"""How much texture makes way for faces, prints and lettering."""


@dataclass(frozen=True)
class HandLayers:
    """The layers of one picture.

    Attributes:
        light: luminance, float32 [H,W] in 0..1.
        surface: map of luminance that takes the photo's texture off.
        plane: map of luminance that leaves broad planes of light and shade.
        drawn: float32 [H,W,3], what contour, outline and texture add at full share.
    """

    light: Floats
    surface: Affine
    plane: Affine
    drawn: Floats

    def stack(self) -> Floats:
        """What each of `LAYERS` adds to luminance at full share, float32 [H,W,5]."""
        surface = self.surface(self.light)
        flat = np.stack([surface - self.light, self.plane(self.light) - surface], axis=-1)
        return np.concatenate([flat, self.drawn], axis=-1)

    def laid(self, marks: Floats) -> Affine:
        """The change of luminance, as gain and offset, that shares amount to.

        Args:
            marks: float32 [H,W,5], shares of `LAYERS`.
        """
        surface, plane = marks[..., 0], marks[..., 1]
        gain = surface * (self.surface.gain - 1) + plane * (self.plane.gain - self.surface.gain)
        offset = surface * self.surface.offset + plane * (self.plane.offset - self.surface.offset)
        offset += (marks[..., 2:] * self.drawn).sum(axis=-1)
        return Affine(gain, offset)


def hand_layers(rgb: NDArray[np.uint8], texture: Floats) -> HandLayers:
    """Layers of a picture.

    Args:
        rgb: uint8 [H,W,3] at the size at which the hand is drawn, its colours mapped.
        texture: the brand's tonal art, float32 [3,S,S].
    """
    light = (rgb.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)) / np.float32(255)
    ironed = flattening(light, radius_px=3, contrast=0.085, step=2)
    surface = ironed(light)
    broad = flattening(surface, radius_px=4, contrast=0.1, step=2)
    # The photo's own grain must not be drawn as lines, its finest seams should: most of the one, some of the other.
    clean = np.float32(0.75) * surface + np.float32(0.25) * light
    fine = contours(clean, 1.0, 14.0)
    outline = contours(clean, 2.0, 16.0, step=2)
    # A single line, the product's outline say, is no detail yet.
    dense = box_mean(box_mean(fine, _DETAIL_PX), _DETAIL_PX) - np.float32(_SINGLE_LINE)
    detail = np.clip(np.float32(2.5) * dense, 0, 1)
    drawn = toned(texture, box_mean(surface, _TONE_PX)) * (1 - np.float32(_DETAIL_SHARE) * detail)
    return HandLayers(light, ironed, broad.after(ironed), np.stack([-fine, -outline, drawn], axis=-1))
