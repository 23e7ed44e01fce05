"""A pointer: one small JSON object that is only ever replaced by compare-and-swap.

The serial number grows with each swap, so that no two generations of a pointer have the same bytes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from pipelines.core import storage


@dataclass(frozen=True)
class Pointer:
    """What a pointer said when it was read. `values` is empty and `serial` 0 when there was none."""

    uri: str
    generation: str
    serial: int
    values: dict[str, Any]


def read_pointer(uri: str) -> Pointer:
    """The pointer as it is now."""
    found = storage.read_versioned(uri)
    if found is None:
        return Pointer(uri, storage.ABSENT, 0, {})
    values = json.loads(found.data)
    return Pointer(uri, found.generation, int(values.pop("serial")), values)


def move_pointer(pointer: Pointer, values: dict[str, Any]) -> None:
    """Write `values` unless somebody moved the pointer since it was read (PublishConflict)."""
    data = json.dumps({**values, "serial": pointer.serial + 1}, indent=1).encode()
    storage.swap(pointer.uri, data, pointer.generation)
