"""The feeds of a release lie beside it, written once; a night without a release has none."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from small_night import SmallNight

from pipelines.core import storage
from pipelines.core.errors import MissingArtifact
from pipelines.release import publish_feeds
from pipelines.release.publish_feeds import publish_feeds as write


def test_every_published_image_is_in_the_feed(night: SmallNight) -> None:
    night.made.configure_brand("inkwell", output={"public_base_url": "https://cdn.example.com/shop"})
    summary = night.whole({"p1-a": "fail"})
    written = write(night.made.load(), "inkwell", night.date, night.run_id)
    assert len(written["feeds"]) == 2
    rows = list(csv.DictReader(io.StringIO(storage.read_bytes(written["feeds"][0]).decode())))
    assert {row["image_id"]: row["outcome"] for row in rows} == {
        "p0-a": "restyled", "p1-a": "kept_original", "p2-a": "restyled"
    }  # fmt: skip
    assert all(row["image_url"].startswith("https://cdn.example.com/shop/objects/inkwell/") for row in rows)
    assert {row["release_id"] for row in rows} == {summary["release_id"]}
    before = night.made.files()
    write(night.made.load(), "inkwell", night.date, night.run_id)
    assert night.made.files() == before


def test_an_unchanged_night_has_no_feeds_of_its_own(night: SmallNight) -> None:
    night.whole()
    quiet = replace(night, date="2026-11-24", run_id="run-2")
    quiet.whole()
    arguments = ["--settings", str(night.made.file), "--brand", "inkwell", "--date", quiet.date, "--run-id", "run-2"]
    assert publish_feeds.main(arguments) == 99


def test_publish_comes_first(night: SmallNight) -> None:
    with pytest.raises(MissingArtifact, match="run publish"):
        write(night.made.load(), "inkwell", night.date, night.run_id)
