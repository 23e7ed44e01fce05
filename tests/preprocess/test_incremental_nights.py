"""Nights that follow one another: what did not change is not computed again, and the result is as if it had been."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from picture_shop import DATE, THIRD_PARTY_WARNINGS, PictureShop, encoded, product_picture

from pipelines.core import storage
from pipelines.core.contracts import ImageFacts, SnapshotRow
from pipelines.core.errors import MissingArtifact
from pipelines.core.partitions import bucket_of
from pipelines.core.tables import ArtifactInfo, finished_info, read_rows
from pipelines.preprocess.tfrecord import example_features, read_records

pytestmark = THIRD_PARTY_WARNINGS
BEFORE, AFTER, NEXT = "2026-11-22", "2026-11-24", "2026-11-25"


@pytest.fixture
def shop(tmp_path: Path) -> PictureShop:
    """Twelve products of two views in four buckets, the night of `DATE` prepared."""
    made = PictureShop(tmp_path, buckets=4)
    made.add_products(12)
    made.write()
    made.run()
    return made


def next_night(shop: PictureShop, date: str = AFTER) -> PictureShop:
    """The same shop, some date."""
    return replace(shop, date=date, rows=shop.rows.copy())


def prepared(shop: PictureShop, **flags: Any) -> dict[str, Any]:
    """Write the snapshot and run."""
    shop.write()
    return shop.run(**flags)


def facts_index(shop: PictureShop) -> ArtifactInfo:
    return finished_info(shop.night.facts, ImageFacts)


def dataset(shop: PictureShop) -> dict[str, bytes]:
    """What TFDS opens."""
    return {name: data for name, data in shop.files().items() if "tfrecord" in name or name == "dataset_info.json"}


def examples(shop: PictureShop) -> list[str]:
    """Image ids in the dataset."""
    shards = [data for name, data in dataset(shop).items() if "tfrecord" in name]
    return sorted(example_features(record)["image_id"].decode() for data in shards for record in read_records(data))


def same_as_from_scratch(shop: PictureShop, tmp_path: Path) -> None:
    """Facts, dataset and summary are those of a shop that has no earlier night."""
    fresh = replace(shop, output_uri=str(tmp_path / f"fresh-{shop.date}"))
    summary = prepared(fresh)
    assert facts_index(shop).sha256 == facts_index(fresh).sha256
    assert dataset(shop) == dataset(fresh)
    assert shop.dead_letters().keys() == fresh.dead_letters().keys()
    ours = json.loads(storage.read_bytes(shop.night.preprocess_summary))
    for name in (
        "images",
        "examples",
        "not_for_training",
        "not_sampled",
        "by_reason",
        "by_flag",
        "by_mask_kind",
        "splits",
    ):
        assert ours[name] == summary[name], name


def hide_pictures(shop: PictureShop) -> None:
    """Whoever decodes one fails from now on."""
    (shop.home / "pictures").rename(shop.home / "hidden")


def test_a_quiet_night_takes_everything_over_by_reference(shop: PictureShop) -> None:
    later = next_night(shop)
    hide_pictures(shop)
    summary = prepared(later)
    assert (summary["prepared"], summary["taken_over"], summary["already_complete"]) == (0, 24, False)
    assert summary["message"] == f"nothing changed since {DATE}"
    assert facts_index(later) == facts_index(shop)
    assert dataset(later) == dataset(shop)
    linked = {Path(folder, name).stat().st_ino for folder in (shop.night.dataset, later.night.dataset)
              for name in dataset(shop) if "tfrecord" in name}  # fmt: skip
    assert len(linked) == len(dataset(shop)) - 1
    assert later.run()["already_complete"] is True


def test_a_quiet_night_reads_no_part_and_loads_no_heavy_package(shop: PictureShop) -> None:
    later = next_night(shop)
    later.write()
    for part in (*finished_info(shop.night.snapshot, SnapshotRow).parts, *facts_index(shop).parts):
        Path(part.uri).write_bytes(b"not read")
    code = (
        "import sys\n"
        "from pipelines.preprocess.job import preprocess\n"
        "from pipelines.transforms.job_options import NightJobOptions\n"
        f"preprocess(NightJobOptions({str(shop.settings)!r}, {AFTER!r}, 'r', False, ()))\n"
        "print(sorted({'apache_beam', 'tensorflow', 'pyarrow'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_only_what_changed_is_prepared_and_only_its_bucket_is_read(shop: PictureShop, tmp_path: Path) -> None:
    later = next_night(shop)
    later.rows = [row for row in later.rows if row.image_id != "p003-1.png"]
    later.add("p003", "p003-1.png", encoded(product_picture(9999)))
    later.write()
    changed = bucket_of("p003", 4)
    others = [part for part in finished_info(later.night.snapshot, SnapshotRow).parts if part.bucket != changed]
    others += [part for part in facts_index(shop).parts if part.bucket != changed]
    contents = {part.uri: Path(part.uri).read_bytes() for part in others}
    for uri in contents:
        Path(uri).write_bytes(b"not read")
    summary = later.run()
    for uri, data in contents.items():
        Path(uri).write_bytes(data)
    assert (summary["prepared"], summary["taken_over"]) == (1, 23)
    assert summary["beam_counters"]["examples"] == 1
    carried = {part.bucket: part for part in facts_index(shop).parts}
    assert [part.bucket for part in facts_index(later).parts if part != carried[part.bucket]] == [changed]
    same_as_from_scratch(later, tmp_path)


def test_a_shard_takes_the_examples_that_it_had(shop: PictureShop) -> None:
    later = next_night(shop)
    later.add("p003", "p003-2.png", encoded(product_picture(9999)))
    for row in shop.rows:
        Path(row.image_uri).unlink()
    summary = prepared(later)
    assert (summary["prepared"], summary["dead_letters"]) == (1, 0)
    assert summary["beam_counters"]["examples"] == 1
    assert 0 < summary["beam_counters"]["examples_taken_over"] < 24
    assert examples(later) == sorted(row.image_id for row in later.rows)


@pytest.mark.parametrize("seed", range(2))
def test_nights_of_any_changes_are_as_if_computed_from_scratch(tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 (repeatable)
    shop = PictureShop(tmp_path, buckets=rng.choice([1, 4]), images_per_shard=3, max_images=rng.choice([15, 1000]))
    shop.add_products(9)
    prepared(shop)
    for date in (AFTER, NEXT):
        shop = next_night(shop, date)
        shop.buckets = rng.choice([1, 4, 8])
        change(shop, rng)
        summary = prepared(shop)
        assert summary["images"] == summary["prepared"] + summary["taken_over"] + summary["listed"]
        same_as_from_scratch(shop, tmp_path)


def change(shop: PictureShop, rng: random.Random) -> None:
    """Products come and go; pictures get other bytes, break, change their product; categories and titles change."""
    products = sorted({row.product_id for row in shop.rows})
    gone = rng.sample(products, 2)
    shop.rows = [row for row in shop.rows if row.product_id not in gone]
    for number in rng.sample(range(100, 200), 3):
        picture = encoded(product_picture(number)) if number % 3 else b"<html>"
        shop.add(f"new{number}", f"new{number}-0.png", picture)
    for place in rng.sample(range(len(shop.rows)), 4):
        row = shop.rows[place]
        shop.rows[place] = rng.choice(
            [replace(row, title="other"), replace(row, category="mugs"), replace(row, product_id=f"{row.product_id}x")]
        )
    row = shop.rows.pop(0)
    shop.add(row.product_id, row.image_id, encoded(product_picture(rng.randrange(10**6))))


def test_without_the_same_task_nothing_is_taken_over(shop: PictureShop) -> None:
    later = next_night(shop)
    settings = later.settings.read_text()
    later.write()
    later.settings.write_text(settings.replace("max_pixels: 50000", "max_pixels: 60000"))
    assert later.run()["prepared"] == 24


def test_other_training_sizes_keep_the_facts(shop: PictureShop, tmp_path: Path) -> None:
    later = next_night(shop)
    later.short_side_px = 80
    summary = prepared(later)
    assert (summary["prepared"], summary["beam_counters"]) == (0, {"examples": 24})
    assert facts_index(later) == facts_index(shop)
    same_as_from_scratch(later, tmp_path)


def test_the_dataset_is_a_bounded_sample_of_whole_products(shop: PictureShop, tmp_path: Path) -> None:
    small = next_night(shop)
    small.max_images = 9
    summary = prepared(small)
    assert (summary["examples"], summary["not_sampled"], summary["prepared"]) == (8, 16, 0)
    assert len(shop.facts()) == len(small.facts()) == 24
    same_as_from_scratch(small, tmp_path)
    products = {image_id[:4] for image_id in examples(small)}
    assert examples(small) == sorted(row.image_id for row in shop.rows if row.product_id in products)
    last = next_night(small, NEXT)
    last.rows = [row for row in last.rows if row.product_id != min(products)]
    last.add("new", "new-0.png", encoded(product_picture(77)))
    prepared(last)
    assert products - {min(products)} <= {image_id[:4] for image_id in examples(last)}
    same_as_from_scratch(last, tmp_path)


def test_images_outside_the_sample_are_only_measured(tmp_path: Path) -> None:
    shop = PictureShop(tmp_path, max_images=6)
    shop.add_products(6)
    summary = prepared(shop)
    assert summary["beam_counters"] == {"examples": 6, "measured": 6}
    assert (summary["examples"], summary["not_sampled"]) == (6, 6)


def test_a_product_with_more_views_than_the_dataset_takes_is_never_sampled(tmp_path: Path) -> None:
    shop = PictureShop(tmp_path, max_images=4)
    shop.add_products(1, views=5)
    shop.add("q", "q-0.png", encoded(product_picture(50)))
    assert prepared(shop)["examples"] == 1
    assert examples(shop) == ["q-0.png"]


def test_a_failing_image_is_tried_for_some_nights_and_then_listed(shop: PictureShop) -> None:
    shop.add("broken", "broken.png", b"<html>")
    seen = []
    for date in (AFTER, NEXT, "2026-11-26", "2026-11-27"):
        night = next_night(shop, date)
        summary = prepared(night)
        letter = night.dead_letters()["broken.png"]
        seen.append((summary["prepared"], summary["listed"], letter.attempts))
        assert letter.reason == "not-an-image"
        assert ("only listed from now on" in letter.message) == (letter.attempts == 3)
        assert letter.message.count("Tried on 3 nights") == int(letter.attempts == 3)
        assert (summary["images"], summary["dead_letters"]) == (25, 1)
    assert seen == [(1, 0, 1), (1, 0, 2), (1, 0, 3), (0, 1, 3)]
    # Raising the limit tries it once more; other bytes begin anew.
    raised = next_night(shop, "2026-11-28")
    raised.max_attempts = 5
    assert prepared(raised)["prepared"] == 1
    assert raised.dead_letters()["broken.png"].attempts == 4
    replaced = next_night(shop, "2026-11-29")
    replaced.rows = [row for row in replaced.rows if row.product_id != "broken"]
    replaced.add("broken", "broken.png", b"<!doctype html>")
    prepared(replaced)
    assert replaced.dead_letters()["broken.png"].attempts == 1


def test_an_image_that_can_be_read_again_is_prepared(shop: PictureShop) -> None:
    file = shop.home / "pictures" / "p002-0.png"
    later = next_night(shop)
    data = encoded(product_picture(4242))
    later.rows = [row for row in later.rows if row.image_id != "p002-0.png"]
    later.add("p002", "p002-0.png", data)
    file.unlink()
    assert prepared(later)["by_reason"] == {"missing-file": 1}
    file.write_bytes(data)
    last = next_night(later, NEXT)
    summary = prepared(last)
    assert (summary["prepared"], summary["dead_letters"], summary["examples"]) == (1, 0, 24)


def test_an_earlier_date_takes_over_from_the_next_but_no_attempts(shop: PictureShop) -> None:
    later = next_night(shop)
    later.add("broken", "broken.png", b"<html>")
    prepared(later)
    earlier = next_night(later, BEFORE)
    summary = prepared(earlier)
    assert (summary["prepared"], summary["taken_over"]) == (1, 24)
    assert earlier.dead_letters()["broken.png"].attempts == 1


def test_a_known_image_that_its_shard_needs_and_nobody_can_read_is_a_dead_letter(shop: PictureShop) -> None:
    later = next_night(shop)
    later.short_side_px = 80
    Path(later.rows[5].image_uri).unlink()
    summary = prepared(later)
    assert (summary["images"], summary["examples"], summary["dead_letters"]) == (24, 23, 1)
    assert later.rows[5].image_id not in later.facts()


def test_lost_shards_are_made_of_the_examples_that_an_earlier_dataset_has(shop: PictureShop) -> None:
    hide_pictures(shop)
    for uri in storage.list_files(shop.night.shards):
        storage.delete(uri)
    later = next_night(shop)
    later.images_per_shard = 3
    summary = prepared(later)
    assert summary["beam_counters"] == {"examples_taken_over": 24}
    assert examples(later) == examples(shop)


@pytest.mark.parametrize("harm", [lambda file: file.unlink(), lambda file: file.write_bytes(b"altered")])
def test_a_night_whose_tables_are_harmed_is_mended_when_it_runs_again(shop: PictureShop, harm: Any) -> None:
    before = facts_index(shop)
    files = [Path(before.parts[0].uri), *map(Path, storage.list_files(shop.night.candidate_parts))]
    contents = [file.read_bytes() for file in files]
    for file in files:
        harm(file)
    with pytest.raises(MissingArtifact, match="run"):
        read_rows(shop.night.facts, ImageFacts)
    summary = shop.run("run-2")
    assert summary["already_complete"] is False
    assert 0 < summary["prepared"] < 24
    assert [file.read_bytes() for file in files] == contents
    assert facts_index(shop) == before
    assert shop.run("run-3")["already_complete"] is True


def test_artifacts_of_two_runs_are_never_taken_for_those_of_one(shop: PictureShop) -> None:
    kept = Path(f"{shop.night.facts}.json").read_bytes()
    other = next_night(shop, DATE)
    other.rows = other.rows[:-2]
    prepared(other)
    Path(f"{shop.night.facts}.json").write_bytes(kept)
    later = next_night(other)
    assert prepared(later)["prepared"] == 22
