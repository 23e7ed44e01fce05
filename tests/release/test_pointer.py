from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from pipelines.core import storage
from pipelines.core.errors import MissingArtifact, PublishConflict
from pipelines.release.pointer import Pointer, move_pointer, read_pointer


@pytest.fixture
def uri(tmp_path: Path) -> str:
    return str(tmp_path / "current.json")


def move(pointer: Pointer, actor: str, at: str = "2026-11-23T02:00:00+00:00") -> None:
    event = {"actor": actor, "action": "publish", "release_id": f"of-{actor}", "at": at}
    move_pointer(pointer, {"release_id": f"of-{actor}", "history": [event, *pointer.values.get("history", [])]})


def conflict_of(pointer: Pointer, **values: Any) -> PublishConflict:
    with pytest.raises(PublishConflict) as caught:
        move_pointer(pointer, values)
    return caught.value


def test_values_come_back_without_what_is_the_pointers_own(uri: str) -> None:
    assert read_pointer(uri) == Pointer(uri, storage.ABSENT, 0, {})
    move_pointer(read_pointer(uri), {"release_id": "a"})
    pointer = read_pointer(uri)
    assert (pointer.serial, pointer.values) == (1, {"release_id": "a"})


def test_equal_values_are_written_as_different_bytes(uri: str, tmp_path: Path) -> None:
    other = str(tmp_path / "other.json")
    for target in (uri, other):
        move_pointer(read_pointer(target), {"release_id": "a"})
    assert storage.read_bytes(uri) != storage.read_bytes(other)


def test_the_loser_is_told_who_won_and_what_followed(uri: str) -> None:
    stale = read_pointer(uri)
    move(read_pointer(uri), "anna")
    error = conflict_of(stale)
    assert str(error) == (
        f"{uri}: expected serial 0, found 1: anna was first (publish of of-anna at 2026-11-23T02:00:00+00:00). "
        "Nothing was changed; run this again to go on from there."
    )
    assert json.loads(error.found or b"")["release_id"] == "of-anna"
    move(read_pointer(uri), "bela")
    move(read_pointer(uri), "cleo")
    assert "found 3: anna was first (publish of of-anna at " in str(conflict_of(stale))
    assert "and 2 more followed." in str(conflict_of(stale))


def test_a_pointer_without_history_and_one_that_is_gone(uri: str) -> None:
    stale = read_pointer(uri)
    move_pointer(stale, {"bundle_sha256": "a"})
    assert "expected serial 0, found 1: somebody else moved it first." in str(conflict_of(stale))
    present = read_pointer(uri)
    storage.delete(uri)
    error = conflict_of(present)
    assert "expected serial 1, found none: somebody deleted it." in str(error)
    assert error.found is None


def test_a_conflict_survives_a_process_boundary(uri: str) -> None:
    stale = read_pointer(uri)
    move(stale, "anna")
    error = conflict_of(stale)
    copied = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert (type(copied), str(copied), copied.found) == (PublishConflict, str(error), error.found)


def test_a_clock_that_is_set_back_changes_neither_order_nor_winner(uri: str) -> None:
    move(read_pointer(uri), "anna", at="2026-11-23T02:00:00+00:00")
    stale = read_pointer(uri)
    move(stale, "bela", at="1999-01-01T00:00:00+00:00")
    assert "found 2: bela was first (publish of of-bela at 1999" in str(conflict_of(stale))
    pointer = read_pointer(uri)
    assert pointer.serial == 2
    assert [event["actor"] for event in pointer.values["history"]] == ["bela", "anna"]


def test_no_generation_comes_back_with_equal_values(uri: str) -> None:
    """Rolled back and forward again, a pointer is not what a publisher read before."""
    generations = set()
    for release_id in ("a", "b", "a", "b"):
        move_pointer(read_pointer(uri), {"release_id": release_id})
        generations.add(read_pointer(uri).generation)
    assert len(generations) == 4


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"null", b'{"release_id": "a"}', b'{"serial": "x"}', b"\xff"])
def test_what_is_no_pointer_is_said_to_be_none(uri: str, content: bytes) -> None:
    Path(uri).write_bytes(content)
    with pytest.raises(MissingArtifact, match=r"current\.json: expected a pointer \(JSON with a serial number\)"):
        read_pointer(uri)
