"""Batches by number: batch n of a seed is always the same, so that a resumed run repeats nothing and skips nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, cast

import numpy as np
from numpy.typing import NDArray

from pipelines.images.look import ColourPolicy, fit_colour_map
from training.data import ContentPicture
from training.grain import GRAIN_PX, grain
from training.references import Brand
from training.terms import Batch

_TRIES: Final = 24
_LEAST_PRODUCT: Final = 0.15
_LEAST_SPREAD: Final = 0.06
_WHITE: Final = 237
_MOST_WHITE: Final = 0.5
_REFERENCES_PER_CODE: Final = 4


class BatchSampler:
    """Draws crops of colour-mapped products and of brand references.

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
        self._mapped: dict[tuple[int, int], NDArray[np.uint8]] = {}

    def draw(self, number: int, statistics: Sequence[NDArray[np.float32]]) -> Batch:
        """Batch `number`.

        Args:
            number: step, from 0.
            statistics: for each brand the encoder statistics of its references, float32 [references,2C].
        """
        random = np.random.default_rng([self.seed, number])
        crops, weights, references, grains, style, chosen = [], [], [], [], [], []
        for _ in range(self.batch):
            brand = int(random.integers(len(self.brands)))
            crop, mask = self._content_crop(random, brand)
            crops.append(crop)
            weights.append(mask)
            references.append(self._reference_crop(random, brand))
            top, left = (int(random.integers(GRAIN_PX)) for _ in range(2))
            grains.append(grain(self.crop_px, self.crop_px, top, left))
            rows = statistics[brand]
            few = random.choice(len(rows), min(_REFERENCES_PER_CODE, len(rows)), replace=False)
            # Mostly the brand's own code, now and then that of a few references, so that codes have neighbours.
            few = few if random.random() < 0.3 else np.arange(len(rows))
            style.append(rows[few].mean(axis=0))
            chosen.append(brand)
        return Batch(
            np.stack(crops),
            np.rint(np.stack(weights) * 255).astype(np.uint8)[..., None],
            np.stack(references),
            np.stack(grains),
            np.stack(style).astype(np.float32),
            np.array(chosen, np.int32),
        )

    def colour_mapped(self, picture: int, brand: int) -> NDArray[np.uint8]:
        """The picture with the brand's colour map inside its mask; computed once."""
        key = (picture, brand)
        if key not in self._mapped:
            content = self.pictures[picture]
            colour = fit_colour_map(content.statistics, self.brands[brand].statistics, self.policy)
            self._mapped[key] = colour.apply(content.rgb, content.weights)
        return self._mapped[key]

    def _content_crop(self, random: np.random.Generator, brand: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
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
        crop = self.colour_mapped(index, brand)[window]
        mask = self.pictures[index].weights[window]
        return (crop[:, ::-1], mask[:, ::-1]) if random.random() < 0.5 else (crop, mask)

    def _reference_crop(self, random: np.random.Generator, brand: int) -> NDArray[np.uint8]:
        """A crop with something drawn on it: flat and white ones teach the discriminator nothing of the hand."""
        side = self.crop_px
        references = self.brands[brand].references
        best: tuple[float, NDArray[np.uint8]] | None = None
        for _ in range(_TRIES):
            rgb = references[int(random.integers(len(references)))].rgb
            top = int(random.integers(rgb.shape[0] - side + 1))
            left = int(random.integers(rgb.shape[1] - side + 1))
            crop = rgb[top : top + side, left : left + side]
            spread = float(crop.std()) / 255.0
            white = float((crop.min(axis=-1) > _WHITE).mean())
            score = min(spread / _LEAST_SPREAD, 1.0) - white
            if best is None or score > best[0]:
                best = (score, crop)
            if spread >= _LEAST_SPREAD and white <= _MOST_WHITE:
                break
        crop = best[1] if best else references[0].rgb[:side, :side]
        return crop[:, ::-1] if random.random() < 0.5 else crop
