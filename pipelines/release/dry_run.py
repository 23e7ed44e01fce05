"""What a night would do, without doing it: as much as can be known before its first stage has run."""

from __future__ import annotations

from collections.abc import Iterator

from pipelines.core import tables
from pipelines.core.paths import BrandPaths, NightPaths, checked_date
from pipelines.core.settings import Shop
from pipelines.release.feed import read_feed
from pipelines.release.models import blessed_model
from pipelines.release.plan import SECONDS_AN_IMAGE, plan_run
from pipelines.release.training_due import training_request


def describe_night(shop: Shop, date: str, brand: str | None) -> Iterator[str]:
    """Lines for a person. Validates settings, references and feed on the way."""
    night = NightPaths(shop.settings.output_uri, checked_date(date))
    images = sum(1 for _ in read_feed(shop.settings.feed, date))
    yield f"{date}: the feed names {images} images; results go to {night.root}"
    for name in [shop.brand(brand).brand] if brand else list(shop.brands):
        due = training_request(shop, name, date)["due"]
        preset = shop.brand(name).training.preset
        yield f"{name}: {f'would train (preset {preset})' if due else 'model is up to date'}"
        prepared = tables.artifact_info(night.snapshot) and tables.artifact_info(night.facts)
        if not due and prepared and blessed_model(BrandPaths(night.root, name)):
            plan = plan_run(shop, name, date, "dry-run", dry_run=True)
            seconds = plan["estimated_seconds"]
            yield f"{name}: would restyle {plan['compute']} images in about {seconds} s and reuse {plan['reuse']}"
        else:
            yield f"{name}: would restyle up to {images} images in about {round(images * SECONDS_AN_IMAGE)} s"
