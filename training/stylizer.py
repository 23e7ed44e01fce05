"""Restyling with trained model bundles: numpy in, numpy out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.core.looks import ColourPolicy, Look, Mix
from pipelines.images.colour import LabStatistics
from pipelines.images.geometry import Box, product_box, resize
from pipelines.images.look import ColourMap, fit_colour_map
from training.areas import Cover, cover_of, shares
from training.backdrop import MATTE_PX
from training.blend import check_look, resolve
from training.bundle import ModelBundle, load_bundle
from training.hand import TILE_PX, Hand, HandPlane, working_size
from training.painter import Floats, Painter, build_painter
from training.surface import Surface, surface_of

Rgb = NDArray[np.uint8]
Masks = Mapping[str, NDArray[np.uint8]]

_LUMA: Final = np.array([0.299, 0.587, 0.114], np.float32)
_BLOCK_PX: Final = 1024
"""Pictures are put together in blocks of this side: what they cost beside the picture itself does not grow with it."""


class Stylizer:
    """Restyles pictures of products, one at a time in float32, so that a batch never changes a byte.

    Args:
        bundles: what was trained; of several that know a brand the first is asked.
        build: makes the network's forward pass of a bundle.
        tile_px: pictures whose working size is larger go through tiles of this side.
    """

    def __init__(
        self,
        *bundles: ModelBundle,
        build: Callable[[ModelBundle], Painter] = build_painter,
        tile_px: int = TILE_PX,
    ) -> None:
        self.bundles = bundles
        self._hands = [Hand(bundle, build(bundle), tile_px) for bundle in bundles]

    @classmethod
    def load(cls, bundle_path: str | Path, expected_sha256: str | None = None) -> Stylizer:
        """Stylizer of the bundle at `bundle_path`.

        Raises:
            ModelBundleError: see `training.bundle.load_bundle`.
        """
        return cls(load_bundle(bundle_path, expected_sha256))

    @staticmethod
    def check(bundles: Sequence[ModelBundle], look: Look) -> None:
        """ModelBundleError unless the bundles hold all that the look asks for. Loads no network."""
        check_look(bundles, look)

    def restyle(
        self,
        images: Rgb,
        weights: Floats,
        statistics: Sequence[LabStatistics],
        *,
        brand: str,
        strength: float = 1.0,
        background_strength: float = 0.0,
        colour_policy: ColourPolicy | None = None,
    ) -> Rgb:
        """Pictures in one brand's look; see `apply`."""
        look = Look(((brand, 1.0),), strength, background_strength, colour_policy)
        return self.apply(images, weights, statistics, look)

    def apply(
        self,
        images: Rgb,
        weights: Floats,
        statistics: Sequence[LabStatistics],
        look: Look,
        masks: Sequence[Masks] | None = None,
    ) -> Rgb:
        """Pictures in a look.

        Args:
            images: uint8 [N,H,W,3].
            weights: product masks, float32 [N,H,W] in 0..1.
            statistics: one per picture, of all views of its product together.
            look: what to make of them.
            masks: one per picture, uint8 [H,W] by name, for regions that name a mask; a region without is left out.

        Raises:
            ModelBundleError: the bundles do not know a brand, or hold no texture where one is asked for.
            ValueError: shapes out of what is described above.
        """
        _check(images, weights, statistics)
        check_look(self.bundles, look)
        out = images.copy()
        for index, of_product in enumerate(statistics):
            self._one(out[index], weights[index], of_product, look, masks[index] if masks else {})
        return out

    def _one(self, image: Rgb, weights: Floats, of_product: LabStatistics, look: Look, masks: Masks) -> None:
        """Restyle one picture in place."""
        height, width = weights.shape
        on_background = look.background_share if look.background == "keep" else 0.0
        regions = [(region, cover_of(region, masks, height, width)) for region in look.regions]
        covers = [cover for _, cover in regions if cover is not None]
        layers = [self._layer(image, weights, of_product, look.mix, look.colour, look.strength, on_background)]
        for region, cover in regions:
            if cover is not None:
                colour, strength = region.colour or look.colour, region.strength
                strength = look.strength if strength is None else strength
                layers.append(self._layer(image, weights, of_product, region.mix, colour, strength, on_background))
        surface = None
        if look.background != "keep" and look.background_share > 0:
            surface = surface_of(self.bundles, look, image, weights)
        if surface is None and not any(layer.strokes for layer in layers):
            return
        changes = surface is not None or on_background > 0
        box = Box(0, 0, height, width) if changes else product_box(weights)
        compose(image, weights, layers, covers, surface, box)

    def _layer(
        self,
        image: Rgb,
        weights: Floats,
        of_product: LabStatistics,
        mix: Mix,
        colour: ColourPolicy | None,
        strength: float,
        on_background: float,
    ) -> Layer:
        """Colour maps and hands of one mix over the whole picture."""
        if strength == on_background == 0:
            return Layer(0.0, 0.0, ())
        blend = resolve(self.bundles, mix)
        strokes = []
        for part in blend.parts:
            hand = self._hands[part.bundle]
            style = part.style
            policy = colour or blend.colour_policy
            colours = fit_colour_map(of_product, style.statistics, policy, palette=style.palette)
            height, width = weights.shape
            size = working_size(height, width, hand.working_px)
            shown = resize(weights, *size) if on_background == 0 else np.ones(size, np.float32)
            small = colours.apply(resize(image, *size), shown)
            plane = hand.draw(small, (height, width), part.style.code, part.tonal_art, product_box(shown))
            strokes.append(Stroke(part.weight, colours, plane))
        return Layer(strength, on_background, tuple(strokes))


@dataclass(frozen=True)
class Stroke:
    """One bundle's part in a layer."""

    weight: float
    colours: ColourMap
    hand: HandPlane


@dataclass(frozen=True)
class Layer:
    """One look over the whole picture: strengths on product and background, and what is done there."""

    strength: float
    background_strength: float
    strokes: tuple[Stroke, ...]

    def change(self, block: Rgb, weights: Floats, box: Box) -> Floats:
        """What is added to a block of the picture at full cover, float32 [h,w,3] in levels."""
        total = np.zeros(block.shape, np.float32)
        # A mask falls off over some pixels of the product; its contour, drawn there, must not fade with it.
        product = np.minimum(weights * np.float32(2), np.float32(1))
        gate = product * np.float32(self.strength) + (1 - product) * np.float32(self.background_strength)
        everywhere = np.ones(gate.shape, np.float32)
        for stroke in self.strokes:
            mapped = stroke.colours.apply(block, everywhere).astype(np.float32)
            drawn = stroke.hand.window(box)(mapped @ _LUMA / np.float32(255)) * np.float32(255)
            total += (mapped - block + drawn[..., None]) * np.float32(stroke.weight)
        return np.asarray(total * gate[..., None], np.float32)


def compose(
    image: Rgb,
    weights: Floats,
    layers: Sequence[Layer],
    covers: Sequence[Cover],
    surface: Surface | None,
    box: Box,
) -> None:
    """Put a picture together in place, block by block inside `box`.

    Args:
        image: uint8 [H,W,3].
        weights: product mask, float32 [H,W].
        layers: the picture's own look and one for each cover.
        covers: reach of the regions, later ones over earlier ones.
        surface: new background; None keeps the photo's own.
        box: outside of it nothing changes.
    """
    # Mattes look at pixels above, which are written before the next block is read.
    source = image.copy() if surface is not None else image
    for block in _blocks(box):
        window = np.s_[block.top : block.bottom, block.left : block.right]
        pixels, product = source[window], weights[window]
        out = pixels.astype(np.float32)
        for share, layer in zip(shares([cover.window(block) for cover in covers]), layers, strict=True):
            out += share[..., None] * layer.change(pixels, product, block)
        if surface is not None:
            around, inner = _widened(block, *weights.shape)
            seen = np.s_[around.top : around.bottom, around.left : around.right]
            out += surface.change(source[seen], weights[seen], around)[inner]
        image[window] = np.rint(out.clip(0, 255)).astype(np.uint8)


def _blocks(box: Box) -> Iterator[Box]:
    """Blocks of a grid that is bound to the picture, so that a box changes no pixel inside it."""
    first, begin = (start // _BLOCK_PX * _BLOCK_PX for start in (box.top, box.left))
    for top in range(first, box.bottom, _BLOCK_PX):
        for left in range(begin, box.right, _BLOCK_PX):
            yield Box(
                max(top, box.top),
                max(left, box.left),
                min(top + _BLOCK_PX, box.bottom),
                min(left + _BLOCK_PX, box.right),
            )


def _widened(block: Box, height_px: int, width_px: int) -> tuple[Box, tuple[slice, slice]]:
    """The block with what mattes see around it, and where the block lies in that."""
    around = Box(
        max(0, block.top - MATTE_PX),
        max(0, block.left - MATTE_PX),
        min(height_px, block.bottom + MATTE_PX),
        min(width_px, block.right + MATTE_PX),
    )
    rows = slice(block.top - around.top, block.bottom - around.top)
    columns = slice(block.left - around.left, block.right - around.left)
    return around, (rows, columns)


def _check(images: Rgb, weights: Floats, statistics: Sequence[LabStatistics]) -> None:
    if images.ndim != 4 or images.shape[-1] != 3 or images.dtype != np.uint8:
        raise ValueError(f"images: expected uint8 [N,H,W,3], received {images.dtype} {list(images.shape)}")
    if weights.shape != images.shape[:3]:
        raise ValueError(f"weights: expected {list(images.shape[:3])}, received {list(weights.shape)}")
    if len(statistics) != len(images):
        raise ValueError(f"statistics: expected one per picture ({len(images)}), received {len(statistics)}")
