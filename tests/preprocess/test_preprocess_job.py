from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from picture_shop import DATE, THIRD_PARTY_WARNINGS, PictureShop, encoded, product_picture
from PIL import Image

from pipelines.core import storage
from pipelines.core.contracts import ImageFacts, SnapshotRow
from pipelines.core.errors import InputError, MissingArtifact, RestyleError
from pipelines.core.paths import night_progress
from pipelines.core.progress import read_progress
from pipelines.core.tables import finished_info, write_rows
from pipelines.preprocess.dataset_files import features_info
from pipelines.preprocess.tfrecord import read_records

pytestmark = [
    *THIRD_PARTY_WARNINGS,
    # TensorFlow Datasets 4.9 on protobuf 6 and NumPy 2.
    pytest.mark.filterwarnings("ignore::DeprecationWarning:tensorflow_datasets"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:google.protobuf"),
]
BROKEN = {
    "broken-cut.png": ("truncated", encoded(product_picture(1))[:200]),
    "broken-page.jpg": ("not-an-image", b"<!doctype html><title>404</title>"),
    "broken-huge.png": ("too-many-pixels", encoded(Image.new("RGB", (300, 200)))),
    "broken-clear.png": ("fully-transparent", encoded(Image.new("RGBA", (80, 80)))),
    "broken-changed.png": ("changed-since-snapshot", encoded(product_picture(2))),
}


@pytest.fixture(scope="module")
def mixed(tmp_path_factory: pytest.TempPathFactory) -> tuple[PictureShop, dict[str, Any]]:
    """Twenty good products, odd pictures and broken ones, prepared."""
    shop = PictureShop(tmp_path_factory.mktemp("mixed"))
    shop.add_products(20)
    for image_id, (reason, data) in BROKEN.items():
        shop.add("broken", image_id, data, seen_as=b"other" if reason == "changed-since-snapshot" else None)
    alpha = np.zeros((96, 72), np.uint8)
    alpha[16:80, 12:60] = 255
    cut_out = product_picture(5)
    cut_out.putalpha(Image.fromarray(alpha))
    shop.add("odd", "odd-alpha.png", encoded(cut_out))
    shop.add("odd", "odd-blank.png", encoded(Image.new("RGB", (90, 90), "white")))
    shop.add("odd", "odd-cmyk.jpg", encoded(product_picture(6).convert("CMYK"), "JPEG", quality=95))
    shop.write()
    return shop, shop.run()


@pytest.fixture(scope="module")
def examples(mixed: tuple[PictureShop, dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """What TensorFlow Datasets reads, by split."""
    import tensorflow_datasets as tfds

    builder = tfds.builder_from_directory(mixed[0].night.dataset)
    return {
        split: list(tfds.as_numpy(builder.as_dataset(split=split, shuffle_files=False)))
        for split in builder.info.splits
    }


def test_every_image_is_accounted_for(mixed: tuple[PictureShop, dict[str, Any]]) -> None:
    shop, summary = mixed
    assert summary["images"] == 48 == summary["examples"] + summary["not_for_training"] + summary["dead_letters"]
    assert (summary["examples"], summary["not_for_training"], summary["dead_letters"]) == (42, 1, 5)
    assert summary["by_reason"] == dict.fromkeys(sorted(reason for reason, _ in BROKEN.values()), 1)
    assert summary["by_flag"] == {"blank": 1, "cmyk-without-profile": 1}
    assert summary["by_mask_kind"] == {"alpha": 1, "flood": 41, "none": 1}
    assert set(shop.facts()) | set(shop.dead_letters()) == {row.image_id for row in shop.rows}


def test_beam_counts_the_same(mixed: tuple[PictureShop, dict[str, Any]]) -> None:
    counters = mixed[1]["beam_counters"]
    assert counters["examples"] == 42
    assert counters["not_for_training"] == 1
    assert sum(count for name, count in counters.items() if name.startswith("dead_letters/")) == 5


def test_dead_letters_name_image_stage_and_reason(mixed: tuple[PictureShop, dict[str, Any]]) -> None:
    letters = mixed[0].dead_letters()
    assert {image_id: letter.reason for image_id, letter in letters.items()} == {
        image_id: reason for image_id, (reason, _) in BROKEN.items()
    }
    assert "an HTML page" in letters["broken-page.jpg"].message
    assert {letter.stage for letter in letters.values()} == {"preprocess"}


def test_progress_holds_real_counts(mixed: tuple[PictureShop, dict[str, Any]]) -> None:
    progress = read_progress(night_progress(mixed[0].night.root, DATE, "preprocess"))
    assert progress is not None
    assert (progress.stage, progress.total, progress.done, progress.failed) == ("preprocess", 48, 48, 5)


def test_tfds_reads_every_example(
    mixed: tuple[PictureShop, dict[str, Any]], examples: dict[str, list[dict[str, Any]]]
) -> None:
    shop, summary = mixed
    assert {split: len(members) for split, members in examples.items()} == summary["splits"]
    assert set(summary["splits"]) == {"train", "validation", "test"}
    assert min(summary["splits"].values()) > 0
    read = {example["image_id"].decode(): example for members in examples.values() for example in members}
    assert set(read) == set(shop.facts()) - {"odd-blank.png"}
    for row in shop.rows:
        if row.image_id in read:
            example = read[row.image_id]
            assert example["product_id"].decode() == row.product_id
            assert example["category"].decode() == "shirts"
            assert example["source_sha256"].decode() == row.source_sha256


def test_views_of_a_product_share_a_split(examples: dict[str, list[dict[str, Any]]]) -> None:
    found: dict[bytes, set[str]] = defaultdict(set)
    for split, members in examples.items():
        for example in members:
            found[example["product_id"]].add(split)
    assert len(found) == 21
    assert all(len(splits) == 1 for splits in found.values())


def test_pictures_have_training_size_and_fitting_weights(examples: dict[str, list[dict[str, Any]]]) -> None:
    for example in (example for members in examples.values() for example in members):
        assert example["image"].dtype == np.uint8
        assert min(example["image"].shape[:2]) == 64
        assert example["weights"].shape == (*example["image"].shape[:2], 1)
    views = {example["image_id"]: example for members in examples.values() for example in members}
    example = views[b"p003-0.png"]
    original = product_picture(300).resize((64, 85), Image.Resampling.LANCZOS)
    assert np.abs(example["image"].astype(int) - np.asarray(original)).mean() < 6
    assert (example["weights"][:10] == 0).all()
    assert (example["weights"][30:50, 25:40] == 255).all()


def test_transparent_pictures_are_laid_on_white(examples: dict[str, list[dict[str, Any]]]) -> None:
    views = {example["image_id"]: example for members in examples.values() for example in members}
    example = views[b"odd-alpha.png"]
    assert example["image"][:8].min() > 245
    assert (example["weights"][:8] == 0).all()
    assert (example["weights"][40:60, 25:40] == 255).all()


def test_features_are_those_that_tfds_itself_would_write() -> None:
    import tensorflow_datasets as tfds

    features = tfds.features.FeaturesDict(
        {
            "image": tfds.features.Image(shape=(None, None, 3), encoding_format="jpeg"),
            "weights": tfds.features.Image(shape=(None, None, 1), encoding_format="png"),
            "product_id": tfds.features.Text(),
            "image_id": tfds.features.Text(),
            "category": tfds.features.Text(),
            "source_sha256": tfds.features.Text(),
        }
    )
    theirs = json.loads(json.dumps(features.to_json()))
    ours = json.loads(features_info())
    assert tfds.features.FeatureConnector.from_json(ours).to_json() == theirs


def test_dataset_info_is_what_tfds_would_write(mixed: tuple[PictureShop, dict[str, Any]], tmp_path: Path) -> None:
    import tensorflow_datasets as tfds

    folder = Path(mixed[0].night.dataset)
    ours = json.loads((folder / "dataset_info.json").read_text())
    for shard in folder.glob("*.tfrecord-*"):
        name, _, rest = shard.name.split("-", 2)
        (tmp_path / f"{name}-{rest}").write_bytes(shard.read_bytes())
    # It counts the examples in the files itself.
    tfds.folder_dataset.write_metadata(
        data_dir=str(tmp_path), features=tfds.builder_from_directory(str(folder)).info.features
    )
    theirs = json.loads((tmp_path / "dataset_info.json").read_text())
    assert {key: theirs[key] for key in ("name", "version", "fileFormat")} == {
        key: ours[key] for key in ("name", "version", "fileFormat")
    }
    counted, written = (
        {split["name"]: (split["numBytes"], split["shardLengths"]) for split in info["splits"]}
        for info in (theirs, ours)
    )
    assert counted == written


def test_same_pictures_same_bytes_whatever_the_order_and_kind_of_the_snapshot(tmp_path: Path) -> None:
    prepared = []
    for name in ("parts", "one-file"):
        shop = PictureShop(tmp_path / name)
        shop.add_products(4)
        shop.write()
        if name == "one-file":
            Path(f"{shop.night.snapshot}.json").unlink()
            write_rows(shop.night.snapshot, shop.rows[::-1], SnapshotRow)
        shop.run()
        prepared.append(shop)
    parts, one_file = prepared
    dataset = [
        {name: data for name, data in shop.files().items() if "candidates" not in name and "facts" not in name}
        for shop in prepared
    ]
    assert dataset[0] == dataset[1]
    assert len(dataset[0]) >= 5
    assert parts.facts() == one_file.facts()
    assert finished_info(parts.night.facts, ImageFacts).sha256 == finished_info(one_file.night.facts, ImageFacts).sha256


def test_finished_inputs_are_not_prepared_again(tmp_path: Path) -> None:
    shop = PictureShop(tmp_path)
    shop.add_products(3)
    shop.write()
    first = shop.run()
    before = {path: path.stat().st_mtime_ns for path in Path(shop.night.dataset).iterdir()}
    again = shop.run("run-2")
    assert (first["already_complete"], again["already_complete"]) == (False, True)
    assert "already" in again["message"]
    assert {path: path.stat().st_mtime_ns for path in Path(shop.night.dataset).iterdir()} == before
    assert {key: again[key] for key in ("images", "examples", "splits")} == {
        key: first[key] for key in ("images", "examples", "splits")
    }


def test_a_lost_shard_is_written_again_with_the_same_bytes(tmp_path: Path) -> None:
    shop = PictureShop(tmp_path)
    shop.add_products(3)
    shop.write()
    shop.run()
    before = shop.files()
    next(Path(shop.night.dataset).glob("*.tfrecord-*")).unlink()
    assert shop.run("run-2")["already_complete"] is False
    after = shop.files()
    assert after == before


def test_other_settings_are_other_inputs(tmp_path: Path) -> None:
    shop = PictureShop(tmp_path)
    shop.add_products(3)
    shop.write()
    first = shop.run()
    shop.short_side_px = 80
    shop.write()
    second = shop.run()
    assert second["already_complete"] is False
    assert first["inputs_sha256"] != second["inputs_sha256"]


def test_an_empty_shard_is_an_empty_file_that_tfds_skips(tmp_path: Path) -> None:
    import tensorflow_datasets as tfds

    shop = PictureShop(tmp_path, images_per_shard=1)
    for number in range(4):
        shop.add("one", f"one-{number}.png", encoded(product_picture(number)) if number != 1 else b"<html>")
    shop.write()
    summary = shop.run()
    assert summary["splits"] == {"train": 3, "validation": 0, "test": 0}
    assert summary["shards"] == 4
    assert sorted(len(data) > 0 for name, data in shop.files().items() if "tfrecord" in name) == [False] * 3 + [True]
    builder = tfds.builder_from_directory(shop.night.dataset)
    read = tfds.as_numpy(builder.as_dataset(split="train", shuffle_files=False))
    assert sorted(example["image_id"] for example in read) == [b"one-0.png", b"one-2.png", b"one-3.png"]


def test_artifacts_on_object_storage(tmp_path: Path, bucket: str) -> None:
    shop = PictureShop(tmp_path, output_uri=f"{bucket}/shop")
    shop.add_products(3)
    shop.write()
    first = shop.run()
    assert sum(first["splits"].values()) == 6
    shards = [uri for uri in storage.list_files(shop.night.dataset) if ".tfrecord-" in uri]
    records = [record for uri in shards for record in read_records(storage.read_bytes(uri))]
    assert (len(shards), len(records)) == (first["shards"], 6)
    assert set(shop.facts()) == {row.image_id for row in shop.rows}
    assert shop.run("run-2")["already_complete"] is True


def test_an_empty_snapshot_gives_an_empty_dataset(tmp_path: Path) -> None:
    shop = PictureShop(tmp_path)
    shop.write()
    summary = shop.run()
    assert (summary["images"], summary["examples"], summary["shards"]) == (0, 0, 0)
    assert shop.facts() == {} and shop.dead_letters() == {}


def test_a_lost_folder_is_an_error_not_a_pile_of_dead_letters(tmp_path: Path) -> None:
    shop = PictureShop(tmp_path)
    shop.add_products(4)
    shop.write()
    (tmp_path / "pictures").rename(tmp_path / "elsewhere")
    with pytest.raises(RestyleError, match="none of 8 images could be read"):
        shop.run()
    # The pictures come back: nothing of the failed run stands in the way.
    (tmp_path / "elsewhere").rename(tmp_path / "pictures")
    assert shop.run()["examples"] == 8


def test_dry_run_writes_nothing(tmp_path: Path) -> None:
    shop = PictureShop(tmp_path, images_per_shard=2)
    shop.add_products(12)
    shop.write()
    before = sorted(tmp_path.rglob("*"))
    outline = shop.run(dry_run=True)
    assert sorted(tmp_path.rglob("*")) == before
    assert (outline["dry_run"], outline["already_complete"]) == (True, False)
    assert (outline["images"], outline["prepared"], outline["taken_over"]) == (24, 24, 0)
    assert set(outline["shards"]) == {"train", "validation", "test"}
    assert sum(outline["shards"].values()) >= 12
    shop.run()
    assert shop.run(dry_run=True)["already_complete"] is True


def test_without_a_snapshot_it_says_what_to_run(tmp_path: Path) -> None:
    shop = PictureShop(tmp_path)
    shop.write()
    Path(f"{shop.night.snapshot}.json").unlink()
    with pytest.raises(MissingArtifact, match=r"snapshot\.parquet"):
        shop.run()


def test_unknown_options_are_an_error(tmp_path: Path) -> None:
    shop = PictureShop(tmp_path)
    shop.write()
    with pytest.raises(InputError, match="--nonsense"):
        shop.run("run-1", "--nonsense=3")


def test_command_line_ends_with_the_summary(tmp_path: Path) -> None:
    shop = PictureShop(tmp_path)
    shop.add_products(2)
    shop.write()
    command = [sys.executable, "-m", "pipelines.preprocess", "--settings", str(shop.settings), "--date", DATE]
    done = subprocess.run([*command, "--run-id", "r1"], capture_output=True, text=True, check=True)
    summary = json.loads(done.stdout.splitlines()[-1])
    assert (summary["images"], summary["examples"], summary["run_id"]) == (4, 4, "r1")
    wrong = subprocess.run([*command, "--run-id", "r1", "--colour=red"], capture_output=True, text=True, check=False)
    assert wrong.returncode == 2
    assert "--colour=red" in wrong.stderr


def test_training_keeps_to_the_datasets_own_splits(
    mixed: tuple[PictureShop, dict[str, Any]], examples: dict[str, list[dict[str, Any]]]
) -> None:
    from training.data import load_content

    content = load_content(Path(mixed[0].night.dataset), long_side_px=64, limit=1000, seed=0)
    products = {split: {row["product_id"].decode() for row in rows} for split, rows in examples.items()}
    assert {picture.product_id for picture in content.train} == products["train"]
    assert {picture.product_id for picture in content.held_out} == products["validation"] | products["test"]
    assert len(content.train) + len(content.held_out) == sum(map(len, examples.values()))
