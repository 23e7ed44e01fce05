"""The background that a look asks for, over one picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.core.looks import Look
from pipelines.images.geometry import Box
from training.backdrop import Floats, brand_tone, hex_colour, matte, paper_colour
from training.blend import mixed_texture, resolve
from training.bundle import ModelBundle
from training.plane import Plane
from training.texture import texture_field

TEXTURE_PX: Final = 1200
"""Long side of the texture's field: beyond it, texture grows with the picture, as paper in an enlarged print does."""
_LEVELS_A_LIGHTNESS: Final = 2.6
"""sRGB levels for one unit of L in light tones."""


@dataclass(frozen=True)
class Surface:
    """A new background.

    Attributes:
        colour: float32 [3] in 0..255.
        paper: the photo's own background, which is taken out.
        texture: what is added to luminance, in 0..1 units.
        share: 0..1 of the way to it.
    """

    colour: Floats
    paper: Floats
    texture: Plane | None
    share: float

    def change(self, pixels: NDArray[np.uint8], weights: Floats, box: Box) -> Floats:
        """What is added to a window of the picture, float32 [h,w,3] in levels: the new for the old behind the product.

        Shadows and light on the photo's background stay, since only its colour is exchanged.
        """
        behind = (1 - matte(pixels.astype(np.float32), weights, self.paper))[..., None] * np.float32(self.share)
        change = np.broadcast_to(self.colour - self.paper, pixels.shape)
        if self.texture is not None:
            change = change + self.texture.window(box)[..., None] * np.float32(255)
        return behind * change


def surface_of(bundles: Sequence[ModelBundle], look: Look, image: NDArray[np.uint8], weights: Floats) -> Surface | None:
    """The background of a look for a picture uint8 [H,W,3]; None where the picture shows no background."""
    paper = paper_colour(image, weights)
    if paper is None:
        return None
    given = look.background_colour
    colour = hex_colour(given) if given else brand_tone(resolve(bundles, look.mix).statistics)
    texture = None
    if look.background == "texture":
        height, width = weights.shape
        scale = min(1.0, TEXTURE_PX / max(height, width))
        small = max(1, round(height * scale)), max(1, round(width * scale))
        field = texture_field(mixed_texture(bundles, look.mix), *small) * np.float32(_LEVELS_A_LIGHTNESS / 255)
        texture = Plane(field, height, width)
    return Surface(colour, paper, texture, look.background_share)
