from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from pipelines.core import source_versions, storage
from pipelines.core.source_versions import SETTLED_NS, file_version, is_settled, object_versions


def test_a_version_changes_with_whatever_may_change_the_bytes(tmp_path: Path) -> None:
    file = tmp_path / "a.jpg"
    file.write_bytes(b"one")
    os.utime(file, ns=(0, 1_000))
    versions = [file_version(str(file))]
    os.utime(file, ns=(0, 2_000))
    versions.append(file_version(str(file)))
    file.write_bytes(b"three")
    os.utime(file, ns=(0, 2_000))
    versions.append(file_version(str(file)))
    (tmp_path / "b.jpg").write_bytes(b"three")
    (tmp_path / "b.jpg").replace(file)
    os.utime(file, ns=(0, 2_000))
    versions.append(file_version(str(file)))
    assert len(set(versions)) == 4
    assert versions[-1] == file_version(str(file))


@pytest.mark.parametrize("name", ["none.jpg", "a" * 300, "a\0b"])
def test_what_is_not_there_has_no_version(tmp_path: Path, name: str) -> None:
    assert file_version(f"{tmp_path}/{name}") == ""


def test_a_file_that_was_touched_just_before_it_was_read_is_not_settled(tmp_path: Path) -> None:
    """Its times may stay the same when it is written once more."""
    file = tmp_path / "a.jpg"
    file.write_bytes(b"one")
    changed = file.stat().st_ctime_ns
    version = file_version(str(file))
    assert not is_settled(version, changed)
    assert not is_settled(version, changed + SETTLED_NS - 1)
    assert is_settled(version, changed + SETTLED_NS)
    future = changed + 3600 * 10**9
    os.utime(file, ns=(0, future))
    assert not is_settled(file_version(str(file)), changed + 2 * SETTLED_NS)


def test_versions_of_objects_are_settled_at_once_and_no_version_never() -> None:
    assert is_settled("object 3 2026-11-23T02:00:00.123000+00:00", 0)
    assert not is_settled("", time.time_ns())
    assert not is_settled("etag abc", time.time_ns())


def test_objects_by_a_listing(bucket: str) -> None:
    names = [f"{bucket}/catalog/{folder}/{number}.jpg" for folder in ("a", "ab") for number in range(2)]
    for name in names:
        storage.write_bytes(name, name.encode())
    storage.write_bytes(f"{bucket}/other.jpg", b"x")
    first = object_versions([*names, f"{bucket}/catalog/a/none.jpg"])
    assert sorted(first) == sorted(names)
    storage.write_bytes(names[0], b"other bytes")
    second = object_versions(names)
    assert {name for name in names if second[name] != first[name]} == {names[0]}


def test_one_object_in_the_root_of_a_bucket(bucket: str) -> None:
    storage.write_bytes(f"{bucket}/a.jpg", b"x")
    assert list(object_versions([f"{bucket}/a.jpg"])) == [f"{bucket}/a.jpg"]


def test_a_folder_that_holds_far_more_than_the_pictures(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_versions, "LISTED_AT_LEAST", 3)
    monkeypatch.setattr(source_versions, "LISTED_FOR_ONE", 3)
    for number in range(4):
        storage.write_bytes(f"{bucket}/{number}.jpg", b"x")
    assert object_versions([f"{bucket}/0.jpg"]) == {}
    assert len(object_versions([f"{bucket}/0.jpg", f"{bucket}/1.jpg"])) == 2


def test_a_bucket_that_is_not_there(bucket: str) -> None:
    assert object_versions([f"{bucket}-none/a.jpg"]) == {}
