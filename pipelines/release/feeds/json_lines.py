"""JSON lines: one object a line."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

from pipelines.core.errors import FeedError
from pipelines.release.feeds.rows import Record


def records(data: bytes, uri: str) -> Iterator[Record]:
    """The columns that any object names, found by a first pass as other formats have a header; then the objects."""
    columns = sorted({str(name) for record in _objects(data) if isinstance(record, dict) for name in record})
    if not columns:
        raise FeedError(f"{uri}: expected one JSON object a line, found none.")
    yield dict.fromkeys(columns, "")
    yield from _objects(data)


def _objects(data: bytes) -> Iterator[Record]:
    for number, line in enumerate(io.BytesIO(data), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield f"line {number}: not valid JSON: {error}"
            continue
        yield record if isinstance(record, dict) else f"line {number}: expected a JSON object"
