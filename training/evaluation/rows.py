"""The rows of an evaluation's table: regimes, baselines, and strengths from 0 to 1."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from training.evaluation.figures import Measurements
from training.evaluation.looks import REGIMES, STRENGTHS, Regime
from training.metrics.figures import SetFigures

Pixels = NDArray[np.uint8]
_TOLERANCE: Final = 0.01
_RISING: Final = ("hand", "style", "lpips")
_FALLING: Final = ("ms_ssim",)


@dataclass(frozen=True)
class Evaluation:
    """Figures of one model for one brand.

    Attributes:
        regimes: by name, the model's looks.
        baselines: by name, what the looks must beat, on the same pictures.
        strengths: by strength, in the brand's own colour policy.
    """

    regimes: Mapping[str, SetFigures]
    baselines: Mapping[str, SetFigures]
    strengths: Mapping[float, SetFigures]

    def monotone(self) -> dict[str, bool]:
        """Whether each figure only rises, or only falls, with strength; to within 0.01. Absent figures are left out."""
        medians = [self.strengths[strength].medians() for strength in sorted(self.strengths)]
        found = {}
        for names, sign in ((_RISING, 1.0), (_FALLING, -1.0)):
            for name in names:
                if all(name in row for row in medians):
                    steps = np.diff([row[name] for row in medians]) * sign
                    found[name] = bool((steps >= -_TOLERANCE).all())
        return found

    def to_json(self) -> dict[str, Any]:
        """Plain types."""
        return {
            "regimes": {name: figures.to_json() for name, figures in self.regimes.items()},
            "baselines": {name: figures.to_json() for name, figures in self.baselines.items()},
            "strengths": {f"{strength:g}": figures.to_json() for strength, figures in self.strengths.items()},
            "monotone": self.monotone(),
        }


def evaluate_looks(of: Measurements, optimised: Sequence[Pixels], say: Callable[[str], None]) -> Evaluation:
    """Measure every regime and baseline.

    Args:
        of: one model.
        optimised: the slow reference for the first pictures, as many as there are.
        say: told what is measured next.
    """
    regimes = {}
    baselines = {"identity": of.of([picture.rgb for picture in of.subject.pictures])}
    for regime in REGIMES:
        say(f"measuring {regime.name}")
        regimes[regime.name] = of.restyled(regime)
        baselines[f"colour only, {regime.name}"] = of.colour_only(regime)
    if optimised:
        baselines["optimisation"] = of.of(optimised)
    say("measuring strengths from 0 to 1")
    strengths = {strength: of.restyled(Regime(of.looks.own_colour, strength)) for strength in STRENGTHS}
    return Evaluation(regimes, baselines, strengths)
