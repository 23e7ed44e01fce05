"""The night's snapshot, bucket by bucket."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipelines.core.contracts import SnapshotRow
from pipelines.core.partitions import bucket_count, bucket_of
from pipelines.core.tables import ArtifactInfo, Part, parquet_bytes, read_part, read_table

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Catalog:
    """A SnapshotRow table in hash partitions. `sha256` is that of the whole snapshot."""

    sha256: str
    rows: int
    buckets: int
    parts: tuple[Part, ...]
    _held: Mapping[int, pa.Table] = field(default_factory=dict, repr=False)

    def table(self, part: Part) -> pa.Table:
        """Rows of one bucket. MissingArtifact when they are gone or altered."""
        return self._held[part.bucket] if self._held else read_part(part, SnapshotRow)


def open_catalog(uri: str, info: ArtifactInfo) -> Catalog:
    """Open a snapshot by its sidecar; one of a single file is cut into as many buckets as it would have.

    Raises:
        MissingArtifact: the file is gone or altered.
    """
    if info.buckets:
        return Catalog(info.sha256, info.rows, info.buckets, info.parts)
    buckets = bucket_count(info.rows)
    held = _cut(read_table(uri, SnapshotRow), buckets)
    parts = tuple(
        Part(bucket, "", table.num_rows, hashlib.sha256(parquet_bytes(table)).hexdigest())
        for bucket, table in held.items()
    )
    return Catalog(info.sha256, info.rows, buckets, parts, held)


def _cut(rows: pa.Table, buckets: int) -> dict[int, pa.Table]:
    import pyarrow as pa
    import pyarrow.compute as pc

    numbers = pa.array([bucket_of(product, buckets) for product in rows.column("product_id").to_pylist()], pa.int32())
    return {
        bucket: rows.filter(pc.equal(numbers, bucket)).combine_chunks()
        for bucket in sorted(pc.unique(numbers).to_pylist())
    }
