"""Files on local disk and objects on Google Cloud Storage behind one small set of verbs.

Every write is atomic: a reader sees the old bytes, the new bytes or nothing. `create_once` never overwrites;
`swap` overwrites only the generation that its caller has read (compare-and-swap). What a verb has returned from is
durable. An OSError names the object and leaves open whether a write took place; the same verb again settles it.
"""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pipelines.core import disk, gcs
from pipelines.core.errors import ImageRejected, MissingArtifact, PublishConflict
from pipelines.core.uris import is_remote

ABSENT: Final = "absent"
"""Generation of an object that does not exist yet."""


@dataclass(frozen=True)
class Versioned:
    """Bytes with the generation they were read at."""

    data: bytes
    generation: str


@dataclass(frozen=True)
class StoredObject:
    """A file as a listing shows it. `updated` is when its bytes were written, by the clock of the storage."""

    uri: str
    size_bytes: int
    updated: datetime.datetime


def read_bytes(uri: str) -> bytes:
    """All bytes. FileNotFoundError when there is no such object."""
    return gcs.read(uri)[0] if is_remote(uri) else disk.read(uri)


def read_source_image(uri: str, max_bytes: int) -> bytes:
    """Bytes of a picture that a feed names.

    Raises ImageRejected: missing-file, empty-file, too-many-bytes, unreadable-uri.
    """
    try:
        size = size_bytes(uri)
        if size > max_bytes:
            raise ImageRejected("too-many-bytes", f"{uri}: {size:,} bytes; at most {max_bytes:,} are accepted.")
        if size == 0:
            raise ImageRejected("empty-file", f"{uri}: the file has zero bytes.")
        return read_bytes(uri)
    except FileNotFoundError:
        raise ImageRejected("missing-file", f"{uri}: no such file; correct image_uri or upload the picture.") from None
    except OSError as error:
        raise ImageRejected("unreadable-uri", f"{uri}: cannot be read: {error.strerror or error}") from error


def size_bytes(uri: str) -> int:
    """Size without reading. FileNotFoundError when there is no such file; folders are not files."""
    return gcs.size_bytes(uri) if is_remote(uri) else disk.size_bytes(uri)


def exists(uri: str) -> bool:
    """Whether there is an object of this name (folders count on local disk)."""
    return gcs.exists(uri) if is_remote(uri) else disk.exists(uri)


def list_files(prefix: str) -> list[str]:
    """All files below a folder, sorted; empty when there is no such folder."""
    return sorted(stored.uri for stored in list_objects(prefix))


def list_objects(prefix: str) -> Iterator[StoredObject]:
    """All files below a folder one after the other, in no order that is promised; none when there is no such folder.

    Links to folders are not followed. A file that is deleted meanwhile may be left out.
    """
    found = gcs.list_objects(prefix) if is_remote(prefix) else disk.list_objects(prefix)
    return itertools.starmap(StoredObject, found)


def write_bytes(uri: str, data: bytes) -> None:
    """Create or replace, atomically. For names that have one writer: of two the last one wins."""
    write = gcs.write if is_remote(uri) else disk.write
    write(uri, data)


def create_once(uri: str, data: bytes) -> bool:
    """Create; when it exists already leave it alone and return False."""
    if is_remote(uri):
        return gcs.write_if(uri, data, generation=0) is not None
    return disk.create(uri, data)


def create_object(uri: str, data: bytes) -> bool:
    """`create_once` for a name that stands for these very bytes, such as their hash.

    Raises MissingArtifact when the object exists with other bytes: it was cut off or altered.
    """
    if create_once(uri, data):
        return True
    if not (gcs.holds(uri, data) if is_remote(uri) else disk.read(uri) == data):
        raise MissingArtifact(
            f"{uri}: expected the {len(data):,} bytes that its name stands for, found an object that was cut off or "
            "altered; delete it and run this again."
        )
    return False


def copy(source_uri: str, target_uri: str) -> bool:
    """Create `target_uri` with the bytes of `source_uri`; when it exists already leave it alone and return False.

    Neither is read where their storage can copy: Google's does, and a local disk links. Source and target may then be
    one file with two names and one time of change, so this is for files that are only ever replaced as a whole.
    """
    if is_remote(source_uri) and is_remote(target_uri):
        return gcs.copy_if_absent(source_uri, target_uri)
    if not is_remote(source_uri) and not is_remote(target_uri):
        return disk.copy_if_absent(source_uri, target_uri)
    return create_once(target_uri, read_bytes(source_uri))


def delete(uri: str) -> None:
    """Delete a file. One that is not there is as good as deleted."""
    remove = gcs.delete if is_remote(uri) else disk.delete
    remove(uri)


def remove_leftovers(prefix: str) -> int:
    """Delete what killed writers left below a folder, never what a living one is at; returns the number of files.

    Readers and listings never see those files; they only take room. Google's storage has none.
    """
    return 0 if is_remote(prefix) else disk.remove_leftovers(prefix)


def read_versioned(uri: str) -> Versioned | None:
    """Bytes and generation, or None when absent."""
    try:
        if is_remote(uri):
            return Versioned(*gcs.read(uri))
        data = disk.read(uri)
    except FileNotFoundError:
        return None
    return Versioned(data, disk.generation_of(data))


def swap(uri: str, data: bytes, expected: str) -> str:
    """Replace the object if it still has the generation `expected` (`ABSENT`: if there is none).

    `data` must be like nothing that was there before or that anybody else writes; a random number in it is enough. On
    local disk the generation is the hash of the content, and when an answer of Google's is lost, finding its own bytes
    is how a writer learns that it has won.

    Returns the new generation. Raises PublishConflict, with what was found instead, when somebody else was first.
    """
    if is_remote(uri):
        generation = gcs.write_if(uri, data, 0 if expected == ABSENT else int(expected))
    else:
        generation = disk.write_if(uri, data, None if expected == ABSENT else expected)
    if generation is not None:
        return generation
    found = read_versioned(uri)
    raise PublishConflict(
        f"{uri}: expected generation {expected}, found {found.generation if found else ABSENT}: somebody else "
        f"{'wrote' if found else 'deleted it'} first.",
        found.data if found else None,
    )
