"""The looks that an evaluation measures, each made once."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from pipelines.images.look import ColourPolicy, fit_colour_map
from training.bundle import ModelBundle
from training.data import ContentPicture
from training.metrics.figures import measured

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Regime:
    """How a look is asked for: colour policy and strength on the product."""

    colour: ColourPolicy
    strength: float

    @property
    def name(self) -> str:
        """As tables and files name it."""
        return f"{self.colour}, strength {self.strength:g}"


REGIMES: Final = (Regime("keep-hue", 1.0), Regime("full", 1.0), Regime("full", 0.5))
"""The default for shops, the free look of illustrative brands, and half of it."""
STRENGTHS: Final = (0.0, 0.25, 0.5, 0.75, 1.0)


class Looks:
    """Pictures in a brand's looks; what was made once is kept.

    Args:
        bundle: the model.
        brand: a brand of the bundle.
        pictures: at the size at which they are measured.
    """

    def __init__(self, bundle: ModelBundle, brand: str, pictures: Sequence[ContentPicture]) -> None:
        self.brand = brand
        self.pictures = pictures
        self._style = bundle.brand(brand)
        self._bundle = bundle
        self._stylizer: Any = None
        self._made: dict[Regime, list[Pixels]] = {}

    @property
    def own_colour(self) -> ColourPolicy:
        """The policy that the brand was trained for."""
        return cast(ColourPolicy, self._style.colour_policy)

    def restyled(self, regime: Regime) -> list[Pixels]:
        """The model's look."""
        if regime not in self._made:
            self._made[regime] = [self._restyle(picture, regime) for picture in self.pictures]
        return self._made[regime]

    def colour_only(self, regime: Regime) -> list[Pixels]:
        """Our colour map alone, without the drawing hand: a baseline to beat."""
        found = []
        for picture in self.pictures:
            style = self._style
            colour = fit_colour_map(picture.statistics, style.statistics, regime.colour, regime.strength, style.palette)
            found.append(colour.apply(picture.rgb, picture.weights))
        return found

    def _restyle(self, picture: ContentPicture, regime: Regime) -> Pixels:
        if self._stylizer is None:
            from training.stylizer import Stylizer

            self._stylizer = Stylizer(self._bundle)
        restyled: Pixels = self._stylizer.restyle(
            picture.rgb[None],
            picture.weights[None],
            [picture.statistics],
            brand=self.brand,
            strength=regime.strength,
            colour_policy=regime.colour,
        )
        return np.asarray(restyled[0], np.uint8)


def at_measured_size(picture: ContentPicture) -> ContentPicture:
    """The picture at the size at which it is restyled and measured; colour statistics stay those of the product."""
    small = measured(picture.rgb, picture.weights)
    return dataclasses.replace(picture, rgb=small.rgb, weights=small.weights)
