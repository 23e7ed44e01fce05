"""A job that is killed, or finds the disk full, at any of its writes: run again it leaves what it always leaves."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest
from killed_job import disk_full_at, killed_at, writes_of
from picture_shop import THIRD_PARTY_WARNINGS, PictureShop, encoded, product_picture

from pipelines.core.contracts import ImageFacts
from pipelines.core.errors import RestyleError
from pipelines.core.tables import finished_info

pytestmark = THIRD_PARTY_WARNINGS
AFTER = "2026-11-24"
TRIES = 3


def second_night(home: Path) -> PictureShop:
    """A night with new, changed and broken pictures after another one."""
    shop = PictureShop(home, buckets=2, images_per_shard=6, max_images=16)
    shop.add_products(10)
    shop.write()
    shop.run()
    shop = replace(shop, date=AFTER, rows=shop.rows[2:])
    for number in range(6):
        shop.add(f"new{number}", f"new{number}-0.png", encoded(product_picture(900 + number)))
    shop.add("broken", "broken.png", b"<html>")
    shop.write()
    return shop


def artifacts(shop: PictureShop) -> dict[str, bytes]:
    """Dataset, facts and dead letters of the night; the shop's folder is cut out."""
    own = str(shop.home).encode()
    # Indexes name what their parts were made from, and with it the folder of the pictures.
    found = {name: data.replace(own, b"") for name, data in shop.files().items() if not name.endswith(".parquet.json")}
    return found | {"facts": finished_info(shop.night.facts, ImageFacts).sha256.encode()}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, bytes], int]:
    """What the second night leaves, and how many writes it takes."""
    shop = second_night(tmp_path_factory.mktemp("undisturbed"))
    writes = writes_of(shop)
    return artifacts(shop), writes


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("attempt", range(TRIES))
def test_a_killed_job_that_runs_again_leaves_the_same(
    tmp_path: Path, undisturbed: tuple[dict[str, bytes], int], attempt: int, after: bool
) -> None:
    expected, writes = undisturbed
    rng = random.Random(f"{attempt} {after}")  # noqa: S311 (repeatable)
    shop = second_night(tmp_path)
    # Each try takes another stretch of the job; a second kill meets the rerun.
    first = 1 + attempt * writes // TRIES + rng.randrange(writes // TRIES)
    killed_at(shop, first, after=after)
    killed_at(shop, rng.randint(1, writes), after=after)
    shop.run("again")
    assert artifacts(shop) == expected
    assert not Path(shop.night.preprocess_work).exists()
    assert shop.run("and-again")["already_complete"] is True


def test_what_was_finished_before_a_kill_is_not_done_again(
    tmp_path: Path, undisturbed: tuple[dict[str, bytes], int]
) -> None:
    expected, writes = undisturbed
    shop = second_night(tmp_path)
    # The last writes publish what the workers have finished by then.
    assert killed_at(shop, writes - 3, after=False)
    counters = shop.run("again")["beam_counters"]
    assert counters["finished_before"] >= 3
    assert counters["dead_letters/not-an-image"] == 1
    assert artifacts(shop) == expected


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_full_disk_is_one_sentence_and_the_next_run_is_whole(
    tmp_path: Path, undisturbed: tuple[dict[str, bytes], int], share: float
) -> None:
    expected, writes = undisturbed
    shop = second_night(tmp_path)
    with disk_full_at(max(1, round(share * writes))), pytest.raises(RestyleError, match=r"preprocess: .*No space left"):
        shop.run()
    shop.run("again")
    assert artifacts(shop) == expected
