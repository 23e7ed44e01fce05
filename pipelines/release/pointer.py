"""A pointer: one small JSON object that is only ever replaced by compare-and-swap.

Its serial number grows with each swap; a random number tells apart what two publishers write at the same time. A
pointer may keep a history of its moves, newest first, with `actor`, `action`, `release_id` and `at`.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from typing import Any

from pipelines.core import storage
from pipelines.core.errors import MissingArtifact, PublishConflict


@dataclass(frozen=True)
class Pointer:
    """What a pointer said when it was read. `values` is empty and `serial` 0 when there was none."""

    uri: str
    generation: str
    serial: int
    values: dict[str, Any]


def read_pointer(uri: str) -> Pointer:
    """The pointer as it is now. MissingArtifact when something else lies in its place."""
    found = storage.read_versioned(uri)
    if found is None:
        return Pointer(uri, storage.ABSENT, 0, {})
    return _parsed(uri, found.data, found.generation)


def move_pointer(pointer: Pointer, values: dict[str, Any]) -> None:
    """Write `values`. PublishConflict, with a sentence that names the winner, when somebody moved it since the read."""
    written = {**values, "serial": pointer.serial + 1, "nonce": secrets.token_hex(8)}
    try:
        storage.swap(pointer.uri, json.dumps(written, indent=1).encode(), pointer.generation)
    except PublishConflict as conflict:
        raise PublishConflict(
            f"{pointer.uri}: expected serial {pointer.serial}, {_what_happened(pointer, conflict.found)} Nothing was "
            "changed; run this again to go on from there.",
            conflict.found,
        ) from None


def _parsed(uri: str, data: bytes, generation: str) -> Pointer:
    try:
        values = json.loads(data)
        serial = int(values.pop("serial"))
        values.pop("nonce", None)
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise MissingArtifact(
            f"{uri}: expected a pointer (JSON with a serial number), received {data[:40]!r} ({error!r}); "
            "put an earlier version of the file back."
        ) from None
    return Pointer(uri, generation, serial, values)


def _what_happened(pointer: Pointer, found: bytes | None) -> str:
    """Who moved the pointer away from what was read, and how far it has moved by now."""
    if found is None:
        return "found none: somebody deleted it."
    present = _parsed(pointer.uri, found, "")
    moves = present.serial - pointer.serial
    history = present.values.get("history", [])
    if not 0 < moves <= len(history):
        return f"found {present.serial}: somebody else moved it first."
    first = history[moves - 1]
    later = f" and {moves - 1} more followed" if moves > 1 else ""
    return (
        f"found {present.serial}: {first['actor']} was first ({first['action']} of {first['release_id']} at "
        f"{first['at']}){later}."
    )
