from __future__ import annotations

import datetime
import errno
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


def test_a_listing_tells_sizes_and_times(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/1.bin").write_bytes(b"x" * 7)
    (tmp_path / "2.bin").touch()
    os.utime(tmp_path / "2.bin", (0, 86_400))
    (tmp_path / "gone.bin").symlink_to("nowhere")
    (tmp_path / "a/up").symlink_to(tmp_path)
    (tmp_path / "3.bin").symlink_to("a/b/1.bin")
    found = {stored.uri: stored for stored in storage.list_objects(str(tmp_path))}
    sizes = {uri.removeprefix(f"{tmp_path}/"): stored.size_bytes for uri, stored in found.items()}
    assert sizes == {"a/b/1.bin": 7, "2.bin": 0, "3.bin": 7}
    assert found[f"{tmp_path}/2.bin"].updated == datetime.datetime(1970, 1, 2, tzinfo=datetime.UTC)
    assert list(storage.list_objects(f"{tmp_path}/2.bin")) == []


def test_copy_never_overwrites(tmp_path: Path) -> None:
    source, target = str(tmp_path / "source.bin"), str(tmp_path / "deep/target.bin")
    (tmp_path / "source.bin").write_bytes(b"bytes")
    (tmp_path / "link.bin").symlink_to("source.bin")
    assert storage.copy(str(tmp_path / "link.bin"), target)
    assert not Path(target).is_symlink()
    assert Path(target).samefile(source)
    storage.write_bytes(source, b"other")
    assert not storage.copy(source, target)
    assert storage.read_bytes(target) == b"bytes"
    with pytest.raises(FileNotFoundError, match="none"):
        storage.copy(str(tmp_path / "none"), str(tmp_path / "other"))


def test_copy_between_file_systems(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def across(source: object, target: object) -> None:
        if not str(source).endswith(".tmp"):
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        link(source, target)  # type: ignore[arg-type]

    link = os.link
    monkeypatch.setattr(os, "link", across)
    source, target = str(tmp_path / "source.bin"), str(tmp_path / "target.bin")
    storage.write_bytes(source, b"bytes")
    assert storage.copy(source, target)
    assert not storage.copy(source, target)
    assert not Path(target).samefile(source)
    assert storage.read_bytes(target) == b"bytes"


def test_delete(tmp_path: Path) -> None:
    (tmp_path / "a.bin").touch()
    storage.delete(str(tmp_path / "a.bin"))
    assert not (tmp_path / "a.bin").exists()
    storage.delete(str(tmp_path / "a.bin"))
