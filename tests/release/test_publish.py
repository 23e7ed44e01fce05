from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_night import Fate, SmallNight
from tiny_shop import TinyShop, make_tiny_shop, picture

from pipelines.core import storage
from pipelines.core.contracts import ResultRow
from pipelines.core.errors import GateBlocked, MissingArtifact, PublishConflict, RestyleError
from pipelines.core.tables import read_rows, write_json_lines
from pipelines.release import propose
from pipelines.release.pointer import read_pointer
from pipelines.release.releases import current_release, make_current, read_index, read_manifest, write_release

MakeShop = Callable[..., TinyShop]


def later(night: SmallNight, day: int, run_id: str = "") -> SmallNight:
    return replace(night, date=f"2026-11-{day}", run_id=run_id or f"run-{day}")


def pointer_bytes(night: SmallNight) -> bytes:
    return storage.read_bytes(night.paths.current)


def test_restyled_images_are_published(night: SmallNight) -> None:
    summary = night.whole()
    assert summary["status"] == "published"
    assert summary["accounting"] == {
        "images_in": 3, "restyled": 3, "reused": 0, "kept_original": 0, "dead_letters": 0
    }  # fmt: skip
    assert current_release(night.paths) == summary["release_id"]
    for row in night.released(summary["release_id"]):
        assert (row.outcome, row.reason, row.computed_in_run) == ("restyled", "", "run-1")
        assert hashlib.sha256(storage.read_bytes(row.object_uri)).hexdigest() == row.object_sha256
    manifest = read_manifest(night.paths, summary["release_id"])
    assert manifest["rows"]["rows"] == 3
    assert manifest["accounting"] == summary["accounting"]
    assert json.loads(storage.read_bytes(night.run.summary)) == summary


def test_a_refused_image_is_published_as_its_original(night: SmallNight) -> None:
    summary = night.whole({"p1-a": "fail"})
    row = next(row for row in night.released(summary["release_id"]) if row.image_id == "p1-a")
    original = (night.made.root / "pictures/p1.png").read_bytes()
    assert (row.outcome, row.reason) == ("kept_original", "edges")
    assert storage.read_bytes(row.object_uri) == original
    assert row.object_uri.endswith(".png")
    assert (row.object_sha256, row.object_bytes) == (hashlib.sha256(original).hexdigest(), len(original))
    assert summary["gate"]["failed_by_reason"] == {"edges": 1}


def test_dead_letters_are_left_out_and_counted(night: SmallNight) -> None:
    with (night.made.root / "feed.csv").open("a") as feed:
        feed.write("p9,p9-a,pictures/none.png,,\n")
    night.prepare(dropped=["p0-a"])
    night.plan()
    night.compute({"p1-a": "dead"})
    summary = night.publish()
    assert [row.image_id for row in night.released(summary["release_id"])] == ["p2-a"]
    assert summary["accounting"]["images_in"] == 4
    assert summary["accounting"]["dead_letters"] == 3
    assert summary["dead_letters_by_reason"] == {"missing-file": 1, "corrupt": 1, "model-failed": 1}


@pytest.mark.parametrize("change", ["gone", "altered"])
def test_an_original_that_cannot_be_kept_is_a_dead_letter(night: SmallNight, change: str) -> None:
    night.prepare()
    night.plan()
    night.compute({"p1-a": "fail"})
    file = night.made.root / "pictures/p1.png"
    file.unlink() if change == "gone" else file.write_bytes(b"other bytes")
    summary = night.publish()
    assert summary["dead_letters_by_reason"] == {"missing-file" if change == "gone" else "changed-since-snapshot": 1}
    assert len(night.released(summary["release_id"])) == 2


def test_too_many_failures_block_the_night(night: SmallNight, capsys: pytest.CaptureFixture[str]) -> None:
    night.prepare()
    night.plan()
    night.compute({"p0-a": "fail", "p1-a": "fail"})
    arguments = ["--settings", str(night.made.file), "--brand", "inkwell", "--date", night.date, "--run-id", "run-1"]
    assert propose.main(arguments) == 5
    message = capsys.readouterr().err
    assert "brand inkwell: 2 of 3 images failed the fidelity gate (2 edges), more than the 50%" in message
    assert "Nothing was published; lower strength" in message
    summary = json.loads(storage.read_bytes(night.run.summary))
    assert summary["status"] == "blocked"
    assert summary["gate"]["failed"] == 2
    assert current_release(night.paths) == ""
    assert storage.list_files(night.paths.releases) == []


def test_one_changed_image_that_fails_does_not_hold_back_the_rest(night: SmallNight) -> None:
    night.whole()
    (night.made.root / "pictures/p1.png").write_bytes(picture(seed=77))
    summary = later(night, 24).whole({"p1-a": "fail"})
    assert summary["status"] == "published"
    assert summary["computed"] == 1
    assert summary["accounting"]["kept_original"] == 1
    assert summary["accounting"]["reused"] == 2


def test_exactly_the_allowed_share_is_published(night: SmallNight) -> None:
    night.made.write_feed(
        [{"product_id": f"p{n}", "image_id": f"p{n}-a", "image_uri": f"pictures/p{n}.png"} for n in range(2)]
    )
    assert night.whole({"p0-a": "fail"})["status"] == "published"


def test_a_night_that_would_publish_no_image_is_blocked(night: SmallNight) -> None:
    night.whole()
    before = pointer_bytes(night)
    after = later(night, 24)
    after.prepare(dropped=["p0-a", "p1-a", "p2-a"])
    after.plan()
    after.compute()
    with pytest.raises(GateBlocked, match=r"no image is left to publish .3 in = .* 3 dead letters"):
        after.publish()
    assert json.loads(storage.read_bytes(after.run.summary))["status"] == "blocked"
    assert pointer_bytes(night) == before


def test_an_unchanged_night_publishes_nothing(night: SmallNight) -> None:
    first = night.whole()
    before = pointer_bytes(night)
    summary = later(night, 24).whole()
    assert (summary["status"], summary["release_id"], summary["computed"]) == ("unchanged", first["release_id"], 0)
    assert summary["accounting"]["reused"] == 3
    assert pointer_bytes(night) == before
    assert len(storage.list_files(night.paths.releases)) == 3  # rows, manifest, pointer


def test_new_words_are_a_new_release_of_the_same_objects(night: SmallNight) -> None:
    first = night.whole()
    feed = night.made.root / "feed.csv"
    feed.write_text(feed.read_text().replace("Product 1", "Teapot"))
    after = later(night, 24)
    second = after.whole()
    assert (second["status"], second["computed"]) == ("published", 0)
    assert [row.title for row in after.released(second["release_id"])] == ["Product 0", "Teapot", "Product 2"]
    objects = [[row.object_uri for row in after.released(summary["release_id"])] for summary in (first, second)]
    assert objects[0] == objects[1]


def test_a_removed_image_leaves_the_release(night: SmallNight) -> None:
    night.whole()
    feed = night.made.root / "feed.csv"
    feed.write_text("\n".join(line for line in feed.read_text().splitlines() if "p1" not in line))
    after = later(night, 24)
    summary = after.whole()
    assert [row.image_id for row in after.released(summary["release_id"])] == ["p0-a", "p2-a"]


def test_the_same_run_again_changes_nothing_and_tells_the_same(night: SmallNight) -> None:
    night.whole()
    night.made.configure_brand("inkwell", gate={"max_failed_share": 1.0})
    night.made.add_picture("p1.png", 88)
    after = later(night, 24)
    first = after.whole({"p1-a": "fail"})
    files, before = night.made.files(), pointer_bytes(night)
    second = after.publish()
    assert pointer_bytes(night) == before
    assert night.made.files() == files
    times = {"proposed_at": "", "finished_at": ""}
    assert {**second, **times} == {**first, **times}


def test_a_crash_before_the_pointer_is_finished_by_the_next_try(night: SmallNight) -> None:
    summary = night.whole()
    Path(night.paths.current).unlink()
    Path(night.run.summary).unlink()
    again = night.publish()
    assert (again["status"], again["release_id"]) == ("published", summary["release_id"])
    assert current_release(night.paths) == summary["release_id"]


def test_an_older_date_is_stored_but_does_not_move_current(night: SmallNight) -> None:
    newer = later(night, 25)
    newest = newer.whole()
    night.made.add_picture("p1.png", 88)
    before = pointer_bytes(night)
    older = later(night, 20)
    summary = older.whole()
    assert summary["status"] == "backfilled"
    assert pointer_bytes(night) == before
    assert len(older.released(summary["release_id"])) == 3
    assert current_release(night.paths) == newest["release_id"]
    moved = replace(older, run_id="run-20b").whole(move_back=True)
    assert (moved["status"], moved["release_id"]) == ("published", current_release(night.paths))
    assert read_pointer(night.paths.current).values["date"] == "2026-11-20"


@pytest.mark.parametrize("damage", ["missing", "short"])
def test_a_missing_or_short_object_refuses_the_release(night: SmallNight, damage: str) -> None:
    night.prepare()
    night.plan()
    night.compute()
    file = Path(read_rows(night.run.results, ResultRow)[1].object_uri)
    file.unlink() if damage == "missing" else file.write_bytes(b"x")
    with pytest.raises(
        RestyleError, match=r"/objects/.* (is missing|has 1 bytes instead of \d+); nothing was published"
    ):
        night.publish()
    assert current_release(night.paths) == ""


def test_an_image_that_is_nowhere_refuses_the_release(night: SmallNight) -> None:
    night.prepare()
    night.plan()
    night.compute({"p1-a": "dead"})
    write_json_lines(night.run.restyle_dead_letters, [])
    with pytest.raises(RestyleError, match="p1-a: expected a result or a dead letter for its work key"):
        night.publish()
    assert storage.list_files(night.paths.releases) == []


def test_a_stage_that_has_not_run_is_named(night: SmallNight) -> None:
    night.prepare()
    night.plan()
    with pytest.raises(MissingArtifact, match="expected a finished ResultRow table here, found none"):
        night.publish()


def test_of_two_publishers_that_read_the_same_pointer_one_wins(night: SmallNight) -> None:
    summary = night.whole()
    manifest, rows = read_manifest(night.paths, summary["release_id"]), read_index(night.paths, summary["release_id"])
    ids = ["2026-11-24-aaaaaaaaaaaa", "2026-11-24-bbbbbbbbbbbb"]
    for release_id in ids:
        write_release(night.paths, {**manifest, "release_id": release_id}, rows)
    for _ in range(10):
        pointer, barrier = read_pointer(night.paths.current), Barrier(2)

        def race(release_id: str, pointer: object = pointer, barrier: Barrier = barrier) -> str:
            barrier.wait()
            try:
                make_current(night.paths, pointer, release_id, "publish", "race")  # type: ignore[arg-type]
            except PublishConflict as conflict:
                return str(conflict)
            return ""

        with ThreadPoolExecutor(2) as threads:
            words = list(threads.map(race, ids))
        assert sorted(map(bool, words)) == [False, True]
        winner = ids[words.index("")]
        assert f"race was first (publish of {winner} at 20" in max(words)
        assert current_release(night.paths) == winner


def test_concurrent_runs_of_a_night_leave_one_current_release(night: SmallNight) -> None:
    night.prepare()
    runs = [replace(night, run_id=f"run-{name}") for name in "ab"]
    for run, fates in zip(runs, ({}, {"p1-a": "fail"}), strict=True):
        run.plan()
        run.compute(fates)  # type: ignore[arg-type]
    barrier = Barrier(2)

    def race(run: SmallNight) -> str:
        barrier.wait()
        try:
            return str(run.publish()["release_id"])
        except PublishConflict:
            return ""

    with ThreadPoolExecutor(2) as threads:
        published = [release_id for release_id in threads.map(race, runs) if release_id]
    assert current_release(night.paths) in published
    assert len(read_pointer(night.paths.current).values["history"]) == len(published)


fates = st.lists(st.sampled_from(["pass", "fail", "dead", "dropped", "missing"]), min_size=1, max_size=6)


@settings(max_examples=15, deadline=None)
@given(first=fates, second=fates)
def test_accounting_is_exact_for_any_mix(
    tmp_path_factory: pytest.TempPathFactory, first: list[str], second: list[str]
) -> None:
    made = make_tiny_shop(tmp_path_factory.mktemp("mix") / "shop", products=0)
    made.configure_brand("inkwell", gate={"max_failed_share": 1.0})
    made.bless_fake_model()
    anchor = {"product_id": "anchor", "image_id": "anchor", "image_uri": "pictures/anchor.png"}
    made.add_picture("anchor.png", 500)
    for day, mix in ((23, first), (24, second)):
        for number, fate in enumerate(mix):
            made.add_picture(f"{number}.png", 100 * day + number if number % 2 else number)
            if fate == "missing":
                (made.root / f"pictures/{number}.png").unlink()
        rows = [
            {"product_id": f"p{n % 3}", "image_id": f"i{n}", "image_uri": f"pictures/{n}.png"} for n in range(len(mix))
        ]
        made.write_feed([anchor, *rows])
        night = SmallNight(made, date=f"2026-11-{day}", run_id=f"run-{day}")
        night.prepare(dropped=[f"i{n}" for n, fate in enumerate(mix) if fate == "dropped"])
        night.plan()
        chosen: dict[str, Fate] = {f"i{n}": fate for n, fate in enumerate(mix) if fate in ("fail", "dead")}  # type: ignore[misc]
        night.compute(chosen)
        summary = night.publish()
        rows_out = night.released(summary["release_id"])
        counts, outcomes = summary["accounting"], Counter(row.outcome for row in rows_out)
        assert counts["images_in"] == len(mix) + 1
        assert counts["dead_letters"] == sum(summary["dead_letters_by_reason"].values())
        assert len(rows_out) + counts["dead_letters"] == counts["images_in"]
        assert len({row.image_id for row in rows_out}) == len(rows_out)
        if summary["status"] == "published":
            assert counts["restyled"] + counts["reused"] == outcomes["restyled"]
            assert counts["kept_original"] == outcomes["kept_original"]
