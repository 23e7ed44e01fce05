"""gs:// URIs against an emulator of Google Cloud Storage."""

from __future__ import annotations

import datetime
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from pipelines.core import gcs, storage
from pipelines.core.contracts import ResultRow
from pipelines.core.errors import ImageRejected, InputError, PublishConflict
from pipelines.core.tables import read_rows, write_rows


def test_write_read_replace_size(bucket: str) -> None:
    uri = f"{bucket}/a folder/ümlaut #1.bin"
    storage.write_bytes(uri, b"old")
    storage.write_bytes(uri, b"newer")
    assert storage.read_bytes(uri) == b"newer"
    assert storage.size_bytes(uri) == 5
    assert storage.exists(uri)


def test_what_is_not_there(bucket: str) -> None:
    uri = f"{bucket}/none.bin"
    with pytest.raises(FileNotFoundError, match=r"none\.bin"):
        storage.read_bytes(uri)
    with pytest.raises(FileNotFoundError, match=r"none\.bin"):
        storage.size_bytes(uri)
    assert storage.read_versioned(uri) is None
    assert not storage.exists(uri)
    assert storage.list_files(f"{bucket}/nowhere") == []


def test_a_bucket_that_is_not_there(bucket: str) -> None:
    with pytest.raises(FileNotFoundError):
        storage.read_bytes(f"{bucket}-other/a.bin")
    with pytest.raises(FileNotFoundError):
        storage.write_bytes(f"{bucket}-other/a.bin", b"x")


def test_create_once_never_overwrites(bucket: str) -> None:
    uri = f"{bucket}/objects/ab.jpg"
    assert storage.create_once(uri, b"first")
    assert not storage.create_once(uri, b"second")
    assert storage.read_bytes(uri) == b"first"


def test_swap_by_generation(bucket: str) -> None:
    uri = f"{bucket}/current.json"
    first = storage.swap(uri, b"1", storage.ABSENT)
    found = storage.read_versioned(uri)
    assert found == storage.Versioned(b"1", first)
    second = storage.swap(uri, b"2", first)
    with pytest.raises(PublishConflict, match=f"expected generation {first}"):
        storage.swap(uri, b"3", first)
    with pytest.raises(PublishConflict, match="expected generation absent"):
        storage.swap(uri, b"3", storage.ABSENT)
    assert storage.read_versioned(uri) == storage.Versioned(b"2", second)


def test_swap_among_threads_has_one_winner_a_round(bucket: str) -> None:
    uri, generation, barrier = f"{bucket}/current.json", storage.ABSENT, Barrier(8)
    for round_number in range(4):

        def race(racer: int, generation: str = generation, round_number: int = round_number) -> str:
            barrier.wait()
            try:
                return storage.swap(uri, f"{round_number} {racer}".encode(), generation)
            except PublishConflict:
                return ""

        with ThreadPoolExecutor(8) as threads:
            winners = [won for won in threads.map(race, range(8)) if won]
        assert len(winners) == 1
        generation = winners[0]


def test_list_files_names_all_below_a_prefix_and_nothing_beside(bucket: str) -> None:
    for name in ("pictures/b.jpg", "pictures/a/1.jpg", "pictures-old/c.jpg", "d.jpg", "pictures/folder/"):
        storage.write_bytes(f"{bucket}/{name}", b"x")
    expected = [f"{bucket}/pictures/a/1.jpg", f"{bucket}/pictures/b.jpg"]
    assert storage.list_files(f"{bucket}/pictures") == expected
    assert storage.list_files(f"{bucket}/pictures/") == expected
    assert len(storage.list_files(bucket)) == 4


def test_tables_round_trip(bucket: str) -> None:
    rows = [ResultRow("a", "k", "s", "u", "o", "h", 1, 2, 3)]
    write_rows(f"{bucket}/runs/results.parquet", rows, ResultRow)
    assert read_rows(f"{bucket}/runs/results.parquet", ResultRow) == rows


def test_pictures_that_cannot_be_read_say_why(bucket: str) -> None:
    storage.write_bytes(f"{bucket}/empty.jpg", b"")
    storage.write_bytes(f"{bucket}/big.jpg", b"x" * 101)
    for name, reason in (("none.jpg", "missing-file"), ("empty.jpg", "empty-file"), ("big.jpg", "too-many-bytes")):
        with pytest.raises(ImageRejected) as caught:
            storage.read_source_image(f"{bucket}/{name}", max_bytes=100)
        assert caught.value.reason == reason


def test_missing_credentials_are_nobodys_dead_letter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("google.cloud.storage", reason="google-cloud-storage is not installed (extra `gcs`)")
    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    with pytest.raises(InputError, match="expected Google Application Default Credentials") as caught:
        storage.read_source_image("gs://shop/a.jpg", max_bytes=100)
    assert not isinstance(caught.value, ImageRejected)


def test_one_client_a_process(bucket: str) -> None:
    assert gcs._client() is gcs._client()


def test_the_first_read_of_a_process_is_quick(bucket: str) -> None:
    """No credentials are sought and no metadata server is asked."""
    storage.write_bytes(f"{bucket}/a.bin", b"x")
    code = f"from pipelines.core import storage; print(storage.read_bytes({bucket!r} + '/a.bin'))"
    started = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "b'x'"
    assert time.monotonic() - started < 15


def test_a_listing_tells_sizes_and_times(bucket: str) -> None:
    before = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=1)
    storage.write_bytes(f"{bucket}/a/1.bin", b"x" * 7)
    storage.write_bytes(f"{bucket}/a/2.bin", b"")
    found = list(storage.list_objects(f"{bucket}/a"))
    assert [(stored.uri, stored.size_bytes) for stored in found] == [(f"{bucket}/a/1.bin", 7), (f"{bucket}/a/2.bin", 0)]
    assert all(before <= stored.updated <= datetime.datetime.now(datetime.UTC) for stored in found)


def test_copy_inside_the_bucket(bucket: str, tmp_path: Path) -> None:
    storage.write_bytes(f"{bucket}/source.bin", b"bytes")
    assert storage.copy(f"{bucket}/source.bin", f"{bucket}/deep/target.bin")
    assert storage.read_bytes(f"{bucket}/deep/target.bin") == b"bytes"
    with pytest.raises(FileNotFoundError, match=r"none\.bin"):
        storage.copy(f"{bucket}/none.bin", f"{bucket}/other.bin")
    assert not storage.exists(f"{bucket}/other.bin")


def test_copy_between_bucket_and_disk(bucket: str, tmp_path: Path) -> None:
    local, remote = str(tmp_path / "a.bin"), f"{bucket}/a.bin"
    storage.write_bytes(remote, b"bytes")
    assert storage.copy(remote, local)
    assert not storage.copy(remote, local)
    assert not storage.copy(local, remote)
    assert storage.copy(local, f"{bucket}/b.bin")
    assert storage.read_bytes(local) == storage.read_bytes(f"{bucket}/b.bin") == b"bytes"


def test_delete(bucket: str) -> None:
    storage.write_bytes(f"{bucket}/a.bin", b"x")
    storage.delete(f"{bucket}/a.bin")
    assert not storage.exists(f"{bucket}/a.bin")
    storage.delete(f"{bucket}/a.bin")
