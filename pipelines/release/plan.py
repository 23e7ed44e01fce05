"""Plan: which images of a night must be restyled for a brand, and which an earlier release already has.

    python -m pipelines.release.plan --settings shop.yaml --brand inkwell --date 2026-11-23 --run-id manual [--dry-run]

Pins the one model bundle of the run and stores the resolved configuration with it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import Any

from pipelines.core import storage, tables
from pipelines.core.contracts import DeadLetter, ImageFacts, PlanRow, ReleaseRow, SnapshotRow
from pipelines.core.errors import MissingArtifact
from pipelines.core.jobs import run_job
from pipelines.core.paths import BrandPaths, NightPaths, RunPaths, checked_date
from pipelines.core.settings import BrandSettings, Shop, load_shop
from pipelines.core.version import OUTPUT_VERSION, package_version
from pipelines.images.colour import LabStatistics
from pipelines.release.models import BlessedModel, blessed_model
from pipelines.release.region_marks import region_marks
from pipelines.release.releases import current_release, utc_now

SECONDS_AN_IMAGE = 0.5
"""Restyling and verifying one image on two CPU cores; only estimates use it."""
START_SECONDS = 20
"""Loading the model and starting the jobs."""


@dataclass(frozen=True)
class Plan:
    """Every readable image of the night is in exactly one of the two."""

    compute: list[PlanRow]
    reuse: list[ReleaseRow]


def work_key(
    source_sha256: str, statistics_json: str, model_sha256: str, recipe_sha256: str, region_mark: str = ""
) -> str:
    """sha256 over everything that decides an output's bytes.

    The product's colour statistics take part because all views of a product share one colour map: a new view
    changes it. So do the masks of its regions, where it has any.
    """
    parts = [source_sha256, statistics_json, model_sha256, recipe_sha256, str(OUTPUT_VERSION)]
    if region_mark:
        parts.append(region_mark)
    return hashlib.sha256("|".join(parts).encode()).hexdigest()


def make_plan(
    snapshot: Sequence[SnapshotRow],
    facts: Sequence[ImageFacts],
    published: Sequence[ReleaseRow],
    model: BlessedModel,
    brand: BrandSettings,
    marks: Mapping[str, str] | None = None,
) -> Plan:
    """Join the night's images with what the current release holds, by work key.

    Images without facts (preprocessing dropped them) are not planned. `marks` are those of `region_marks`.
    """
    rows = {row.image_id: row for row in snapshot}
    known = [
        fact for fact in facts if fact.image_id in rows and rows[fact.image_id].source_sha256 == fact.source_sha256
    ]
    statistics = _product_statistics(known)
    by_key = {row.work_key: row for row in published}
    recipe = brand.recipe_sha256()
    plan = Plan([], [])
    for fact in sorted(known, key=lambda fact: fact.image_id):
        row, merged = rows[fact.image_id], statistics[fact.product_id]
        mark = (marks or {}).get(fact.image_id, "")
        key = work_key(row.source_sha256, merged, model.bundle_sha256, recipe, mark)
        if earlier := by_key.get(key):
            plan.reuse.append(_reused(earlier, row))
        else:
            plan.compute.append(_planned(row, fact, merged, key))
    return plan


def _planned(row: SnapshotRow, fact: ImageFacts, product_statistics_json: str, key: str) -> PlanRow:
    return PlanRow(
        product_id=row.product_id,
        image_id=row.image_id,
        image_uri=row.image_uri,
        title=row.title,
        category=row.category,
        source_sha256=row.source_sha256,
        width_px=fact.width_px,
        height_px=fact.height_px,
        has_alpha=fact.has_alpha,
        product_statistics_json=product_statistics_json,
        work_key=key,
    )


def _product_statistics(facts: Sequence[ImageFacts]) -> dict[str, str]:
    """Canonical JSON of each product's colour statistics over all its views."""
    views: dict[str, list[LabStatistics]] = {}
    for fact in sorted(facts, key=lambda fact: fact.image_id):
        views.setdefault(fact.product_id, []).append(LabStatistics.from_json(json.loads(fact.statistics_json)))
    return {product: json.dumps(reduce(add, parts).to_json(), sort_keys=True) for product, parts in views.items()}


def _reused(earlier: ReleaseRow, row: SnapshotRow) -> ReleaseRow:
    """The published row under tonight's ids and words; an original that was kept stays a kept original."""
    return replace(
        earlier,
        product_id=row.product_id,
        image_id=row.image_id,
        title=row.title,
        category=row.category,
        image_uri=row.image_uri,
        outcome="kept_original" if earlier.outcome == "kept_original" else "reused",
    )


def _check_prepared(
    snapshot: Sequence[SnapshotRow], facts: Sequence[ImageFacts], dropped: Sequence[DeadLetter], date: str
) -> None:
    """MissingArtifact unless every image of the snapshot has facts of its own bytes or a dead letter."""
    prepared = {(fact.image_id, fact.source_sha256) for fact in facts}
    lost = {letter.image_id for letter in dropped}
    missing = [
        row.image_id
        for row in snapshot
        if row.image_id not in lost and (row.image_id, row.source_sha256) not in prepared
    ]
    if missing:
        raise MissingArtifact(
            f"{date}: {len(missing)} images of the snapshot were not preprocessed, {missing[0]!r} the first; the "
            "snapshot is newer than the image facts: run catalog_preprocess for this date again."
        )


def plan_run(shop: Shop, brand_name: str, date: str, run_id: str, *, dry_run: bool) -> dict[str, Any]:
    """Read snapshot, facts, current release and blessed model; write the plan unless it is a dry run."""
    root = shop.settings.output_uri
    brand = shop.brand(brand_name)
    night, run, paths = NightPaths(root, date), RunPaths(root, date, brand_name, run_id), BrandPaths(root, brand_name)
    model = blessed_model(paths)
    if model is None:
        raise MissingArtifact(f"brand {brand_name}: expected a blessed model, found none; run style_training first.")
    release = current_release(paths)
    published = tables.read_rows(paths.release_rows(release), ReleaseRow) if release else []
    snapshot = tables.read_rows(night.snapshot, SnapshotRow)
    facts = tables.read_rows(night.facts, ImageFacts)
    _check_prepared(snapshot, facts, tables.read_json_lines(night.preprocess_dead_letters, DeadLetter), date)
    marks = region_marks(brand.look(), snapshot, shop.settings.images.max_bytes)
    plan = make_plan(snapshot, facts, published, model, brand, marks)
    summary = {
        "stage": "plan",
        "brand": brand_name,
        "date": date,
        "model_sha256": model.bundle_sha256,
        "compute": len(plan.compute),
        "reuse": len(plan.reuse),
        "estimated_seconds": round(len(plan.compute) * SECONDS_AN_IMAGE + (START_SECONDS if plan.compute else 0)),
    }
    if dry_run:
        return {**summary, "dry_run": True}
    configuration = {
        "schema_version": 1,
        "version": package_version(),
        "output_version": OUTPUT_VERSION,
        "run_id": run_id,
        "planned_at": utc_now(),
        "recipe_sha256": brand.recipe_sha256(),
        **shop.resolved(),
    }
    pin = {"schema_version": 1, "bundle_uri": model.bundle_uri, "bundle_sha256": model.bundle_sha256}
    storage.write_bytes(run.configuration, json.dumps(configuration, indent=1).encode())
    storage.write_bytes(run.model_pin, json.dumps(pin, indent=1).encode())
    tables.write_rows(run.reused, plan.reuse, ReleaseRow)
    tables.write_rows(run.plan, plan.compute, PlanRow)
    return summary


def main(argv: list[str] | None = None) -> int:
    """Entry point of the job."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.release.plan", description=__doc__)
    parser.add_argument("--settings", required=True, help="shop settings file")
    parser.add_argument("--brand", required=True)
    parser.add_argument("--date", required=True, help="date of the night, YYYY-MM-DD")
    parser.add_argument("--run-id", required=True, help="names the run's folder")
    parser.add_argument("--dry-run", action="store_true", help="say what would be computed, write nothing")
    options = parser.parse_args(argv)
    return run_job(
        lambda: plan_run(
            load_shop(options.settings),
            options.brand,
            checked_date(options.date),
            options.run_id,
            dry_run=options.dry_run,
        )
    )


if __name__ == "__main__":
    sys.exit(main())
