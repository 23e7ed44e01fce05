"""A night whose catalog left what its model was trained on says so, and is published all the same."""

from __future__ import annotations

import json
from dataclasses import replace

from small_night import SmallNight

from pipelines.core import storage
from pipelines.core.contracts import ImageFacts, SnapshotRow
from pipelines.core.partitions import write_partitioned
from pipelines.core.tables import finished_info, read_rows
from pipelines.release.catalog_profile import night_profile, remembered_night_profile
from pipelines.release.models import blessed_model
from pipelines.release.night_drift import remember_training_profile


def brightened(night: SmallNight, lightness: float) -> None:
    """Facts of a night whose products are of this mean lightness."""
    facts = read_rows(night.night.facts, ImageFacts)
    changed = []
    for fact in facts:
        statistics = json.loads(fact.statistics_json)
        statistics["mean"] = [lightness, *statistics["mean"][1:]]
        changed.append(replace(fact, statistics_json=json.dumps(statistics)))
    buckets = finished_info(night.night.snapshot, SnapshotRow).buckets
    write_partitioned(night.night.facts, night.night.facts_parts, changed, ImageFacts, buckets)


def test_a_catalog_that_turned_bright_is_told_and_published(night: SmallNight) -> None:
    rows = []
    for number in range(40):
        night.made.add_picture(f"q{number}.png", number)
        rows.append({"product_id": f"q{number}", "image_id": f"q{number}", "image_uri": f"pictures/q{number}.png"})
    night.made.write_feed(rows)
    night.prepare()
    brightened(night, 40.0)
    model = blessed_model(night.paths)
    assert model is not None
    remember_training_profile(night.paths, model.bundle_sha256, night.date, night_profile(night.night))
    night.plan()
    night.compute()
    assert night.publish()["drift"]["findings"] == []
    tonight = replace(night, date="2026-11-24", run_id="run-2")
    night.made.add_picture("q1.png", 500)
    tonight.prepare()
    brightened(tonight, 90.0)
    tonight.plan()
    tonight.compute()
    summary = tonight.publish()
    assert summary["status"] == "published"
    assert any("bright" in finding["sentence"] for finding in summary["drift"]["findings"])


def test_profiles_of_parts_are_made_once_and_add_up(night: SmallNight) -> None:
    night.prepare()
    assert remembered_night_profile(night.night) == night_profile(night.night)
    files = storage.list_files(f"{night.made.output}/profiles")
    assert len(files) == 2
    assert remembered_night_profile(night.night) == night_profile(night.night)
    storage.write_bytes(files[0], b"damaged")
    assert remembered_night_profile(night.night) == night_profile(night.night)
