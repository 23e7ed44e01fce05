"""Parquet."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from pipelines.core.errors import FeedError
from pipelines.release.feeds.rows import Record

ROWS_AT_A_TIME: Final = 16_384


def records(data: bytes, uri: str, wanted: Collection[str]) -> Iterator[Record]:
    """Names of all columns, then the rows, of which only the `wanted` columns are read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(pa.BufferReader(data))
    except (pa.ArrowException, OSError) as error:
        raise FeedError(f"{uri}: not valid Parquet: {error}") from error
    names = file.schema_arrow.names
    metadata = file.schema_arrow.metadata or {}
    yield dict.fromkeys(names, "") | {"schema_version": metadata.get(b"schema_version", b"").decode(errors="replace")}
    try:
        for batch in file.iter_batches(ROWS_AT_A_TIME, columns=[name for name in names if name in wanted]):
            yield from batch.to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise FeedError(f"{uri}: damaged Parquet: {error}; upload it again.") from error
