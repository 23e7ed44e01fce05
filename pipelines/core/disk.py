"""Files on local disk: the half of `pipelines.core.storage` that talks to file systems.

New bytes are written to a temporary file, flushed to the disk, and only then given their name; the folder is flushed
too. So a name stands for old bytes, new bytes or nothing, after a kill at any point and after a power cut. Nothing here
asks what time it is.
"""

from __future__ import annotations

import contextlib
import datetime
import errno
import fcntl
import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

TEMPORARY: Final = ".restyle-tmp"
"""How the names of files that are still being written end. A living writer holds a lock on its own."""

LOCK: Final = ".restyle-lock"
"""Name of the file in a folder by which writers take turns. It is empty and stays."""

_ADVICE: Final = {
    errno.ENOSPC: "the disk of {folder} is full (bytes or inodes); free some and run it again",
    errno.EDQUOT: "the disk quota of {folder} is used up; free some or raise it and run it again",
    errno.EROFS: "{folder} is mounted read-only; mount it writable, or choose another output_uri, and run it again",
}
_NOT_OFFERED: Final = {errno.EPERM, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}
"""What file systems answer to what they cannot do, such as hard links or flushing a folder."""

_POINTS_NOWHERE: Final = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}


def read(uri: str) -> bytes:
    """All bytes."""
    return Path(uri).read_bytes()


def generation_of(data: bytes) -> str:
    """The generation of a file with these bytes: their hash, which no clock can set back."""
    return hashlib.sha256(data).hexdigest()


def size_bytes(uri: str) -> int:
    """Size; FileNotFoundError for folders too."""
    path = Path(uri)
    if not path.is_file():
        raise FileNotFoundError(uri)
    return path.stat().st_size


def exists(uri: str) -> bool:
    """Whether there is a file or folder of this name."""
    return Path(uri).exists()


def list_objects(prefix: str) -> Iterator[tuple[str, int, datetime.datetime]]:
    """Path, size and time of change of all files below a folder, without temporary files and locks."""
    for entry in _walk(prefix):
        try:
            found = entry.stat()
        except OSError as error:
            if error.errno in _POINTS_NOWHERE:
                continue
            raise
        if stat.S_ISREG(found.st_mode) and not entry.name.endswith((TEMPORARY, LOCK)):
            yield entry.path, found.st_size, datetime.datetime.fromtimestamp(found.st_mtime, datetime.UTC)


def write(uri: str, data: bytes) -> None:
    """Create or replace."""
    path = Path(uri)
    with _explained(path), _temporary_beside(path, data) as temporary:
        temporary.replace(path)
        _flush(path.parent)


def create(uri: str, data: bytes) -> bool:
    """Create; False when there is something of this name already."""
    path = Path(uri)
    if path.exists():
        return False
    with _explained(path), _temporary_beside(path, data) as temporary:
        return _take_name(temporary, path)


def write_if(uri: str, data: bytes, generation: str | None) -> str | None:
    """Replace if the file still has `generation` (None: is absent); the new generation, or None when it has not."""
    path = Path(uri)
    with _explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with _turn(path.parent):
            try:
                present = generation_of(read(uri))
            except FileNotFoundError:
                present = None
            if present != generation:
                return None
            write(uri, data)
    return generation_of(data)


def copy_if_absent(source: str, target: str) -> bool:
    """Give the file a second name, or copy it where that cannot be; False when there is a target already."""
    path = Path(target)
    with _explained(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(os.path.realpath(source), path)
        except FileExistsError:
            return False
        except FileNotFoundError:
            raise
        except OSError:  # another file system, one without hard links, somebody else's file, too many links
            return create(target, read(source))
        _flush(path.parent)
    return True


def delete(uri: str) -> None:
    """Delete a file if it is there. The folder is not flushed: after a power cut the file may be back."""
    path = Path(uri)
    with _explained(path):
        path.unlink(missing_ok=True)


def remove_leftovers(prefix: str) -> int:
    """Delete the temporary files of writers that were killed; returns their number."""
    removed = 0
    for entry in _walk(prefix):
        if not entry.name.endswith(TEMPORARY):
            continue
        # A file that cannot be opened is gone; one that cannot be locked has a writer.
        with contextlib.suppress(OSError), open(entry.path, "rb") as file:  # noqa: PTH123
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            Path(entry.path).unlink()
            removed += 1
    return removed


def _walk(prefix: str) -> Iterator[os.DirEntry[str]]:
    """Everything below a folder but folders. Links to folders are not followed."""
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
                else:
                    yield entry


@contextlib.contextmanager
def _temporary_beside(path: Path, data: bytes) -> Iterator[Path]:
    """A flushed temporary file in the same folder, gone afterwards whatever happened."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = _locked_temporary(path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(handle, 0o644)
            os.fsync(handle)
            yield temporary
    finally:
        temporary.unlink(missing_ok=True)


def _locked_temporary(folder: Path) -> tuple[int, Path]:
    """A new temporary file, locked for as long as it is open. `remove_leftovers` may snatch one before it is locked."""
    while True:
        handle, name = tempfile.mkstemp(prefix=".", suffix=TEMPORARY, dir=folder)
        with contextlib.suppress(OSError):  # a file system without locks; then none of them is ever removed
            fcntl.flock(handle, fcntl.LOCK_EX)
        if os.fstat(handle).st_nlink:
            return handle, Path(name)
        os.close(handle)


def _take_name(temporary: Path, path: Path) -> bool:
    try:
        os.link(temporary, path)
    except FileExistsError:
        return False
    except OSError as error:
        if error.errno not in _NOT_OFFERED:
            raise
        with _turn(path.parent):
            if os.path.lexists(path):
                return False
            temporary.rename(path)
    _flush(path.parent)
    return True


@contextlib.contextmanager
def _turn(folder: Path) -> Iterator[None]:
    """One writer of a folder at a time. The kernel ends the turn of a process that dies."""
    with (folder / LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield
        finally:
            # Closing is not enough: a process that was forked meanwhile holds the file open too.
            fcntl.flock(lock, fcntl.LOCK_UN)


def _flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NOT_OFFERED:
            raise
    finally:
        os.close(handle)


@contextlib.contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Disk full, quota used up and read-only as errors that name the folder and say what to do."""
    try:
        yield
    except OSError as error:
        advice = _ADVICE.get(error.errno or 0)
        if advice is None or isinstance(error.__cause__, OSError):  # the latter is explained already
            raise
        raise OSError(error.errno, advice.format(folder=path.parent), str(path)) from error
