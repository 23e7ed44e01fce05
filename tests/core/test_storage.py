from __future__ import annotations

import multiprocessing
import os
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from racers import win_serials

from pipelines.core import storage
from pipelines.core.errors import ImageRejected, PublishConflict

RACERS = 8


def test_write_replaces_and_leaves_no_temporary_file(tmp_path: Path) -> None:
    uri = str(tmp_path / "a/b/c.bin")
    storage.write_bytes(uri, b"old")
    storage.write_bytes(uri, b"new")
    assert storage.read_bytes(uri) == b"new"
    assert storage.list_files(str(tmp_path)) == [uri]


def test_a_failed_write_leaves_the_old_bytes_and_no_litter(tmp_path: Path) -> None:
    (tmp_path / "name").mkdir()
    (tmp_path / "name" / "old").write_bytes(b"old")
    with pytest.raises(OSError, match="name"):
        storage.write_bytes(str(tmp_path / "name"), b"new")
    assert storage.list_files(str(tmp_path)) == [str(tmp_path / "name" / "old")]


def test_readers_see_old_or_new_never_half(tmp_path: Path) -> None:
    uri, sides = str(tmp_path / "a.bin"), (b"a" * 300_000, b"b" * 300_000)
    storage.write_bytes(uri, sides[0])
    with ThreadPoolExecutor(2) as threads:
        writing = threads.submit(lambda: [storage.write_bytes(uri, sides[n % 2]) for n in range(40)])
        seen = set()
        while not writing.done():
            seen.add(storage.read_bytes(uri))
    assert seen <= set(sides)


def test_create_once_never_overwrites(tmp_path: Path) -> None:
    uri = str(tmp_path / "a/object.bin")
    assert storage.create_once(uri, b"first")
    assert not storage.create_once(uri, b"second")
    assert storage.read_bytes(uri) == b"first"


def test_create_once_has_one_winner(tmp_path: Path) -> None:
    barrier = Barrier(RACERS)
    for round_number in range(10):
        uri = str(tmp_path / f"{round_number}.bin")

        def race(racer: int, uri: str = uri) -> bool:
            barrier.wait()
            return storage.create_once(uri, bytes([racer]))

        with ThreadPoolExecutor(RACERS) as threads:
            won = list(threads.map(race, range(RACERS)))
        assert sum(won) == 1
        assert storage.read_bytes(uri) == bytes([won.index(True)])


def test_swap_among_threads_has_one_winner_a_round(tmp_path: Path) -> None:
    uri, generation, barrier = str(tmp_path / "current.json"), storage.ABSENT, Barrier(RACERS)
    for round_number in range(10):

        def race(racer: int, generation: str = generation, round_number: int = round_number) -> str:
            barrier.wait()
            try:
                return storage.swap(uri, f"{round_number} {racer}".encode(), generation)
            except PublishConflict:
                return ""

        with ThreadPoolExecutor(RACERS) as threads:
            winners = [won for won in threads.map(race, range(RACERS)) if won]
        assert len(winners) == 1
        found = storage.read_versioned(uri)
        assert found is not None
        assert found.generation == winners[0]
        generation = found.generation


def test_swap_among_processes_writes_every_serial_once(tmp_path: Path) -> None:
    uri, last = str(tmp_path / "current.json"), 60
    with ProcessPoolExecutor(RACERS, mp_context=multiprocessing.get_context("spawn")) as processes:
        won = [racer.result() for racer in [processes.submit(win_serials, uri, last) for _ in range(RACERS)]]
    assert sorted(serial for serials in won for serial in serials) == list(range(1, last + 1))


def test_swap_names_both_generations(tmp_path: Path) -> None:
    uri = str(tmp_path / "current.json")
    first = storage.swap(uri, b"1", storage.ABSENT)
    with pytest.raises(PublishConflict, match=f"expected generation absent, found {first}"):
        storage.swap(uri, b"2", storage.ABSENT)
    assert storage.read_bytes(uri) == b"1"
    with pytest.raises(PublishConflict, match="found absent"):
        storage.swap(str(tmp_path / "other.json"), b"2", first)


def test_reading_what_is_not_there(tmp_path: Path) -> None:
    uri = str(tmp_path / "none")
    with pytest.raises(FileNotFoundError):
        storage.read_bytes(uri)
    with pytest.raises(FileNotFoundError):
        storage.size_bytes(str(tmp_path))
    assert storage.read_versioned(uri) is None
    assert storage.list_files(uri) == []
    assert not storage.exists(uri)


@pytest.mark.parametrize(
    ("name", "reason"),
    [("none.jpg", "missing-file"), ("folder", "missing-file"), ("empty.jpg", "empty-file"),
     ("big.jpg", "too-many-bytes"),
     ("x" * 300, "unreadable-uri"), ("big.jpg/inner.jpg", "missing-file"), ("loop.jpg", "missing-file")],
)  # fmt: skip
def test_pictures_that_cannot_be_read_say_why(tmp_path: Path, name: str, reason: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "big.jpg").write_bytes(b"x" * 101)
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    with pytest.raises(ImageRejected) as caught:
        storage.read_source_image(str(tmp_path / name), max_bytes=100)
    assert caught.value.reason == reason
    assert name in str(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_forbidden_picture_says_so(tmp_path: Path) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(b"x")
    file.chmod(0)
    with pytest.raises(ImageRejected, match="Permission denied") as caught:
        storage.read_source_image(str(file), max_bytes=100)
    assert caught.value.reason == "unreadable-uri"


def test_a_readable_picture_comes_whole(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x" * 100)
    assert storage.read_source_image(str(tmp_path / "a.jpg"), max_bytes=100) == b"x" * 100
