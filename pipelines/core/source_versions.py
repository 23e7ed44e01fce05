"""What tells, without reading a picture, that it is the one that an earlier night has read.

A version is taken before the bytes are read: of a file that is replaced meanwhile the older version is remembered,
which the next night finds changed. Two changes within one tick of a file's clock look alike; a version is therefore
settled only when the file had been left alone for a while before it was read (git's care with "racily clean" files).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from typing import Final

from pipelines.core import storage
from pipelines.core.uris import parent

SETTLED_NS: Final = 2_000_000_000
"""The longest tick of a file system's clock: FAT's."""
LISTED_FOR_ONE: Final = 20
"""Objects that a listing may hold for each picture of the feed, before it costs more than it saves."""
LISTED_AT_LEAST: Final = 20_000


def file_version(path: str) -> str:
    """Size, times of change and inode of a local file; empty when there is no such file."""
    try:
        found = os.stat(path)  # noqa: PTH116 (a Path for each of a million files takes longer than the call)
    except (OSError, ValueError):
        return ""
    return f"file {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns} {found.st_ino}"


def is_settled(version: str, read_ns: int) -> bool:
    """Whether bytes that were read at `read_ns` (Unix time) or later are all that this version can stand for."""
    kind, *values = version.split() or [""]
    if kind != "file":
        return kind == "object"
    return max(int(values[1]), int(values[2])) <= read_ns - SETTLED_NS


def size_in(version: str) -> int | None:
    """The number of bytes that a version speaks of; None where it does not."""
    kind, *values = version.split() or [""]
    return int(values[0]) if kind in {"file", "object"} else None


def object_versions(uris: Iterable[str]) -> dict[str, str]:
    """Size and time of change of those objects of Google Cloud Storage that are there, by a listing of each bucket.

    Listed is the folder that the pictures of a bucket have in common. Where it holds far more than the pictures, or may
    not be listed, there are no versions.
    """
    versions: dict[str, str] = {}
    wanted: dict[str, set[str]] = {}
    for uri in uris:
        wanted.setdefault(uri.split("/", 3)[2], set()).add(uri)
    for names in wanted.values():
        with contextlib.suppress(OSError):
            versions |= _listed(names)
    return versions


def _listed(names: set[str]) -> dict[str, str]:
    folder = "gs://" + os.path.commonpath([parent(uri).removeprefix("gs://") for uri in (min(names), max(names))])
    patience = max(LISTED_AT_LEAST, LISTED_FOR_ONE * len(names))
    found: dict[str, str] = {}
    for count, stored in enumerate(storage.list_objects(folder)):
        if count >= patience:
            return {}
        if stored.uri in names:
            found[stored.uri] = f"object {stored.size_bytes} {stored.updated.isoformat()}"
    return found
