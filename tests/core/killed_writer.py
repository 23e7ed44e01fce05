"""Writers that are killed (SIGKILL and SIGXFSZ, neither of which runs any clean-up) at a point chosen beforehand."""

from __future__ import annotations

import errno
import os
import resource
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from racers import FORKING

from pipelines.core import disk, storage

Write = Callable[[str], object]
OLD, NEW = b"old" * 30_000, b"new" * 50_000


def swap_old(uri: str, data: bytes = NEW) -> None:
    storage.swap(uri, data, disk.generation_of(OLD))


def swap_absent(uri: str) -> None:
    storage.swap(uri, NEW, storage.ABSENT)


def copy(uri: str) -> None:
    storage.copy(str(Path(uri).parents[1] / "source"), uri)


def copy_without_links(uri: str) -> None:
    def refuse(source: object, target: object) -> None:
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    link, os.link = os.link, refuse  # type: ignore[assignment]
    try:
        copy(uri)
    finally:
        os.link = link


@dataclass(frozen=True)
class Verb:
    """A write, and the bytes of its file before and after; None stands for absent."""

    write: Write
    before: bytes | None
    after: bytes | None


VERBS = {
    "write": Verb(partial(storage.write_bytes, data=NEW), None, NEW),
    "replace": Verb(partial(storage.write_bytes, data=NEW), OLD, NEW),
    "create": Verb(partial(storage.create_once, data=NEW), None, NEW),
    "create_object": Verb(partial(storage.create_object, data=NEW), None, NEW),
    "swap absent": Verb(swap_absent, None, NEW),
    "swap": Verb(swap_old, OLD, NEW),
    "copy": Verb(copy, None, NEW),
    "copy without links": Verb(copy_without_links, None, NEW),
    "delete": Verb(storage.delete, OLD, None),
}  # fmt: skip


def lines_of(write: Write, uri: str) -> int:
    """How many lines of Python a write runs through."""
    lines = 0

    def count(_frame: FrameType, event: str, _value: object) -> Any:
        nonlocal lines
        lines += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        write(uri)
    finally:
        sys.settrace(before)
    return lines


def killed_before_line(write: Write, uri: str, line: int) -> bool:
    """Write in another process that dies before the n-th line of Python; whether it came so far."""
    return _dies(_die_before_line, write, uri, line)


def killed_after_bytes(write: Write, uri: str, written_bytes: int) -> bool:
    """Write in another process that dies in the middle of writing, with so many bytes on disk."""
    return _dies(_die_after_bytes, write, uri, written_bytes)


def _dies(how: Callable[[Write, str, int], None], write: Write, uri: str, when: int) -> bool:
    process = FORKING.Process(target=how, args=(write, uri, when))
    process.start()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL, -signal.SIGXFSZ)
    return process.exitcode != 0


def _die_before_line(write: Write, uri: str, line: int) -> None:
    left = line

    def trace(_frame: FrameType, event: str, _value: object) -> Any:
        nonlocal left
        left -= event == "line"
        if not left:
            os.kill(os.getpid(), signal.SIGKILL)
        return trace

    sys.settrace(trace)
    write(uri)
    sys.settrace(None)


def _die_after_bytes(write: Write, uri: str, written_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (written_bytes, written_bytes))
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    write(uri)
