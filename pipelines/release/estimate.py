"""What a run would take, said before it starts: images, time, and cost by the shop's rates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pipelines.core.paths import BrandPaths
from pipelines.core.settings import CostSettings
from pipelines.release.releases import measured_seconds_an_image

START_SECONDS: Final = 20.0
"""Loading the model and starting the jobs."""


@dataclass(frozen=True)
class Estimate:
    """Seconds of one machine, and its price in `currency`."""

    estimated_seconds: float
    estimated_cost: float
    currency: str


def estimate(costs: CostSettings, paths: BrandPaths, images: int) -> Estimate:
    """Time and cost of computing so many images, by what the brand's current release measured if it did."""
    an_image = measured_seconds_an_image(paths) or costs.seconds_an_image
    seconds = images * an_image + (START_SECONDS if images else 0.0)
    cost = seconds / 3600 * costs.machine_hour + images / 1000 * costs.thousand_writes
    return Estimate(round(seconds, 1), round(cost, 4), costs.currency)


def add_up(estimates: list[Estimate], currency: str) -> Estimate:
    """The sum of several."""
    return Estimate(
        round(sum(one.estimated_seconds for one in estimates), 1),
        round(sum(one.estimated_cost for one in estimates), 4),
        currency,
    )
