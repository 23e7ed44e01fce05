"""Local disks that are full, read-only, or cannot do what others can."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

import pytest

from pipelines.core import disk, storage

OLD, NEW = b"old", b"new" * 100_000
WRITES: dict[str, Callable[[str], object]] = {
    "write_bytes": lambda uri: storage.write_bytes(uri, NEW),
    "create_once": lambda uri: storage.create_once(f"{uri}-new", NEW),
    "create_object": lambda uri: storage.create_object(f"{uri}-new", NEW),
    "swap": lambda uri: storage.swap(uri, NEW, disk.generation_of(OLD)),
    "swap absent": lambda uri: storage.swap(f"{uri}-new", NEW, storage.ABSENT),
}
ON_A_SMALL_DISK = f"""
import errno, json, os, pathlib, subprocess, sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_disk_faults import OLD, WRITES
from pipelines.core import storage

folder = pathlib.Path(sys.argv[1])
uri = str(folder / "file")
mount = ["mount", "-t", "tmpfs", "-o"]
subprocess.run([*mount, "size=64k", "tmpfs", folder], check=True)
storage.write_bytes(uri, OLD)

def attempt(write, uri):
    try:
        write(uri)
    except OSError as error:
        return errno.errorcode[error.errno], str(error)
    return "written", ""

found = {{}}
for fault in ("full", "read-only"):
    if fault == "read-only":
        subprocess.run([*mount, "remount,ro", folder], check=True)
    for name, write in WRITES.items():
        code, sentence = attempt(write, uri)
        names = sorted(path.name for path in folder.iterdir() if path.name != ".restyle-lock")
        found[f"{{fault}} {{name}}"] = [code, sentence, storage.read_bytes(uri).decode(), names]
print(json.dumps(found))
"""


@pytest.fixture
def uri(tmp_path: Path) -> str:
    storage.write_bytes(str(tmp_path / "file"), OLD)
    return str(tmp_path / "file")


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {disk.LOCK}


def test_a_disk_that_is_really_full_or_read_only(tmp_path: Path) -> None:
    unshare = ["unshare", "--map-root-user", "--mount"]
    if subprocess.run(
        [*unshare, "mount", "-t", "tmpfs", "tmpfs", tmp_path], capture_output=True, check=False
    ).returncode:
        pytest.skip("mounting a small disk in a user namespace is not permitted here")
    done = subprocess.run(
        [*unshare, sys.executable, "-c", ON_A_SMALL_DISK, tmp_path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert len(found) == 2 * len(WRITES)
    for case, (code, sentence, left, names) in found.items():
        full = case.startswith("full")
        assert code == ("ENOSPC" if full else "EROFS"), case
        assert (f"the disk of {tmp_path} is full" if full else f"{tmp_path} is mounted read-only") in sentence, case
        assert "run it again" in sentence
        assert (left, names) == (OLD.decode(), ["file"]), case


@pytest.mark.parametrize("step", ["mkstemp", "fchmod", "fsync", "naming"])
@pytest.mark.parametrize(
    ("code", "sentence"),
    [(errno.ENOSPC, "is full"), (errno.EDQUOT, "quota"), (errno.EROFS, "read-only"), (errno.EIO, "Input/output error")],
    ids=["ENOSPC", "EDQUOT", "EROFS", "EIO"],
)
@pytest.mark.parametrize("name", WRITES)
def test_a_write_that_fails_at_any_step_leaves_the_old_bytes(
    uri: str, name: str, code: int, sentence: str, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    targets = {"mkstemp": [(disk.tempfile, "mkstemp")], "naming": [(os, "link"), (os, "replace"), (os, "rename")]}
    for module, function in targets.get(step, [(os, step)]):
        monkeypatch.setattr(module, function, fail)
    with pytest.raises(OSError, match=sentence) as caught:
        WRITES[name](uri)
    assert caught.value.errno == code
    monkeypatch.undo()
    assert storage.read_bytes(uri) == OLD
    assert names_in(Path(uri).parent) == {"file"}
    assert WRITES[name](uri) is not False


def test_a_file_system_without_hard_links_still_creates_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def link(source: object, target: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", link)
    racers = 8
    barrier = threading.Barrier(racers)
    for number in range(10):
        uri = str(tmp_path / str(number))

        def race(racer: int, uri: str = uri) -> bool:
            barrier.wait(60)
            return storage.create_once(uri, bytes([racer]))

        with ThreadPoolExecutor(racers) as threads:
            won = list(threads.map(race, range(racers)))
        assert sum(won) == 1
        assert storage.read_bytes(uri) == bytes([won.index(True)])
    assert names_in(tmp_path) == {str(number) for number in range(10)}


def test_a_file_system_that_cannot_flush_folders_is_written_to(
    uri: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fsync(handle: int) -> None:
        if os.path.isdir(f"/proc/self/fd/{handle}"):  # noqa: PTH112
            raise OSError(errno.EINVAL, "Invalid argument")
        flush(handle)

    flush = os.fsync
    monkeypatch.setattr(os, "fsync", fsync)
    storage.write_bytes(uri, NEW)
    assert storage.read_bytes(uri) == NEW


@pytest.mark.parametrize("name", WRITES)
def test_bytes_are_on_disk_before_their_name_and_the_name_before_the_verb_returns(
    uri: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fsync(handle: int) -> None:
        steps.append("flush folder" if os.path.isdir(f"/proc/self/fd/{handle}") else "flush file")  # noqa: PTH112
        flush(handle)

    def naming(function: Callable[..., None]) -> Callable[..., None]:
        def named(*names: object) -> None:
            steps.append("name")
            function(*names)

        return named

    steps: list[str] = []
    flush = os.fsync
    monkeypatch.setattr(os, "fsync", fsync)
    for function in ("link", "replace", "rename"):
        monkeypatch.setattr(os, function, naming(getattr(os, function)))
    WRITES[name](uri)
    assert steps == ["flush file", "name", "flush folder"]


def test_a_lock_is_given_back_though_a_forked_process_holds_its_file(uri: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(file: IO[str] | int, how: int) -> None:
        if how == fcntl.LOCK_EX:
            inherited.append(os.dup(file if isinstance(file, int) else file.fileno()))  # as a fork does
        lock(file, how)

    inherited: list[int] = []
    lock = fcntl.flock
    monkeypatch.setattr(fcntl, "flock", flock)
    storage.swap(uri, NEW, disk.generation_of(OLD))
    with (Path(uri).parent / disk.LOCK).open("w") as file:
        lock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    for handle in inherited:
        os.close(handle)


@pytest.mark.parametrize("name", ["x" * 255, "絵" * 85, "🖼" * 63])
def test_names_may_be_as_long_as_the_file_system_allows(tmp_path: Path, name: str) -> None:
    uri = str(tmp_path / name)
    storage.write_bytes(uri, OLD)
    storage.swap(uri, NEW, disk.generation_of(OLD))
    assert storage.create_once(str(tmp_path / f"{name[:-1]}y"), NEW)
    assert storage.read_bytes(uri) == NEW


def test_an_object_of_another_content_is_not_trusted(tmp_path: Path) -> None:
    uri = str(tmp_path / "ab12.jpg")
    assert storage.create_object(uri, NEW)
    assert not storage.create_object(uri, NEW)
    Path(uri).write_bytes(NEW[:-1])
    with pytest.raises(storage.MissingArtifact, match=r"ab12\.jpg: expected the 300,000 bytes .* delete it and run"):
        storage.create_object(uri, NEW)
