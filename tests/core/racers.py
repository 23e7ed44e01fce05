"""Writers that race each other in processes of their own."""

from __future__ import annotations

from pipelines.core import storage
from pipelines.core.errors import PublishConflict


def win_serials(uri: str, last: int) -> list[int]:
    """Raise the number in `uri` by swaps until it is `last`; returns the numbers that this racer wrote."""
    won = []
    while True:
        found = storage.read_versioned(uri)
        serial = int(found.data) if found else 0
        if serial >= last:
            return won
        try:
            storage.swap(uri, str(serial + 1).encode(), found.generation if found else storage.ABSENT)
        except PublishConflict:
            continue
        won.append(serial + 1)
