"""Restyling with a trained model bundle: numpy in, numpy out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from pipelines.images.colour import LabStatistics
from pipelines.images.geometry import fit_within, pad_to_multiple
from pipelines.images.look import ColourPolicy, fit_colour_map
from training.bundle import BrandStyle, ModelBundle, load_bundle
from training.config import COLOUR_POLICIES
from training.grain import grain
from training.painter import Floats, Painter, build_painter
from training.tiles import STEP_PX, tiles

_LUMA: Final = np.array([0.299, 0.587, 0.114], np.float32)
TILE_PX: Final = 768


class Stylizer:
    """Restyles pictures of products, one at a time in float32, so that a batch never changes a byte.

    Args:
        bundle: what was trained.
        painter: the network's forward pass; built from the bundle when None.
        tile_px: pictures whose working size is larger go through tiles of this side.
    """

    def __init__(self, bundle: ModelBundle, *, painter: Painter | None = None, tile_px: int = TILE_PX) -> None:
        self.bundle = bundle
        self._paint = painter or build_painter(bundle)
        self._tile_px = tile_px
        self._halo_px = bundle.architecture.receptive_px

    @classmethod
    def load(cls, bundle_path: str | Path, expected_sha256: str | None = None) -> Stylizer:
        """Stylizer of the bundle at `bundle_path`.

        Raises:
            ModelBundleError: see `training.bundle.load_bundle`.
        """
        return cls(load_bundle(bundle_path, expected_sha256))

    def restyle(
        self,
        images: NDArray[np.uint8],
        weights: Floats,
        statistics: Sequence[LabStatistics],
        *,
        brand: str,
        strength: float,
        background_strength: float = 0.0,
        colour_policy: str | None = None,
    ) -> NDArray[np.uint8]:
        """Pictures in the brand's look.

        Args:
            images: uint8 [N,H,W,3].
            weights: product masks, float32 [N,H,W] in 0..1.
            statistics: one per picture, of all views of its product together.
            brand: a brand of the bundle.
            strength: 0 gives the picture back, 1 the full look, on the product.
            background_strength: the same for what is not product; at 0 its pixels keep their bytes.
            colour_policy: "keep-hue", "full" or "luminance"; None takes what the brand was trained for.

        Raises:
            ModelBundleError: the bundle does not know the brand.
            ValueError: shapes, strengths or policy out of what is described above.
        """
        style = self.bundle.brand(brand)
        policy = colour_policy or style.colour_policy
        _check(images, weights, statistics, strength, background_strength, policy)
        restyled = [
            self._one(image, mask, of_product, style, (strength, background_strength), policy)
            for image, mask, of_product in zip(images, weights, statistics, strict=True)
        ]
        return np.stack(restyled) if restyled else images.copy()

    def _one(
        self,
        image: NDArray[np.uint8],
        mask: Floats,
        of_product: LabStatistics,
        style: BrandStyle,
        strengths: tuple[float, float],
        policy: str,
    ) -> NDArray[np.uint8]:
        gate = mask * np.float32(strengths[0]) + (1 - mask) * np.float32(strengths[1])
        if not gate.any():
            return image.copy()
        shown = (gate > 0).astype(np.float32)
        colour = fit_colour_map(of_product, style.statistics, cast(ColourPolicy, policy))
        mapped = colour.apply(image, mask if strengths[1] == 0 else shown)
        residual = self._residual(mapped, style)
        # Between product and background the mapped picture is already blended by the mask: only strength is left.
        share = np.float32(strengths[0]) if strengths[1] == 0 else gate[..., None]
        change = (mapped.astype(np.float32) - image) * share + residual * 255.0 * gate[..., None]
        out = np.rint(np.clip(image + change, 0, 255)).astype(np.uint8)
        return np.asarray(np.where((gate > 0)[..., None], out, image), np.uint8)

    def _residual(self, mapped: NDArray[np.uint8], style: BrandStyle) -> Floats:
        """What the hand adds to luminance, in 0..1 units at the picture's own size, [H,W,1]."""
        height, width = mapped.shape[:2]
        small = fit_within(mapped, self.bundle.architecture.working_px)
        padded = pad_to_multiple(small, STEP_PX).astype(np.float32) / np.float32(255)
        code = np.array([style.code], np.float32)
        painted = self._painted(padded, code)
        residual = ((painted - padded)[: small.shape[0], : small.shape[1]] @ _LUMA)[..., None]
        if small.shape[:2] == (height, width):
            return residual
        plane = Image.fromarray(residual[..., 0]).resize((width, height), Image.Resampling.BICUBIC)
        return np.asarray(plane)[..., None]

    def _painted(self, picture: Floats, code: Floats) -> Floats:
        height, width = picture.shape[:2]
        paper = grain(height, width)
        if max(height, width) <= self._tile_px:
            return np.asarray(self._paint(picture[None], paper[None], code)[0], np.float32)
        out = np.empty_like(picture)
        for tile in tiles(height, width, self._tile_px, self._halo_px):
            top, left, bottom, right = tile.window
            painted = self._paint(picture[None, top:bottom, left:right], paper[None, top:bottom, left:right], code)[0]
            first, second, third, fourth = tile.core
            out[first:third, second:fourth] = painted[first - top : third - top, second - left : fourth - left]
        return out


def _check(
    images: NDArray[np.uint8],
    weights: Floats,
    statistics: Sequence[LabStatistics],
    strength: float,
    background_strength: float,
    policy: str,
) -> None:
    if images.ndim != 4 or images.shape[-1] != 3 or images.dtype != np.uint8:
        raise ValueError(f"images: expected uint8 [N,H,W,3], received {images.dtype} {list(images.shape)}")
    if weights.shape != images.shape[:3]:
        raise ValueError(f"weights: expected {list(images.shape[:3])}, received {list(weights.shape)}")
    if len(statistics) != len(images):
        raise ValueError(f"statistics: expected one per picture ({len(images)}), received {len(statistics)}")
    for name, value in (("strength", strength), ("background_strength", background_strength)):
        if not 0.0 <= value <= 1.0:
            raise ValueError(f"{name}: expected 0..1, received {value}")
    if policy not in COLOUR_POLICIES:
        raise ValueError(f"colour_policy: expected one of {', '.join(COLOUR_POLICIES)}, received {policy!r}")
