from __future__ import annotations

import json
from dataclasses import replace

import pytest
from small_night import SmallNight

from pipelines.core import storage
from pipelines.core.errors import MissingArtifact
from pipelines.core.looks import Look, Region, mask_beside
from pipelines.release import plan
from pipelines.release.ingest import ingest
from pipelines.release.region_marks import region_marks
from pipelines.release.work_key import KeyBasis, views_mark, work_keys

ALL = ["p0-a", "p1-a", "p2-a"]


@pytest.fixture
def second(night: SmallNight) -> SmallNight:
    """The night after: the first one is published."""
    night.whole()
    return replace(night, date="2026-11-24", run_id="run-2")


def plan_again(night: SmallNight) -> list[str]:
    night.prepare()
    summary = night.plan()
    assert summary["compute"] == len(night.planned())
    assert summary["reuse"] == len(night.reused())
    assert sorted(night.planned() + [row.image_id for row in night.reused()]) == sorted(
        row["image_id"] for row in feed_rows(night)
    )
    return night.planned()


def feed_rows(night: SmallNight) -> list[dict[str, str]]:
    import csv

    with (night.made.root / "feed.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_first_night_computes_all(night: SmallNight) -> None:
    assert plan_again(night) == ALL


def test_nothing_changed_computes_nothing(second: SmallNight) -> None:
    assert plan_again(second) == []
    assert second.plan()["estimated_seconds"] == 0
    assert {row.outcome for row in second.reused()} == {"restyled"}
    assert {row.computed_in_run for row in second.reused()} == {"run-1"}


def test_a_new_image_is_computed(second: SmallNight) -> None:
    second.made.add_picture("p9.png", 9)
    rows = feed_rows(second)
    second.made.write_feed([*rows, {**rows[0], "product_id": "p9", "image_id": "p9-a", "image_uri": "pictures/p9.png"}])
    assert plan_again(second) == ["p9-a"]


def test_changed_bytes_are_computed(second: SmallNight) -> None:
    second.made.add_picture("p1.png", 77)
    assert plan_again(second) == ["p1-a"]


def test_a_removed_image_is_in_neither(second: SmallNight) -> None:
    second.made.write_feed(feed_rows(second)[1:])
    assert plan_again(second) == []
    assert [row.image_id for row in second.reused()] == ["p1-a", "p2-a"]


def test_a_changed_recipe_computes_all(second: SmallNight) -> None:
    second.made.configure_brand("inkwell", strength=0.5)
    assert plan_again(second) == ALL


def test_settings_that_decide_no_bytes_compute_nothing(second: SmallNight) -> None:
    second.made.configure_brand("inkwell", gate={"max_failed_share": 0.1}, training={"minutes": 3})
    assert plan_again(second) == []


def test_a_new_model_computes_all(second: SmallNight) -> None:
    sha256 = second.made.bless_fake_model(seed=1)
    assert plan_again(second) == ALL
    assert json.loads(storage.read_bytes(second.run.model_pin))["bundle_sha256"] == sha256


def test_a_new_view_recomputes_its_siblings_only(second: SmallNight) -> None:
    second.made.add_picture("p1b.png", 55)
    rows = feed_rows(second)
    second.made.write_feed([*rows, {**rows[1], "image_id": "p1-b", "image_uri": "pictures/p1b.png"}])
    assert plan_again(second) == ["p1-a", "p1-b"]


def test_the_same_bytes_under_new_names_are_reused(second: SmallNight) -> None:
    rows = feed_rows(second)
    (second.made.root / "pictures/p0.png").rename(second.made.root / "pictures/renamed.png")
    rows[0].update(product_id="q", image_id="q-a", image_uri="pictures/renamed.png", title="New words")
    second.made.write_feed(rows)
    assert plan_again(second) == []
    row = next(row for row in second.reused() if row.image_id == "q-a")
    assert (row.product_id, row.title, row.image_uri) == (
        "q", "New words", str(second.made.root / "pictures/renamed.png")
    )  # fmt: skip


def test_a_kept_original_stays_one(night: SmallNight) -> None:
    night.whole({"p1-a": "fail"})
    second = replace(night, date="2026-11-24", run_id="run-2")
    assert plan_again(second) == []
    outcomes = {row.image_id: (row.outcome, row.reason) for row in second.reused()}
    assert outcomes["p1-a"] == ("kept_original", "edges")


def test_a_dropped_image_is_not_planned(night: SmallNight) -> None:
    night.prepare(dropped=["p1-a"])
    night.plan()
    assert night.planned() == ["p0-a", "p2-a"]


def test_a_dry_run_writes_nothing(night: SmallNight) -> None:
    night.prepare()
    before = night.made.files()
    summary = night.plan(dry_run=True)
    assert (summary["compute"], summary["reuse"], summary["dry_run"]) == (3, 0, True)
    assert night.made.files() == before


def test_the_run_keeps_its_resolved_configuration(night: SmallNight) -> None:
    night.prepare()
    night.plan()
    configuration = json.loads(storage.read_bytes(night.run.configuration))
    assert configuration["run_id"] == "run-1"
    assert configuration["recipe_sha256"] == night.made.load().brand("inkwell").recipe_sha256()
    assert configuration["brands"]["inkwell"]["strength"] == 1.0


def test_a_snapshot_newer_than_the_facts_is_refused(night: SmallNight) -> None:
    night.prepare()
    night.made.add_picture("p1.png", 99)
    ingest(night.made.load(), night.date)
    with pytest.raises(MissingArtifact, match="1 images of the snapshot were not preprocessed, 'p1-a' the first"):
        night.plan()


def test_without_a_model_there_is_no_plan(night: SmallNight) -> None:
    night.prepare()
    (night.made.output / "models/inkwell/blessed.json").unlink()
    with pytest.raises(MissingArtifact, match="expected a blessed model, found none; run style_training first"):
        night.plan()


def test_without_a_snapshot_the_job_says_which_stage_is_missing(
    night: SmallNight, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--settings", str(night.made.file), "--brand", "inkwell", "--date", night.date, "--run-id", "r"]
    assert plan.main(arguments) == 6
    assert "expected a finished SnapshotRow table here, found none" in capsys.readouterr().err


def test_every_part_of_the_work_key_counts() -> None:
    def key(source: str, views: str, model: str, recipe: str, mark: str, version: int = 1) -> str:
        return KeyBasis(model, recipe, version).key(source, views, mark)

    parts = ["source", "views", "model", "recipe", "mark"]
    keys = {key(*parts), key(*parts, version=2)}
    keys |= {key(*parts[:n], "other", *parts[n + 1 :]) for n in range(5)}
    assert len(keys) == 7


def test_views_count_whatever_their_order() -> None:
    basis = KeyBasis("model", "recipe")
    assert views_mark(["a", "b"]) == views_mark(["b", "a"]) != views_mark(["a"])
    assert work_keys(basis, ["p", "q", "p"], ["1", "1", "2"]) == [
        basis.key("1", views_mark(["1", "2"])),
        basis.key("1", views_mark(["1"])),
        basis.key("2", views_mark(["2", "1"])),
    ]


def test_a_mask_that_comes_or_changes_computes_its_picture_alone(night: SmallNight) -> None:
    night.made.configure_brand("inkwell", regions=[{"mask": "sleeve", "mix": {"inkwell": 1}}])
    night.whole()
    later = replace(night, date="2026-11-24", run_id="run-2")
    assert plan_again(later) == []
    rows = feed_rows(later)
    mask = later.made.root / mask_beside(rows[1]["image_uri"], "sleeve")
    for content in (b"one", b"another"):
        mask.write_bytes(content)
        assert later.plan()["compute"] == 1
        assert later.planned() == [rows[1]["image_id"]]
    mask.unlink()
    assert later.plan()["compute"] == 0


def test_regions_of_a_category_concern_its_products_alone(night: SmallNight) -> None:
    look = Look.of_brand("inkwell")
    image = ("p.png", "shirts")
    shirts, bags = (Region((0.0, 0.0, 1.0, 0.5), look.mix, category=name) for name in ("shirts", "bags"))
    assert region_marks(look, [image], 100) == [""]
    assert region_marks(replace(look, regions=(bags,)), [image], 100) == [""]
    one = region_marks(replace(look, regions=(shirts,)), [image], 100)
    assert one == region_marks(replace(look, regions=(shirts, bags)), [image], 100) != [""]
