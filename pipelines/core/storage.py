"""Files on local disk and objects on Google Cloud Storage behind one small set of verbs.

Every write is atomic: a reader sees the old bytes, the new bytes or nothing. `create_once` never overwrites;
`swap` overwrites only the generation that its caller has read (compare-and-swap).
"""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import hashlib
import itertools
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipelines.core import gcs
from pipelines.core.errors import ImageRejected, PublishConflict
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
    if is_remote(uri):
        return gcs.read(uri)[0]
    return Path(uri).read_bytes()


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
    if is_remote(uri):
        return gcs.size_bytes(uri)
    path = Path(uri)
    if not path.is_file():
        raise FileNotFoundError(uri)
    return path.stat().st_size


def exists(uri: str) -> bool:
    """Whether there is an object of this name (folders count on local disk)."""
    return gcs.exists(uri) if is_remote(uri) else Path(uri).exists()


def list_files(prefix: str) -> list[str]:
    """All files below a folder, sorted; empty when there is no such folder."""
    return sorted(stored.uri for stored in list_objects(prefix))


def list_objects(prefix: str) -> Iterator[StoredObject]:
    """All files below a folder one after the other, in no order that is promised; none when there is no such folder.

    Links to folders are not followed. A file that is deleted meanwhile may be left out.
    """
    if is_remote(prefix):
        yield from itertools.starmap(StoredObject, gcs.list_objects(prefix))
        return
    folders = [prefix]
    while folders:
        try:
            entries = os.scandir(folders.pop())
        except (FileNotFoundError, NotADirectoryError):
            continue
        with entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                elif stored := _local_file(entry):
                    yield stored


def _local_file(entry: os.DirEntry[str]) -> StoredObject | None:
    try:
        if not entry.is_file():
            return None
        found = entry.stat()
    except FileNotFoundError:
        return None
    return StoredObject(entry.path, found.st_size, datetime.datetime.fromtimestamp(found.st_mtime, datetime.UTC))


def write_bytes(uri: str, data: bytes) -> None:
    """Create or replace, atomically."""
    if is_remote(uri):
        gcs.write(uri, data)
        return
    with _temporary_beside(Path(uri), data) as temporary:
        temporary.replace(uri)


def create_once(uri: str, data: bytes) -> bool:
    """Create; when it exists already leave it alone and return False."""
    if is_remote(uri):
        return gcs.write_if(uri, data, generation=0) is not None
    if Path(uri).exists():
        return False
    with _temporary_beside(Path(uri), data) as temporary:
        try:
            os.link(temporary, uri)
        except FileExistsError:
            return False
    return True


def copy(source_uri: str, target_uri: str) -> bool:
    """Create `target_uri` with the bytes of `source_uri`; when it exists already leave it alone and return False.

    Neither is read where their storage can copy: Google's does, and a local disk links. Source and target may then be
    one file with two names, so this is for files that are only ever replaced as a whole.
    """
    if is_remote(source_uri) and is_remote(target_uri):
        return gcs.copy_if_absent(source_uri, target_uri)
    if not is_remote(source_uri) and not is_remote(target_uri):
        Path(target_uri).parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(os.path.realpath(source_uri), target_uri)
        except FileExistsError:
            return False
        except FileNotFoundError:
            raise
        except OSError:  # another file system, one without links, somebody else's file, too many links
            pass
        else:
            return True
    return create_once(target_uri, read_bytes(source_uri))


def delete(uri: str) -> None:
    """Delete a file. One that is not there is as good as deleted."""
    if is_remote(uri):
        gcs.delete(uri)
    else:
        Path(uri).unlink(missing_ok=True)


def read_versioned(uri: str) -> Versioned | None:
    """Bytes and generation, or None when absent."""
    try:
        if is_remote(uri):
            return Versioned(*gcs.read(uri))
        data = Path(uri).read_bytes()
    except FileNotFoundError:
        return None
    return Versioned(data, _local_generation(data))


def swap(uri: str, data: bytes, expected: str) -> str:
    """Replace the object if it still has the generation `expected` (`ABSENT`: if there is none).

    Returns the new generation. Raises PublishConflict when somebody else was first. On local disk the generation is
    the hash of the content, so callers put a serial number into what they write.
    """
    if is_remote(uri):
        generation = gcs.write_if(uri, data, generation=0 if expected == ABSENT else int(expected))
        if generation is None:
            raise PublishConflict(f"{uri}: expected generation {expected}, somebody else wrote first.")
        return generation
    path = Path(uri)
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.with_name(f".{path.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        current = read_versioned(uri)
        found = current.generation if current else ABSENT
        if found != expected:
            raise PublishConflict(f"{uri}: expected generation {expected}, found {found}: somebody else wrote first.")
        write_bytes(uri, data)
    return _local_generation(data)


def _local_generation(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@contextlib.contextmanager
def _temporary_beside(path: Path, data: bytes) -> Iterator[Path]:
    """A durable temporary file in the same folder, gone afterwards whatever happened."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name[:60]}.", suffix=".tmp", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        yield temporary
    finally:
        temporary.unlink(missing_ok=True)
