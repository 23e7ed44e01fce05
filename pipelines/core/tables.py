"""Artifacts of rows: Parquet (or JSON lines) with schema version and sha256 beside them.

`name.parquet` is written first, then `name.parquet.json` with its sha256, row count and schema version. A reader that
finds no sidecar finds an unfinished artifact. The sidecar of a table in parts (`pipelines.core.partitions`) names the
parts; `name.parquet` itself is then not there.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from pipelines.core import storage
from pipelines.core.errors import MissingArtifact

if TYPE_CHECKING:
    import pyarrow as pa

SCHEMA_VERSION = 2
Row = TypeVar("Row")
_REPEATED = frozenset(
    ("category", "outcome", "reason", "thresholds_json", "model_sha256", "computed_in_run", "mask_kind", "flags")
)
"""Columns of few different values. To look for some among hashes and ids costs more than all the rest of writing."""
_SIDECAR = ("schema_version", "kind", "rows", "sha256")


@dataclass(frozen=True)
class Part:
    """One immutable file of a table in parts, named by its hash; `note` holds what its writer wants to remember."""

    bucket: int
    uri: str
    rows: int
    sha256: str
    note: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class ArtifactInfo:
    """What the sidecar says. `buckets` is 0 for a table of one file."""

    schema_version: int
    kind: str
    rows: int
    sha256: str
    buckets: int = 0
    parts: tuple[Part, ...] = ()

    def part(self, bucket: int) -> Part | None:
        """The part of a bucket; None where the bucket has no rows."""
        return self._by_bucket.get(bucket)

    @functools.cached_property
    def _by_bucket(self) -> dict[int, Part]:
        return {part.bucket: part for part in self.parts}


def write_rows(uri: str, rows: Iterable[Row], row_type: type[Row]) -> ArtifactInfo:
    """Write rows as Parquet, atomically, sidecar last."""
    table = table_of(rows, row_type)
    data = parquet_bytes(table)
    info = ArtifactInfo(SCHEMA_VERSION, row_type.__name__, table.num_rows, hashlib.sha256(data).hexdigest())
    storage.write_bytes(uri, data)
    storage.write_bytes(f"{uri}.json", sidecar_bytes(info))
    return info


def table_of(rows: Iterable[Any], row_type: type[Any]) -> pa.Table:
    """Rows of a dataclass as an Arrow table."""
    import pyarrow as pa

    schema = arrow_schema(row_type)
    listed = list(rows)
    columns = [pa.array([getattr(row, name) for row in listed], schema.field(name).type) for name in schema.names]
    return pa.Table.from_arrays(columns, schema=schema)


def parquet_bytes(table: pa.Table) -> bytes:
    """Parquet of a table; the same rows give the same bytes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd", use_dictionary=[n for n in table.column_names if n in _REPEATED])
    return bytes(sink.getvalue())


def sidecar_bytes(info: ArtifactInfo) -> bytes:
    """What lies beside the table."""
    values = asdict(info)
    if not info.buckets:
        del values["buckets"], values["parts"]
    return json.dumps(values, indent=None if info.parts else 1).encode()


def read_rows(uri: str, row_type: type[Row]) -> list[Row]:
    """Read rows back.

    Raises MissingArtifact when the artifact is absent, unfinished, altered, or of another kind or schema version.
    """
    return [row_type(**values) for values in read_table(uri, row_type).to_pylist()]


def read_table(uri: str, row_type: type[Row]) -> pa.Table:
    """The same as an Arrow table, for joins; that of a table in parts in the order of its buckets."""
    import pyarrow as pa

    info = finished_info(uri, row_type)
    if info.buckets:
        parts = [read_part(part, row_type) for part in info.parts]
        return pa.concat_tables([arrow_schema(row_type).empty_table(), *parts])
    return _verified_table(uri, info.sha256, row_type)


def read_part(part: Part, row_type: type[Row]) -> pa.Table:
    """One part of a table. MissingArtifact when it is gone or altered."""
    return _verified_table(part.uri, part.sha256, row_type)


def finished_info(uri: str, row_type: type[Row]) -> ArtifactInfo:
    """The sidecar of a finished table. MissingArtifact when it is absent or of another kind or schema version."""
    info = artifact_info(uri)
    if info is None:
        raise MissingArtifact(
            f"{uri}: expected a finished {row_type.__name__} table here, found none; run its stage first."
        )
    if (info.kind, info.schema_version) != (row_type.__name__, SCHEMA_VERSION):
        raise MissingArtifact(
            f"{uri}: expected {row_type.__name__} of schema {SCHEMA_VERSION}, received {info.kind} of schema "
            f"{info.schema_version}; write it again with this version or upgrade."
        )
    return info


def _verified_table(uri: str, sha256: str, row_type: type[Row]) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        data = storage.read_bytes(uri)
    except FileNotFoundError:
        raise MissingArtifact(f"{uri}: its sidecar is here but the table is gone; run its stage again.") from None
    if hashlib.sha256(data).hexdigest() != sha256:
        raise MissingArtifact(
            f"{uri}: the bytes are not those that its stage wrote (sha256 differs); run the stage again."
        )
    # Not pq.read_table: the threads of its scanner outlive the call, and one that lets go of Python's bytes while the
    # interpreter ends aborts the process.
    return pq.ParquetFile(pa.BufferReader(data)).read().cast(arrow_schema(row_type))


def artifact_info(uri: str) -> ArtifactInfo | None:
    """The sidecar, or None when the artifact is absent or unfinished. MissingArtifact when it is no sidecar.

    Keys that a later version may have added are passed over, so that its schema version can still be told.
    """
    try:
        values = dict(json.loads(storage.read_bytes(f"{uri}.json")))
        parts = tuple(
            Part(part["bucket"], part["uri"], part["rows"], part["sha256"], part["note"])
            for part in values.get("parts", ())
        )
        return ArtifactInfo(**{name: values[name] for name in _SIDECAR}, buckets=values.get("buckets", 0), parts=parts)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError) as error:
        raise MissingArtifact(
            f"{uri}.json: expected JSON with {', '.join(_SIDECAR)} ({error!r}); run its stage again."
        ) from error


def write_json_lines(uri: str, rows: Iterable[Any]) -> int:
    """Write dataclass rows as JSON lines for people and jq; returns their number."""
    number, data = 0, bytearray()
    for number, row in enumerate(rows, 1):  # noqa: B007 (counts them)
        # Half a surrogate pair, which JSON allows and UTF-8 does not, is written as the escape it came as.
        data += f"{json.dumps(vars(row), ensure_ascii=False)}\n".encode(errors="backslashreplace")
    storage.write_bytes(uri, bytes(data))
    return number


def read_json_lines(uri: str, row_type: type[Row]) -> list[Row]:
    """Read rows that `write_json_lines` wrote; an absent file has no rows."""
    try:
        data = storage.read_bytes(uri)
    except FileNotFoundError:
        return []
    # Lines of bytes: those of a str would also end at U+2028 and its like, which JSON strings may hold.
    return [row_type(**json.loads(line)) for line in data.splitlines()]


def arrow_schema(row_type: type[Any]) -> pa.Schema:
    """Arrow schema of a row dataclass: str, int, float and bool columns, none nullable."""
    import pyarrow as pa

    types = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
    hints = get_type_hints(row_type)
    return pa.schema(
        [pa.field(field.name, types.get(hints[field.name], pa.string()), nullable=False) for field in fields(row_type)]
    )
