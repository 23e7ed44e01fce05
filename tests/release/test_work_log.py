"""The same key is never computed twice; what fails is tried again, but not for ever."""

from __future__ import annotations

from dataclasses import replace

import pytest
from small_night import SmallNight

from pipelines.core import tables
from pipelines.core.contracts import DeadLetter
from pipelines.core.errors import GateBlocked


def later(night: SmallNight, day: int) -> SmallNight:
    return replace(night, date=f"2026-11-{day}", run_id=f"run-{day}")


def test_what_a_blocked_night_computed_is_not_computed_again(night: SmallNight) -> None:
    with pytest.raises(GateBlocked):
        night.whole({"p0-a": "fail", "p1-a": "fail"})
    again = later(night, 24)
    again.prepare()
    assert (again.plan()["compute"], again.plan()["reuse"]) == (0, 3)
    again.compute()
    with pytest.raises(GateBlocked, match="2 of 3 images failed the fidelity gate"):
        again.publish()


def test_going_back_to_an_older_look_computes_nothing(night: SmallNight) -> None:
    night.whole()
    night.made.configure_brand("inkwell", strength=0.5)
    later(night, 24).whole()
    night.made.configure_brand("inkwell", strength=1.0)
    summary = later(night, 25).whole()
    assert (summary["status"], summary["computed"], summary["accounting"]["reused"]) == ("published", 0, 3)


def test_an_object_that_is_gone_is_computed_again(night: SmallNight) -> None:
    night.whole()
    gone = {row.image_id: row.object_uri for row in night.released(night.publish()["release_id"])}["p1-a"]
    night.made.configure_brand("inkwell", strength=0.5)
    later(night, 24).whole()
    night.made.configure_brand("inkwell", strength=1.0)
    (night.made.root / gone).unlink()
    again = later(night, 25)
    again.prepare()
    again.plan()
    assert again.planned() == ["p1-a"]


def test_images_with_the_same_bytes_are_restyled_once(night: SmallNight) -> None:
    feed = night.made.root / "feed.csv"
    feed.write_text(f"{feed.read_text().rstrip()}\nq,q-a,pictures/p0.png,The same,mugs\n")
    night.prepare()
    summary = night.plan()
    assert (summary["compute"], summary["repeated"]) == (3, 1)
    night.compute()
    published = night.publish()
    assert published["accounting"]["restyled"] == 4
    rows = {row.image_id: row for row in night.released(published["release_id"])}
    assert rows["p0-a"].object_uri == rows["q-a"].object_uri
    assert (rows["q-a"].product_id, rows["q-a"].title) == ("q", "The same")


def test_a_failure_is_that_of_every_image_with_the_same_bytes(night: SmallNight) -> None:
    feed = night.made.root / "feed.csv"
    feed.write_text(f"{feed.read_text().rstrip()}\nq,q-a,pictures/p0.png,The same,mugs\n")
    night.prepare()
    night.plan()
    (planned,) = {"p0-a", "q-a"} & set(night.planned())
    night.compute({planned: "dead"})
    accounting = night.publish()["accounting"]
    assert (accounting["images_in"], accounting["restyled"], accounting["dead_letters"]) == (4, 2, 2)


def test_a_failing_image_is_tried_a_set_number_of_nights_then_listed(night: SmallNight) -> None:
    night.made.configure(retry={"max_attempts": 2})
    for day in (23, 24):
        one = later(night, day)
        summary = one.whole({"p1-a": "dead"})
        assert (summary["computed"], summary["accounting"]["dead_letters"]) == (2 if day == 23 else 0, 1)
    listed = later(night, 25)
    summary = listed.whole()
    assert (summary["computed"], summary["accounting"]["dead_letters"]) == (0, 1)
    (letter,) = tables.read_json_lines(listed.run.plan_dead_letters, DeadLetter)
    assert (letter.image_id, letter.reason, letter.attempts) == ("p1-a", "model-failed", 2)
    assert "failed on 2 nights" in letter.message
    night.made.add_picture("p1.png", 99)
    assert later(night, 26).whole()["computed"] == 1


def test_the_same_run_tried_again_does_not_count_as_another_night(night: SmallNight) -> None:
    night.made.configure(retry={"max_attempts": 1})
    night.whole({"p1-a": "dead"})
    night.plan()
    assert night.planned() == ["p1-a"]
