from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from picture_shop import PictureShop, encoded, product_picture
from PIL import Image

from pipelines.core.contracts import DeadLetter
from pipelines.images.colour import LabStatistics, lab_statistics
from pipelines.images.decode import DecodeLimits
from pipelines.images.mask import product_mask
from pipelines.preprocess.prepare import PreparedImage, PrepareTask, training_barriers

TASK = PrepareTask(DecodeLimits(), short_side_px=64)


def prepared(tmp_path: Path, data: bytes, seen_as: bytes | None = None) -> PreparedImage | DeadLetter:
    shop = PictureShop(tmp_path)
    shop.add("p1", "p1-front.png", data, seen_as)
    return TASK(shop.rows[0])


def test_facts_describe_the_original_not_the_training_picture(tmp_path: Path) -> None:
    picture = product_picture(1, height=150, width=120)
    outcome = prepared(tmp_path, encoded(picture))
    assert isinstance(outcome, PreparedImage)
    facts = outcome.facts
    assert (facts.width_px, facts.height_px, facts.has_alpha, facts.mask_kind) == (120, 150, False, "flood")
    assert facts.flags == ""
    rgb = np.asarray(picture)
    expected = lab_statistics(rgb, product_mask(rgb, None).weights)
    assert LabStatistics.from_json(json.loads(facts.statistics_json)) == expected
    assert outcome.example is not None


def test_same_bytes_same_example(tmp_path: Path) -> None:
    data = encoded(product_picture(2), "JPEG")
    assert prepared(tmp_path / "a", data) == prepared(tmp_path / "b", data)


@pytest.mark.parametrize(("size", "flag"), [((40, 200), "low-resolution extreme-aspect"), ((40, 60), "low-resolution")])
def test_small_and_narrow_pictures_have_facts_but_are_not_for_training(
    tmp_path: Path, size: tuple[int, int], flag: str
) -> None:
    outcome = prepared(tmp_path, encoded(product_picture(3, *size)))
    assert isinstance(outcome, PreparedImage)
    assert outcome.example is None
    assert outcome.facts.flags == " ".join(sorted(flag.split()))


def test_blank_pictures_are_not_for_training(tmp_path: Path) -> None:
    outcome = prepared(tmp_path, encoded(Image.new("RGB", (90, 90), "white")))
    assert isinstance(outcome, PreparedImage)
    assert (outcome.example, outcome.facts.flags, outcome.facts.mask_kind) == (None, "blank", "none")


def test_aspect_beyond_four_is_extreme() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (100, 401, 3)).astype(np.uint8)
    assert training_barriers(noise) == ("extreme-aspect",)
    assert training_barriers(noise[:, :400]) == ()


def test_other_bytes_than_the_snapshots_are_a_dead_letter(tmp_path: Path) -> None:
    outcome = prepared(tmp_path, encoded(product_picture(4)), seen_as=b"older bytes")
    assert isinstance(outcome, DeadLetter)
    assert (outcome.reason, outcome.stage, outcome.image_id) == ("changed-since-snapshot", "preprocess", "p1-front.png")
    assert "run ingest again" in outcome.message


def test_a_vanished_file_is_a_dead_letter(tmp_path: Path) -> None:
    shop = PictureShop(tmp_path)
    shop.add("p1", "a.png", b"x")
    Path(shop.rows[0].image_uri).unlink()
    outcome = TASK(shop.rows[0])
    assert isinstance(outcome, DeadLetter)
    assert outcome.reason == "missing-file"
