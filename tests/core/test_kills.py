"""Local writers that die at any point: readers see old bytes, new bytes or nothing; the next writer is not held up."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from killed_writer import NEW, OLD, VERBS, Verb, killed_after_bytes, killed_before_line, lines_of

from pipelines.core import disk, storage

KILLS_A_VERB = 30


@pytest.fixture
def uri(tmp_path: Path) -> str:
    (tmp_path / "source").write_bytes(NEW)
    return str(tmp_path / "folder/file")


def prepare(uri: str, before: bytes | None) -> None:
    storage.delete(uri)
    if before is not None:
        storage.write_bytes(uri, before)


def found(uri: str) -> bytes | None:
    versioned = storage.read_versioned(uri)
    return versioned.data if versioned else None


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


def check_and_go_on(verb: Verb, uri: str) -> bytes | None:
    """What the dead writer left is whole and hidden; the next one, and the clean-up, are as if it had never been."""
    folder = str(Path(uri).parent)
    left = found(uri)
    assert left in (verb.before, verb.after)
    assert storage.list_files(folder) == ([uri] if left is not None else [])
    assert storage.remove_leftovers(folder) <= 1
    assert names_in(Path(folder)) <= {"file", disk.LOCK}
    if left == verb.before:
        verb.write(uri)
    assert found(uri) == verb.after
    return left


@pytest.mark.parametrize("name", VERBS)
def test_killed_between_any_two_lines(uri: str, name: str) -> None:
    verb = VERBS[name]
    prepare(uri, verb.before)
    lines = lines_of(verb.write, uri)
    seeded, kills, seen = random.Random(name), 0, set()  # noqa: S311
    for line in [*seeded.sample(range(1, lines), min(KILLS_A_VERB, lines - 1)), lines]:
        prepare(uri, verb.before)
        kills += killed_before_line(verb.write, uri, line)
        seen.add(check_and_go_on(verb, uri))
    assert kills > KILLS_A_VERB / 2
    assert verb.before in seen


@pytest.mark.parametrize("name", ["write", "replace", "create", "swap", "copy without links"])
def test_killed_in_the_middle_of_writing(uri: str, name: str) -> None:
    verb, seeded = VERBS[name], random.Random(name)  # noqa: S311
    for written_bytes in [0, 1, *(seeded.randrange(len(NEW)) for _ in range(4)), len(NEW) - 1]:
        prepare(uri, verb.before)
        assert killed_after_bytes(verb.write, uri, written_bytes)
        assert check_and_go_on(verb, uri) == verb.before


def test_leftovers_lie_beside_and_are_removed(uri: str) -> None:
    """The kills above leave something behind at all."""
    prepare(uri, OLD)
    assert killed_after_bytes(VERBS["replace"].write, uri, 1000)
    (leftover,) = (name for name in names_in(Path(uri).parent) if name.endswith(disk.TEMPORARY))
    assert (Path(uri).parent / leftover).stat().st_size == 1000
    assert storage.remove_leftovers(str(Path(uri).parents[1])) == 1
    assert names_in(Path(uri).parent) == {"file"}


def test_the_file_of_a_living_writer_is_no_leftover(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever its age: a clock that was set forward or back deletes nothing."""

    def fsync(handle: int) -> None:
        os.utime(handle, (0, 0))
        removed.append(storage.remove_leftovers(str(Path(uri).parent)))
        flush(handle)

    removed: list[int] = []
    flush = os.fsync
    monkeypatch.setattr(os, "fsync", fsync)
    storage.write_bytes(uri, NEW)
    assert removed == [0, 0]
    assert found(uri) == NEW


def test_a_writer_whose_file_was_snatched_before_it_was_locked_takes_another(
    uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flock(handle: int, how: int) -> None:
        if removed:
            lock(handle, how)
        else:
            removed.append(0)
            removed.append(storage.remove_leftovers(str(Path(uri).parent)))

    removed: list[int] = []
    lock = disk.fcntl.flock
    monkeypatch.setattr(disk.fcntl, "flock", flock)
    storage.write_bytes(uri, NEW)
    assert removed == [0, 1]
    assert found(uri) == NEW
    assert names_in(Path(uri).parent) == {"file"}
