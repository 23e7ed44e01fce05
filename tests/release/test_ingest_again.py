"""What ingest takes over from earlier nights, and what it must not."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tiny_shop import TinyShop, picture

from pipelines.core import partitions, source_versions, storage
from pipelines.core.contracts import DeadLetter, SnapshotRow
from pipelines.core.errors import FeedError, RestyleError
from pipelines.core.paths import NightPaths
from pipelines.core.settings import Shop
from pipelines.core.tables import read_json_lines, read_rows
from pipelines.release import ingest
from pipelines.release.sources import Sources

MakeShop = Callable[..., TinyShop]
FIRST, SECOND, THIRD = "2026-11-23", "2026-11-24", "2026-11-25"


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as left alone although the test has just written them."""
    monkeypatch.setattr(source_versions, "SETTLED_NS", -(10**15))


def rows(shop: Shop, date: str) -> list[SnapshotRow]:
    return read_rows(NightPaths(shop.settings.output_uri, date).snapshot, SnapshotRow)


def letters(shop: Shop, date: str) -> list[DeadLetter]:
    return read_json_lines(NightPaths(shop.settings.output_uri, date).ingest_dead_letters, DeadLetter)


def counts(summary: dict[str, Any]) -> tuple[int, int, int]:
    return summary["read"], summary["unchanged"], summary["dead_letters"]


def unreadable(uri: str, _max_bytes: int) -> bytes:
    raise AssertionError(f"{uri} was read")


@pytest.mark.usefixtures("settled")
def test_a_night_without_changes_reads_no_picture(tiny_shop: MakeShop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = tiny_shop().load()
    first = ingest.ingest(shop, FIRST)
    monkeypatch.setattr(storage, "read_source_image", unreadable)
    second = ingest.ingest(shop, SECOND)
    assert (counts(first), counts(second)) == ((3, 0, 0), (0, 3, 0))
    assert first["snapshot_sha256"] == second["snapshot_sha256"]


def test_a_file_that_was_just_written_is_read_again(tiny_shop: MakeShop) -> None:
    shop = tiny_shop().load()
    first = ingest.ingest(shop, FIRST)
    second = ingest.ingest(shop, SECOND)
    assert counts(second) == (3, 0, 0)
    assert first["snapshot_sha256"] == second["snapshot_sha256"]


@pytest.mark.usefixtures("settled")
def test_changed_new_and_missing_files(tiny_shop: MakeShop) -> None:
    made = tiny_shop(products=4)
    shop = made.load()
    ingest.ingest(shop, FIRST)
    made.add_picture("p0.png", 99)
    (made.root / "pictures/p1.png").unlink()
    old = (made.root / "pictures/p2.png").stat()
    data = bytearray((made.root / "pictures/p2.png").read_bytes())
    data[-20] ^= 1
    (made.root / "pictures/p2.png").write_bytes(data)
    os.utime(made.root / "pictures/p2.png", ns=(old.st_atime_ns, old.st_mtime_ns))
    summary = ingest.ingest(shop, SECOND)
    assert counts(summary) == (2, 1, 1)
    before = {row.image_id: row.source_sha256 for row in rows(shop, FIRST)}
    after = {row.image_id: row.source_sha256 for row in rows(shop, SECOND)}
    assert {name for name in after if before[name] != after[name]} == {"p0-a", "p2-a"}
    assert [letter.reason for letter in letters(shop, SECOND)] == ["missing-file"]


@pytest.mark.usefixtures("settled")
def test_versions_need_not_be_trusted(tiny_shop: MakeShop) -> None:
    shop = tiny_shop().configure(feed={"uri": "feed.csv", "trust_versions": False})
    ingest.ingest(shop, FIRST)
    assert counts(ingest.ingest(shop, SECOND)) == (3, 0, 0)


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize(("before", "after"), [(1, 1000), (1000, 1), (1, 1)])
def test_snapshots_of_other_numbers_of_buckets(
    tiny_shop: MakeShop, monkeypatch: pytest.MonkeyPatch, before: int, after: int
) -> None:
    shop = tiny_shop(products=20).load()
    monkeypatch.setattr(partitions, "ROWS_A_BUCKET", before)
    ingest.ingest(shop, FIRST)
    monkeypatch.setattr(partitions, "ROWS_A_BUCKET", after)
    assert counts(ingest.ingest(shop, SECOND)) == (0, 20, 0)
    assert sorted(rows(shop, FIRST), key=str) == sorted(rows(shop, SECOND), key=str)


@pytest.mark.usefixtures("settled")
def test_a_backfill_takes_over_from_the_night_after(tiny_shop: MakeShop) -> None:
    shop = tiny_shop().load()
    ingest.ingest(shop, THIRD)
    assert counts(ingest.ingest(shop, FIRST)) == (0, 3, 0)


@pytest.mark.usefixtures("settled")
def test_the_nearest_night_before_counts(tiny_shop: MakeShop) -> None:
    made = tiny_shop()
    shop = made.load()
    ingest.ingest(shop, FIRST)
    made.add_picture("p0.png", 7)
    ingest.ingest(shop, THIRD)
    assert counts(ingest.ingest(shop, SECOND)) == (1, 2, 0)


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("damage", ["gone", "altered", "index"])
def test_a_damaged_snapshot_tells_nothing(tiny_shop: MakeShop, damage: str) -> None:
    made = tiny_shop()
    shop = made.load()
    ingest.ingest(shop, FIRST)
    night = NightPaths(shop.settings.output_uri, FIRST)
    [part] = Path(night.snapshot_parts).rglob("*.parquet")
    if damage == "gone":
        part.unlink()
    elif damage == "altered":
        part.write_bytes(part.read_bytes()[:-1] + b"x")
    else:
        Path(f"{night.snapshot}.json").write_text("{")
    made.add_picture("p0.png", 7)
    assert counts(ingest.ingest(shop, SECOND)) == (3, 0, 0)


@pytest.mark.parametrize(
    ("trouble", "expected"),
    [(OSError(5, "Input/output error"), (2, 0, 0, 1)), (PermissionError(13, "No"), (2, 0, 1, 0))],
)
def test_storage_that_has_trouble_loses_no_picture(
    tiny_shop: MakeShop, monkeypatch: pytest.MonkeyPatch, trouble: OSError, expected: tuple[int, ...]
) -> None:
    shop = tiny_shop().load()
    ingest.ingest(shop, FIRST)
    read = storage.read_bytes

    def faulty(uri: str) -> bytes:
        if uri.endswith("p1.png"):
            raise trouble
        return read(uri)

    monkeypatch.setattr(storage, "read_bytes", faulty)
    summary = ingest.ingest(shop, SECOND)
    assert (*counts(summary), summary["not_answered"]) == expected
    if summary["not_answered"]:
        assert rows(shop, SECOND) == rows(shop, FIRST)


@pytest.mark.usefixtures("settled")
@pytest.mark.parametrize("short", [1, 2, 99])
def test_a_short_read_is_not_taken_for_the_picture(
    tiny_shop: MakeShop, monkeypatch: pytest.MonkeyPatch, short: int
) -> None:
    made = tiny_shop()
    shop = made.load()
    calls: list[str] = []

    def cut_off(uri: str) -> bytes:
        data = Path(uri).read_bytes()
        if uri.endswith("p1.png"):
            calls.append(uri)
            return data[: -len(calls)] if len(calls) <= short else data
        return data

    with monkeypatch.context() as fault:
        fault.setattr(storage, "read_bytes", lambda uri: cut_off(uri) if "pictures" in uri else Path(uri).read_bytes())
        summary = ingest.ingest(shop, FIRST)
    assert counts(summary) == ((3, 0, 0) if short == 1 else (2, 0, 1))
    assert {row.source_bytes for row in rows(shop, FIRST)} <= {len(picture(number)) for number in range(3)}
    assert counts(ingest.ingest(shop, SECOND))[2] == 0
    assert {row.image_id: row.source_bytes for row in rows(shop, SECOND)}["p1-a"] == len(picture(1))


def test_a_picture_that_is_replaced_after_its_version_was_taken(
    tiny_shop: MakeShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = tiny_shop(products=1).load()
    monkeypatch.setattr("pipelines.release.sources.file_version", lambda _path: "file 5 0 0 0")
    assert counts(ingest.ingest(shop, FIRST)) == (1, 0, 0)
    assert [row.source_version for row in rows(shop, FIRST)] == [""]


def test_a_feed_that_is_not_read_to_its_end(tiny_shop: MakeShop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop = tiny_shop().load()
    monkeypatch.setattr(storage, "read_bytes", lambda uri: Path(uri).read_bytes()[:-1])
    with pytest.raises(RestyleError, match="the read was cut short: run the job again") as caught:
        ingest.ingest(shop, FIRST)
    assert not isinstance(caught.value, FeedError)


@pytest.mark.parametrize(
    ("trouble", "exit_code"), [(TimeoutError(110, "timed out"), 1), (PermissionError(13, "No"), 2)]
)
def test_storage_trouble_with_the_feed_is_worth_another_try(
    tiny_shop: MakeShop, monkeypatch: pytest.MonkeyPatch, trouble: OSError, exit_code: int
) -> None:
    def faulty(_uri: str) -> bytes:
        raise trouble

    shop = tiny_shop().load()
    monkeypatch.setattr(storage, "read_bytes", faulty)
    with pytest.raises(RestyleError, match="the feed cannot be read") as caught:
        ingest.ingest(shop, FIRST)
    assert caught.value.exit_code == exit_code


def test_attempts_are_counted_by_nights_in_a_row(tiny_shop: MakeShop) -> None:
    made = tiny_shop()
    shop = made.load()
    (made.root / "pictures/p1.png").unlink()
    for date, attempts in ((FIRST, 1), (SECOND, 2), (SECOND, 2), (THIRD, 3), ("2026-11-26", 4)):
        ingest.ingest(shop, date)
        assert [(letter.image_id, letter.attempts) for letter in letters(shop, date)] == [("p1-a", attempts)]
    made.add_picture("p1.png", 1)
    ingest.ingest(shop, "2026-11-27")
    assert letters(shop, "2026-11-27") == []
    (made.root / "pictures/p1.png").unlink()
    ingest.ingest(shop, "2026-11-28")
    assert [letter.attempts for letter in letters(shop, "2026-11-28")] == [1]


def test_a_night_without_a_usable_image_counts_as_an_attempt(tiny_shop: MakeShop) -> None:
    made = tiny_shop(products=1)
    shop = made.load()
    (made.root / "pictures/p0.png").unlink()
    for date in (FIRST, SECOND):
        with pytest.raises(FeedError):
            ingest.ingest(shop, date)
    assert [letter.attempts for letter in letters(shop, SECOND)] == [2]


@pytest.mark.usefixtures("settled")
def test_a_job_that_was_cut_off_goes_on_where_it_was(tiny_shop: MakeShop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(partitions, "ROWS_A_BUCKET", 1)
    monkeypatch.setattr(ingest, "REMEMBER_EVERY_S", -1.0)
    monkeypatch.setattr(ingest, "ROWS_UNDER_WAY", 1)
    shop = tiny_shop(products=20).load()
    answer, calls = Sources.answer, []

    def full_disk(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) > 12:
            raise OSError(28, "No space left on device")
        return answer(*arguments)

    with monkeypatch.context() as fault:
        fault.setattr(Sources, "answer", full_disk)
        with pytest.raises(OSError, match="No space left"):
            ingest.ingest(shop, FIRST)
    night = NightPaths(shop.settings.output_uri, FIRST)
    assert not Path(f"{night.snapshot}.json").exists()
    done = len(read_rows(night.unfinished_snapshot, SnapshotRow))
    assert done > 5
    assert counts(ingest.ingest(shop, FIRST)) == (20 - done, done, 0)
    assert not Path(f"{night.unfinished_snapshot}.json").exists()


def test_objects_on_google_cloud_storage(bucket: str, tiny_shop: MakeShop) -> None:
    for number in range(3):
        storage.write_bytes(f"{bucket}/catalog/{number}.png", picture(number))
    lines = ["product_id,image_uri", *(f"p{number},{number}.png" for number in range(3))]
    storage.write_bytes(f"{bucket}/catalog/feed.csv", "\n".join(lines).encode())
    shop = tiny_shop().configure(feed={"uri": f"{bucket}/catalog/feed.csv"}, output_uri=f"{bucket}/out")
    assert counts(ingest.ingest(shop, FIRST)) == (3, 0, 0)
    storage.write_bytes(f"{bucket}/catalog/1.png", picture(9))
    assert counts(ingest.ingest(shop, SECOND)) == (1, 2, 0)
    assert len({row.source_sha256 for row in rows(shop, SECOND)}) == 3
