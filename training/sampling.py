"""Batches by number: batch n of a seed is always the same, so that a resumed run repeats nothing and skips nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, cast

import numpy as np
from numpy.typing import NDArray

from pipelines.images.hand_layers import hand_layers
from pipelines.images.look import ColourPolicy, fit_colour_map
from training.data import ContentPicture
from training.references import Brand
from training.terms import Batch

_TRIES: Final = 24
_LEAST_PRODUCT: Final = 0.15
_LEAST_SPREAD: Final = 0.06
_WHITE: Final = 237
_MOST_WHITE: Final = 0.5
_REFERENCES_PER_CODE: Final = 4
_OTHER: Final[dict[ColourPolicy, ColourPolicy]] = {"keep-hue": "full", "full": "keep-hue", "luminance": "keep-hue"}


class BatchSampler:
    """Draws crops of colour-mapped products and of brand references, with the layers of a hand.

    Every other picture has its colours mapped under another policy than the brand's own: the hand has to serve all of
    them at run time.

    Args:
        pictures: training content.
        brands: at least one.
        policy: colour policy of the maps.
        crop_px: side of the crops.
        batch: pictures a batch.
        seed: of the whole run.
    """

    def __init__(
        self,
        pictures: Sequence[ContentPicture],
        brands: Sequence[Brand],
        *,
        policy: str,
        crop_px: int,
        batch: int,
        seed: int,
    ) -> None:
        self.pictures = pictures
        self.brands = brands
        self.policy = cast(ColourPolicy, policy)
        self.crop_px = crop_px
        self.batch = batch
        self.seed = seed
        self._pictures: dict[tuple[int, int], Layered] = {}
        self._references: dict[tuple[int, int], Layered] = {}

    def draw(self, number: int, statistics: Sequence[NDArray[np.float32]]) -> Batch:
        """Batch `number`.

        Args:
            number: step, from 0.
            statistics: for each brand the encoder statistics of its references, float32 [references,2C].
        """
        random = np.random.default_rng([self.seed, number])
        crops, weights, references, style, chosen = [], [], [], [], []
        for _ in range(self.batch):
            brand = int(random.integers(len(self.brands)))
            crop, mask = self._content_crop(random, brand)
            crops.append(crop)
            weights.append(mask)
            references.append(self._reference_crop(random, brand))
            rows = statistics[brand]
            few = random.choice(len(rows), min(_REFERENCES_PER_CODE, len(rows)), replace=False)
            # Mostly the brand's own code, now and then that of a few references, so that codes have neighbours.
            few = few if random.random() < 0.3 else np.arange(len(rows))
            style.append(rows[few].mean(axis=0))
            chosen.append(brand)
        return Batch(
            np.stack([crop.rgb for crop in crops]),
            np.rint(np.stack(weights) * 255).astype(np.uint8)[..., None],
            np.stack([crop.layers for crop in crops]),
            np.stack([crop.rgb for crop in references]),
            np.stack([crop.layers for crop in references]),
            np.stack(style).astype(np.float32),
            np.array(chosen, np.int32),
        )

    def picture(self, index: int, brand: int) -> Layered:
        """A picture with the brand's colour map inside its mask, and its layers; made once."""
        key = (index, brand)
        if key not in self._pictures:
            content, of = self.pictures[index], self.brands[brand]
            policy = self.policy if index % 2 == 0 else _OTHER[self.policy]
            colour = fit_colour_map(content.statistics, of.statistics, policy, palette=of.palette)
            self._pictures[key] = layered(colour.apply(content.rgb, content.weights), of.tonal_art)
        return self._pictures[key]

    def reference(self, brand: int, index: int) -> Layered:
        """A reference with its layers; made once."""
        key = (brand, index)
        if key not in self._references:
            of = self.brands[brand]
            self._references[key] = layered(of.references[index].rgb, of.tonal_art)
        return self._references[key]

    def _content_crop(self, random: np.random.Generator, brand: int) -> tuple[Layered, NDArray[np.float32]]:
        side = self.crop_px
        best: tuple[float, int, int, int] = (-1.0, 0, 0, 0)
        for _ in range(_TRIES):
            index = int(random.integers(len(self.pictures)))
            mask = self.pictures[index].weights
            top = int(random.integers(mask.shape[0] - side + 1))
            left = int(random.integers(mask.shape[1] - side + 1))
            share = float(mask[top : top + side, left : left + side].mean())
            best = max(best, (share, index, top, left))
            if share >= _LEAST_PRODUCT:
                best = (share, index, top, left)
                break
        _, index, top, left = best
        window = np.s_[top : top + side, left : left + side]
        crop = self.picture(index, brand).window(window)
        mask = self.pictures[index].weights[window]
        return (crop.mirrored, mask[:, ::-1]) if random.random() < 0.5 else (crop, mask)

    def _reference_crop(self, random: np.random.Generator, brand: int) -> Layered:
        """A crop with something drawn on it: flat and white ones teach the discriminator nothing of the hand."""
        side = self.crop_px
        references = self.brands[brand].references
        best: tuple[float, int, int, int] = (-np.inf, 0, 0, 0)
        for _ in range(_TRIES):
            index = int(random.integers(len(references)))
            rgb = references[index].rgb
            top = int(random.integers(rgb.shape[0] - side + 1))
            left = int(random.integers(rgb.shape[1] - side + 1))
            crop = rgb[top : top + side, left : left + side]
            spread = float(crop.std()) / 255.0
            white = float((crop.min(axis=-1) > _WHITE).mean())
            best = max(best, (min(spread / _LEAST_SPREAD, 1.0) - white, index, top, left))
            if spread >= _LEAST_SPREAD and white <= _MOST_WHITE:
                best = (best[0], index, top, left)
                break
        _, index, top, left = best
        found = self.reference(brand, index).window(np.s_[top : top + side, left : left + side])
        return found.mirrored if random.random() < 0.5 else found


@dataclass(frozen=True)
class Layered:
    """uint8 [H,W,3] and its layers, float16 [H,W,5] (see `pipelines.images.hand_layers`)."""

    rgb: NDArray[np.uint8]
    layers: NDArray[np.float16]

    def window(self, window: tuple[slice, slice]) -> Layered:
        """A part of both."""
        return Layered(self.rgb[window], self.layers[window])

    @property
    def mirrored(self) -> Layered:
        """Both, left to right."""
        return Layered(self.rgb[:, ::-1], self.layers[:, ::-1])


def layered(rgb: NDArray[np.uint8], tonal_art: NDArray[np.float32]) -> Layered:
    """A picture and its layers."""
    return Layered(rgb, hand_layers(rgb, tonal_art).stack().astype(np.float16))
