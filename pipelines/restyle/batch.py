"""Pictures of mixed sizes through the model, at their own sizes, so that one bad picture costs only itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pipelines.core.errors import ImageRejected, ModelBundleError
from pipelines.core.settings import BrandSettings, ColourPolicy
from pipelines.images.colour import LabStatistics
from pipelines.restyle.picture import Picture

Rgb = NDArray[np.uint8]


class Restyler(Protocol):
    """What `training.stylizer.Stylizer` does; the same bytes for a picture in whatever batch it comes."""

    def restyle(
        self,
        images: Rgb,
        weights: NDArray[np.float32],
        statistics: Sequence[LabStatistics],
        *,
        brand: str,
        strength: float,
        background_strength: float = 0.0,
        colour_policy: str | None = None,
    ) -> Rgb:
        """uint8 [N, H, W, 3] and weights [N, H, W] to uint8 [N, H, W, 3]."""
        ...


@dataclass(frozen=True)
class Look:
    """Which brand's look, and how much of it. Strengths in 0..1; no colour policy: the model's own for the brand."""

    brand: str
    strength: float
    background_strength: float = 0.0
    colour_policy: ColourPolicy | None = None

    @classmethod
    def of(cls, brand: BrandSettings) -> Look:
        """The look that a brand's settings ask for."""
        return cls(brand.brand, brand.strength, brand.background_strength, brand.colour)


def restyle_batch(
    restyler: Restyler, pictures: Sequence[Picture], statistics: Sequence[LabStatistics], look: Look
) -> list[Rgb | ImageRejected]:
    """Restyle pictures; one outcome each, in order, of the picture's own size.

    Pictures of one size go through the model together. Sizes are not padded to common ones: padding would change a
    picture's share of the working size and with it the bytes. A batch that fails is tried again picture by picture; a
    picture that fails alone comes back as ImageRejected("model-failed").

    Args:
        restyler: the pinned model.
        pictures: few enough for memory together.
        statistics: of each picture's whole product.
        look: brand and strengths.

    Raises:
        ModelBundleError: the model cannot serve this look at all.
    """
    outcomes: dict[int, Rgb | ImageRejected] = {}
    by_size: dict[tuple[int, int], list[int]] = {}
    for index, picture in enumerate(pictures):
        by_size.setdefault(picture.size_px, []).append(index)
    for indices in by_size.values():
        members = [pictures[index] for index in indices]
        colours = [statistics[index] for index in indices]
        outcomes.update(zip(indices, _restyle_one_size(restyler, members, colours, look), strict=True))
    return [outcomes[index] for index in range(len(pictures))]


def _restyle_one_size(
    restyler: Restyler, pictures: Sequence[Picture], statistics: Sequence[LabStatistics], look: Look
) -> list[Rgb | ImageRejected]:
    try:
        return list(_call(restyler, pictures, statistics, look))
    except ModelBundleError:
        raise
    except Exception as error:  # whatever the network raises, the rest of the catalog goes on
        if len(pictures) == 1:
            return [ImageRejected("model-failed", f"the model failed on this picture: {type(error).__name__}: {error}")]
    return [
        outcome
        for picture, colour in zip(pictures, statistics, strict=True)
        for outcome in _restyle_one_size(restyler, [picture], [colour], look)
    ]


def _call(restyler: Restyler, pictures: Sequence[Picture], statistics: Sequence[LabStatistics], look: Look) -> Rgb:
    images = np.stack([picture.decoded.rgb for picture in pictures])
    restyled = restyler.restyle(
        images,
        np.stack([picture.mask.weights for picture in pictures]),
        statistics,
        brand=look.brand,
        strength=look.strength,
        background_strength=look.background_strength,
        colour_policy=look.colour_policy,
    )
    if restyled.shape != images.shape or restyled.dtype != np.uint8:
        raise ValueError(f"expected uint8 {list(images.shape)}, received {restyled.dtype} {list(restyled.shape)}")
    return restyled
