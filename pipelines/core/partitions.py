"""Tables in hash partitions: immutable parts named by their hashes, and an index that says which make up the table.

All rows of a product lie in one bucket, so that buckets can be compared, joined and rewritten one by one in bounded
memory. Equal parts are one object, whoever writes them: the tables of two nights share whatever did not change, and
equal hashes tell so without reading a row (the idea of a Merkle tree, as in Apache Iceberg's manifests).
"""

from __future__ import annotations

import hashlib
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

from pipelines.core import storage
from pipelines.core.tables import (
    SCHEMA_VERSION,
    ArtifactInfo,
    Part,
    arrow_schema,
    parquet_bytes,
    sidecar_bytes,
    table_of,
)
from pipelines.core.uris import join

if TYPE_CHECKING:
    import pyarrow as pa

ROWS_A_BUCKET: Final = 8192
"""About so many: a part of some megabytes."""
MOST_BUCKETS: Final = 4096
Row = TypeVar("Row")


def bucket_count(rows: int) -> int:
    """Buckets of a table of so many rows: a power of two, so that a growing catalog seldom changes it."""
    wanted = -(-max(rows, 1) // ROWS_A_BUCKET)
    return int(min(MOST_BUCKETS, 1 << (wanted - 1).bit_length()))


def bucket_of(key: str, buckets: int) -> int:
    """Bucket of a key (a product id, a work key), by its CRC-32; `buckets` is a power of two."""
    return zlib.crc32(key.encode()) & (buckets - 1)


def product_id(row: Any) -> str:
    """The usual key."""
    return str(row.product_id)


def grouped(rows: Iterable[Row], buckets: int, key: Callable[[Row], str] = product_id) -> dict[int, list[Row]]:
    """Rows by bucket; buckets without rows are left out."""
    found: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[bucket_of(key(row), buckets)].append(row)
    return dict(sorted(found.items()))


def write_part(folder: str, bucket: int, table: pa.Table, note: Mapping[str, Any] | None = None) -> Part:
    """Store one part under its hash; a part that is there already is left as it is."""
    data = parquet_bytes(table)
    sha256 = hashlib.sha256(data).hexdigest()
    uri = join(folder, sha256[:2], f"{sha256}.parquet")
    storage.create_object(uri, data)
    return Part(bucket, uri, table.num_rows, sha256, dict(note or {}))


def index_of(parts: Sequence[Part], row_type: type[Any], buckets: int) -> ArtifactInfo:
    """The index of these parts; two tables of the same parts have the same sha256."""
    ordered = tuple(sorted(parts, key=lambda part: part.bucket))
    names = "\n".join(f"{part.bucket} {part.sha256}" for part in ordered)
    sha256 = hashlib.sha256(f"{buckets}\n{names}".encode()).hexdigest()
    rows = sum(part.rows for part in ordered)
    return ArtifactInfo(SCHEMA_VERSION, row_type.__name__, rows, sha256, buckets, ordered)


def write_index(uri: str, info: ArtifactInfo, *, once: bool = False) -> ArtifactInfo:
    """Write the sidecar that makes the parts a finished table. `once`: an index that is there already stands."""
    (storage.create_once if once else storage.write_bytes)(f"{uri}.json", sidecar_bytes(info))
    return info


def write_partitioned(
    uri: str,
    folder: str,
    rows: Iterable[Row],
    row_type: type[Row],
    buckets: int = 0,
    key: Callable[[Row], str] = product_id,
) -> ArtifactInfo:
    """Write rows as a table in parts below `folder`; `buckets` by the number of rows when not given."""
    listed = list(rows)
    buckets = buckets or bucket_count(len(listed))
    groups = grouped(listed, buckets, key)
    parts = [write_part(folder, bucket, table_of(members, row_type)) for bucket, members in groups.items()]
    return write_index(uri, index_of(parts, row_type, buckets))


def empty(row_type: type[Any]) -> pa.Table:
    """A table without rows, for buckets that have no part."""
    return arrow_schema(row_type).empty_table()
