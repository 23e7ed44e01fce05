"""What a night would do, without doing it: as much as can be known before its first stage has run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from pipelines.core import tables
from pipelines.core.paths import BrandPaths, NightPaths, checked_date
from pipelines.core.settings import Shop
from pipelines.release.estimate import Estimate, estimate
from pipelines.release.feeds.read import read_feed
from pipelines.release.models import blessed_model
from pipelines.release.plan import plan_run
from pipelines.release.training_due import training_request


@dataclass(frozen=True)
class NightEstimate:
    """Images that one brand's night would restyle. Not `exact`: the most, known from the feed alone."""

    brand: str
    images: int
    exact: bool
    took: Estimate
    note: str


def night_estimate(shop: Shop, date: str, brand: str | None) -> Iterator[NightEstimate]:
    """One for each brand. Validates settings, references and feed on the way."""
    night = NightPaths(shop.settings.output_uri, checked_date(date))
    fed = sum(1 for _ in read_feed(shop.settings.feed, date))
    for name in [shop.brand(brand).brand] if brand else list(shop.brands):
        due = training_request(shop, name, date)["due"]
        note = f"would train (preset {shop.brand(name).training.preset})" if due else "model is up to date"
        prepared = tables.artifact_info(night.snapshot) and tables.artifact_info(night.facts)
        if not due and prepared and blessed_model(BrandPaths(night.root, name)):
            plan = plan_run(shop, name, date, "dry-run", dry_run=True)
            took = Estimate(plan["estimated_seconds"], plan["estimated_cost"], plan["currency"])
            yield NightEstimate(name, plan["compute"], exact=True, took=took, note=f"{note}, {plan['reuse']} reused")
        else:
            took = estimate(shop.settings.costs, BrandPaths(night.root, name), fed)
            yield NightEstimate(name, fed, exact=False, took=took, note=note)


def describe_night(shop: Shop, date: str, brand: str | None) -> Iterator[str]:
    """Lines for a person."""
    night = NightPaths(shop.settings.output_uri, checked_date(date))
    images = sum(1 for _ in read_feed(shop.settings.feed, date))
    yield f"{date}: the feed names {images} images; results go to {night.root}"
    for found in night_estimate(shop, date, brand):
        about = "" if found.exact else "up to "
        yield f"{found.brand}: would restyle {about}{found.images} images{in_words(found.took)}; {found.note}"


def in_words(took: Estimate) -> str:
    """Time, and price where the shop has rates."""
    price = f" for about {took.estimated_cost:.2f} {took.currency}" if took.estimated_cost else ""
    return f" in about {took.estimated_seconds:.0f} s{price}"
