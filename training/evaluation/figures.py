"""Figures of one model's looks for one brand, each measured once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from training.evaluation.looks import Looks, Regime
from training.evaluation.subject import Subject
from training.metrics.figures import SetFigures, set_figures

Pixels = NDArray[np.uint8]


class Measurements:
    """What was measured once is kept.

    Args:
        looks: of the model, of the subject's pictures.
        subject: pictures, references and judges.
    """

    def __init__(self, looks: Looks, subject: Subject) -> None:
        self.looks = looks
        self.subject = subject
        self._restyled: dict[Regime, SetFigures] = {}
        self._colour_only: dict[Regime, SetFigures] = {}

    def restyled(self, regime: Regime) -> SetFigures:
        """Of the model's look."""
        if regime not in self._restyled:
            self._restyled[regime] = self.of(self.looks.restyled(regime))
        return self._restyled[regime]

    def colour_only(self, regime: Regime) -> SetFigures:
        """Of the colour map alone."""
        if regime not in self._colour_only:
            self._colour_only[regime] = self.of(self.looks.colour_only(regime))
        return self._colour_only[regime]

    def of(self, pictures: Sequence[Pixels]) -> SetFigures:
        """Of any pictures made of the subject's first ones."""
        return set_figures(self.subject.photos[: len(pictures)], pictures, self.subject.yardstick)

    def for_blessing(self, strength: float) -> dict[str, float]:
        """The numbers that a blessing goes by: the brand's own colour policy at one strength.

        Those of AlexNet are among them where it is there, beside the colour map alone.
        """
        from training.evaluation.perceptual_figures import perceptual_figures

        regime, subject = Regime(self.looks.own_colour, strength), self.subject
        found = perceptual_figures(
            [p.rgb for p in subject.pictures],
            self.looks.colour_only(regime),
            self.looks.restyled(regime),
            [p.weights for p in subject.pictures],
            subject.references,
            subject.perceptual,
        )
        if subject.yardstick is not None:
            seen, baseline = self.restyled(regime).medians(), self.colour_only(regime).medians()
            found |= {name: seen[name] for name in ("hand", "style", "lpips", "delta_e") if name in seen}
            found |= {f"{name}_colour_only": baseline[name] for name in ("hand", "style") if name in baseline}
        return found
