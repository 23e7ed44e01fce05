"""What the regions of a look take from an image beside its own bytes: its category, and masks that lie beside it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from pipelines.core import storage
from pipelines.core.errors import ImageRejected
from pipelines.core.looks import Look, mask_beside

_THREADS: Final = 16
"""Small files from an object store: the time goes into waiting."""


def region_marks(look: Look, images: Sequence[tuple[str, str]], max_bytes: int) -> list[str]:
    """A sha256 for each (image_uri, category), "" where no region touches it; of one mark, the same regions."""
    with ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(lambda image: _mark(look.for_category(image[1]), image[0], max_bytes), images))


def _mark(look: Look, image_uri: str, max_bytes: int) -> str:
    if not look.regions:
        return ""
    parts = [repr(look.regions)]
    for name in look.mask_names:
        try:
            parts.append(hashlib.sha256(storage.read_source_image(mask_beside(image_uri, name), max_bytes)).hexdigest())
        except ImageRejected as rejected:
            # What stands in the way of one mask is the restyle job's to report, as a dead letter.
            parts.append(rejected.reason)
    return hashlib.sha256("|".join(parts).encode()).hexdigest()
