"""Artifacts of rows: Parquet (or JSON lines) with schema version and sha256 beside them.

`name.parquet` is written first, then `name.parquet.json` with its sha256, row count and schema version. A reader that
finds no sidecar finds an unfinished artifact.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, TypeVar, get_type_hints

from pipelines.core import storage
from pipelines.core.errors import MissingArtifact

if TYPE_CHECKING:
    import pyarrow as pa

SCHEMA_VERSION = 1
Row = TypeVar("Row")


@dataclass(frozen=True)
class ArtifactInfo:
    """What the sidecar says."""

    schema_version: int
    kind: str
    rows: int
    sha256: str


def write_rows(uri: str, rows: Iterable[Row], row_type: type[Row]) -> ArtifactInfo:
    """Write rows as Parquet, atomically, sidecar last."""
    data = _parquet(rows, row_type)
    info = _info(data, row_type)
    storage.write_bytes(uri, data)
    storage.write_bytes(f"{uri}.json", _sidecar(info))
    return info


def write_rows_once(uri: str, rows: Iterable[Row], row_type: type[Row]) -> ArtifactInfo:
    """The same for an artifact that never changes: of several writers the first one's rows stand, whole."""
    storage.create_once(uri, _parquet(rows, row_type))
    info = _info(storage.read_bytes(uri), row_type)
    storage.create_once(f"{uri}.json", _sidecar(info))
    return info


def _parquet(rows: Iterable[Any], row_type: type[Any]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.Table.from_pylist([asdict(row) for row in rows], schema=arrow_schema(row_type))
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def _info(data: bytes, row_type: type[Any]) -> ArtifactInfo:
    import pyarrow.parquet as pq

    count = pq.read_metadata(io.BytesIO(data)).num_rows
    return ArtifactInfo(SCHEMA_VERSION, row_type.__name__, count, hashlib.sha256(data).hexdigest())


def _sidecar(info: ArtifactInfo) -> bytes:
    return json.dumps(asdict(info), indent=1).encode()


def read_rows(uri: str, row_type: type[Row]) -> list[Row]:
    """Read rows back.

    Raises MissingArtifact when the artifact is absent, unfinished, altered, or of another kind or schema version.
    """
    return [row_type(**values) for values in read_table(uri, row_type).to_pylist()]


def read_table(uri: str, row_type: type[Row]) -> pa.Table:
    """The same as an Arrow table, for joins."""
    import pyarrow.parquet as pq

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
    try:
        data = storage.read_bytes(uri)
    except FileNotFoundError:
        raise MissingArtifact(f"{uri}: its sidecar is here but the table is gone; run its stage again.") from None
    if hashlib.sha256(data).hexdigest() != info.sha256:
        raise MissingArtifact(
            f"{uri}: the bytes are not those that its stage wrote (sha256 differs); run the stage again."
        )
    return pq.read_table(io.BytesIO(data), schema=arrow_schema(row_type))


def artifact_info(uri: str) -> ArtifactInfo | None:
    """The sidecar, or None when the artifact is absent or unfinished. MissingArtifact when it is no sidecar.

    Keys that a later version may have added are passed over, so that its schema version can still be told.
    """
    try:
        values = json.loads(storage.read_bytes(f"{uri}.json"))
        return ArtifactInfo(**{field.name: values[field.name] for field in fields(ArtifactInfo)})
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, KeyError) as error:
        raise MissingArtifact(
            f"{uri}.json: expected JSON with {', '.join(field.name for field in fields(ArtifactInfo))} ({error!r}); "
            "run its stage again."
        ) from error


def write_json_lines(uri: str, rows: Iterable[Any]) -> int:
    """Write dataclass rows as JSON lines for people and jq; returns their number."""
    lines = [json.dumps(asdict(row), ensure_ascii=False) for row in rows]
    # Half a surrogate pair, which JSON allows and UTF-8 does not, is written as the escape it came as.
    storage.write_bytes(uri, "".join(f"{line}\n" for line in lines).encode(errors="backslashreplace"))
    return len(lines)


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
