"""What the regions of a look take from an image beside its own bytes: its category, and masks that lie beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from pipelines.core import storage
from pipelines.core.contracts import SnapshotRow
from pipelines.core.errors import ImageRejected
from pipelines.core.looks import Look, mask_beside

_THREADS: Final = 16
"""Small files from an object store: the time goes into waiting."""


def region_marks(look: Look, rows: Sequence[SnapshotRow], max_bytes: int) -> dict[str, str]:
    """A sha256 by image id for the images that a region touches; two images of one mark get the same regions."""
    if not look.regions:
        return {}
    with ThreadPoolExecutor(_THREADS) as pool:
        marks = pool.map(lambda row: _mark(look.for_category(row.category), row, max_bytes), rows)
        return {row.image_id: mark for row, mark in zip(rows, marks, strict=True) if mark}


def _mark(look: Look, row: SnapshotRow, max_bytes: int) -> str:
    if not look.regions:
        return ""
    parts = [repr(look.regions)]
    for name in look.mask_names:
        try:
            parts.append(
                hashlib.sha256(storage.read_source_image(mask_beside(row.image_uri, name), max_bytes)).hexdigest()
            )
        except ImageRejected as rejected:
            # What stands in the way of one mask is the restyle job's to report, as a dead letter.
            parts.append(rejected.reason)
    return hashlib.sha256("|".join(parts).encode()).hexdigest()
