"""Verify, diff and prune: what is stored is what was published, and what goes is what nobody needs."""

from __future__ import annotations

import datetime
import os
from dataclasses import replace
from pathlib import Path

import pytest
from small_night import SmallNight

from pipelines.core import storage
from pipelines.core.contracts import WorkRow
from pipelines.core.settings import RetentionSettings
from pipelines.core.tables import read_rows
from pipelines.release.prune import GRACE, Pruned, prune
from pipelines.release.release_diff import diff_releases
from pipelines.release.releases import current_release, list_releases, rollback
from pipelines.release.verify_release import verify_release
from pipelines.release.work_log import work_logs

NOW = datetime.datetime.now(datetime.UTC)
LATER = NOW + datetime.timedelta(days=100)


@pytest.fixture
def releases(night: SmallNight) -> list[str]:
    """Ids of four published releases, the oldest first; on each night p1 has other bytes."""
    ids = []
    for day in (21, 22, 23, 24):
        night.made.add_picture("p1.png", 100 + day)
        summary = replace(night, date=f"2026-11-{day}", run_id=f"run-{day}").whole()
        assert summary["status"] == "published"
        ids.append(str(summary["release_id"]))
    return ids


def files(night: SmallNight, folder: str) -> set[str]:
    return set(storage.list_files(f"{night.made.output}/{folder}"))


def pruned(night: SmallNight, *, last: int, now: datetime.datetime = LATER, dry_run: bool = False) -> Pruned:
    return prune(night.paths, RetentionSettings(keep_last=last, keep_days=0), now, dry_run=dry_run)


def test_a_sound_release_has_no_problems(night: SmallNight, releases: list[str]) -> None:
    for release in releases:
        found = verify_release(night.paths, release)
        assert (found.images, found.objects, found.problems) == (3, 3, ())
        assert found.object_bytes == sum(row.object_bytes for row in night.released(release))


@pytest.mark.parametrize("harm", ["altered", "short", "missing"])
def test_a_harmed_object_is_named(night: SmallNight, releases: list[str], harm: str) -> None:
    row = night.released(releases[-1])[1]
    file = Path(row.object_uri)
    data = file.read_bytes()
    if harm == "missing":
        file.unlink()
    else:
        file.write_bytes(data[:-1] + bytes([data[-1] ^ 1]) if harm == "altered" else data[:-1])
    (problem,) = verify_release(night.paths, releases[-1]).problems
    assert problem.startswith(f"{file}: ")
    assert ("is missing" if harm == "missing" else "expected") in problem


@pytest.mark.parametrize("what", ["part", "index", "manifest"])
def test_an_altered_record_is_named(night: SmallNight, releases: list[str], what: str) -> None:
    release = releases[-1]
    index = Path(f"{night.paths.release_rows(release)}.json")
    if what == "part":
        uri = next(iter(files(night, "parts")))
        for uri in files(night, "parts"):
            Path(uri).write_bytes(Path(uri).read_bytes()[:-1])
        assert "are not those that its stage wrote" in verify_release(night.paths, release).problems[0]
    elif what == "index":
        index.write_text(index.read_text().replace('"rows": 3', '"rows": 2'))
        assert "was altered" in verify_release(night.paths, release).problems[0]
    else:
        manifest = Path(night.paths.manifest(release))
        manifest.write_text(manifest.read_text().replace('"shop": "corner"', '"shop": "corners"'))
        assert "is not the one that was published" in verify_release(night.paths, release).problems[0]


def test_diff_tells_what_came_went_and_changed(night: SmallNight) -> None:
    feed = night.made.root / "feed.csv"
    night.whole()
    before = current_release(night.paths)
    night.made.add_picture("p9.png", 9)
    night.made.add_picture("p1.png", 77)
    lines = [line for line in feed.read_text().splitlines() if not line.startswith("p0,")]
    lines = [line.replace("Product 2", "Teapot") for line in lines]
    feed.write_text("\n".join([*lines, "p9,p9-a,pictures/p9.png,New,mugs"]))
    replace(night, date="2026-11-24", run_id="run-24").whole()
    found = diff_releases(night.paths, before, current_release(night.paths))
    assert (found.added, found.removed, found.changed, found.reworded, found.same) == (
        ("p9-a",), ("p0-a",), ("p1-a",), ("p2-a",), 0
    )  # fmt: skip


def test_a_release_does_not_differ_from_itself(night: SmallNight, releases: list[str]) -> None:
    found = diff_releases(night.paths, releases[0], releases[0])
    assert (found.same, found.added, found.removed, found.changed, found.reworded) == (3, (), (), (), ())


def test_prune_keeps_whole_what_it_keeps(night: SmallNight, releases: list[str]) -> None:
    report = pruned(night, last=2)
    assert report.releases == releases[:2]
    assert [info.release_id for info in list_releases(night.paths)] == releases[:1:-1]
    for release in releases[2:]:
        assert verify_release(night.paths, release).problems == ()
    shown = {row.object_uri for release in releases[2:] for row in night.released(release)}
    assert files(night, "objects") == shown
    assert report.objects == 2


def test_a_dry_run_deletes_nothing_and_says_the_same(night: SmallNight, releases: list[str]) -> None:
    before = night.made.files()
    said = pruned(night, last=1, dry_run=True)
    assert night.made.files() == before
    done = pruned(night, last=1)
    assert replace(done, dry_run=True) == said


def test_a_second_prune_finds_nothing(night: SmallNight, releases: list[str]) -> None:
    pruned(night, last=2)
    before = night.made.files()
    report = pruned(night, last=2)
    assert (report.releases, report.parts, report.objects, report.forgotten_keys) == ([], 0, 0, 0)
    assert night.made.files() == before


def test_the_current_release_and_the_one_before_it_always_stay(night: SmallNight, releases: list[str]) -> None:
    rollback(night.paths, releases[1], "anna")
    pruned(night, last=1)
    assert {info.release_id for info in list_releases(night.paths)} == {releases[0], releases[1], releases[3]}
    assert rollback(night.paths, None, "anna") == (releases[1], releases[0])


def test_what_is_young_stays(night: SmallNight, releases: list[str]) -> None:
    before = files(night, "objects") | files(night, "parts") | files(night, "work")
    report = pruned(night, last=1, now=NOW + GRACE / 2)
    assert report.releases
    assert files(night, "objects") | files(night, "parts") | files(night, "work") == before


def test_a_clock_set_back_deletes_nothing_young(night: SmallNight, releases: list[str]) -> None:
    before = files(night, "objects")
    pruned(night, last=1, now=NOW - datetime.timedelta(days=400))
    assert files(night, "objects") == before


def test_a_run_that_waits_for_approval_keeps_its_pictures(night: SmallNight, releases: list[str]) -> None:
    waiting = replace(night, date="2026-11-25", run_id="run-25")
    night.made.add_picture("p1.png", 121)
    waiting.prepare()
    waiting.plan()
    assert waiting.planned() == []
    for file in files(night, "objects") | files(night, "parts") | files(night, "work"):
        os.utime(file, (0, 0))
    pruned(night, last=2, now=NOW)
    summary = waiting.publish() if not waiting.compute() else {}
    assert summary["status"] == "published"
    assert verify_release(night.paths, summary["release_id"]).problems == ()


def test_forgotten_work_is_done_again_and_kept_work_is_not(night: SmallNight, releases: list[str]) -> None:
    pruned(night, last=2)
    keys = {row.work_key for uri, _ in work_logs(night.paths) for row in read_rows(uri, WorkRow)}
    assert keys == {row.work_key for release in releases[2:] for row in night.released(release)}
    again = replace(night, date="2026-11-25", run_id="run-25")
    night.made.add_picture("p1.png", 123)
    again.prepare()
    assert again.plan()["compute"] == 0
    night.made.add_picture("p1.png", 121)
    again.prepare()
    assert again.plan()["compute"] == 1


def test_a_prune_that_was_killed_is_finished_by_the_next(
    night: SmallNight, releases: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    deleted: list[str] = []
    real = storage.delete

    def dying(uri: str) -> None:
        if len(deleted) == 3:
            raise KeyboardInterrupt
        deleted.append(uri)
        real(uri)

    monkeypatch.setattr(storage, "delete", dying)
    with pytest.raises(KeyboardInterrupt):
        pruned(night, last=2)
    for info in list_releases(night.paths):
        assert verify_release(night.paths, info.release_id).problems == ()
    monkeypatch.setattr(storage, "delete", real)
    pruned(night, last=2)
    shown = {row.object_uri for release in releases[2:] for row in night.released(release)}
    assert files(night, "objects") == shown
