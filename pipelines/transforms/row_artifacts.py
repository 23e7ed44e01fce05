"""Rows of a whole job gathered into sorted artifacts. Rows are small; pixels never come this way."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import apache_beam as beam

from pipelines.core.partitions import bucket_of, index_of, product_id, write_index, write_part
from pipelines.core.tables import Part, table_of, write_json_lines, write_rows


class WriteTable(beam.PTransform):  # type: ignore[misc]
    """PCollection of row dataclasses -> one Parquet table sorted by `image_id`, with its sidecar; empty ones too.

    One worker holds all rows: `WriteParts` is for tables that grow with the catalog.

    Args:
        uri: of the table.
        row_type: the dataclass.
    """

    def __init__(self, uri: str, row_type: type[Any]) -> None:
        super().__init__()
        self._uri = uri
        self._row_type = row_type

    def expand(self, rows: Any) -> Any:
        """Apply."""
        gathered = rows | beam.CombineGlobally(beam.combiners.ToListCombineFn())
        return gathered | beam.Map(_write_table, self._uri, self._row_type)


class WriteParts(beam.PTransform):  # type: ignore[misc]
    """PCollection of row dataclasses -> a table in hash partitions by `product_id`, index last; empty ones too.

    A worker holds the rows of one bucket, sorted by product and image; nobody holds them all.

    Args:
        uri: of the table.
        folder: of its parts.
        row_type: the dataclass; it has `product_id` and `image_id`.
        buckets: of the table, a power of two; that of the table it is to be compared with.
    """

    def __init__(self, uri: str, folder: str, row_type: type[Any], buckets: int) -> None:
        super().__init__()
        self._uri = uri
        self._folder = folder
        self._row_type = row_type
        self._buckets = buckets

    def expand(self, rows: Any) -> Any:
        """Apply."""
        return (
            rows
            | "ByBucket" >> beam.Map(_with_bucket, self._buckets)
            | "Group" >> beam.GroupByKey()
            | "WritePart" >> beam.Map(_write_part, self._folder, self._row_type)
            | "Gather" >> beam.CombineGlobally(beam.combiners.ToListCombineFn())
            | "WriteIndex" >> beam.Map(_write_index, self._uri, self._row_type, self._buckets)
        )


class WriteJsonLines(beam.PTransform):  # type: ignore[misc]
    """PCollection of row dataclasses -> one file of JSON lines sorted by `image_id`; empty ones too.

    Args:
        uri: of the file.
    """

    def __init__(self, uri: str) -> None:
        super().__init__()
        self._uri = uri

    def expand(self, rows: Any) -> Any:
        """Apply."""
        gathered = rows | beam.CombineGlobally(beam.combiners.ToListCombineFn())
        return gathered | beam.Map(_write_json_lines, self._uri)


def _write_table(rows: list[Any], uri: str, row_type: type[Any]) -> int:
    return write_rows(uri, sorted(rows, key=_image_id), row_type).rows


def _with_bucket(row: Any, buckets: int) -> tuple[int, Any]:
    return bucket_of(product_id(row), buckets), row


def _write_part(element: tuple[int, Iterable[Any]], folder: str, row_type: type[Any]) -> Part:
    bucket, rows = element
    ordered = sorted(rows, key=lambda row: (product_id(row), _image_id(row)))
    return write_part(folder, bucket, table_of(ordered, row_type))


def _write_index(parts: list[Part], uri: str, row_type: type[Any], buckets: int) -> int:
    return write_index(uri, index_of(parts, row_type, buckets)).rows


def _write_json_lines(rows: list[Any], uri: str) -> int:
    return write_json_lines(uri, sorted(rows, key=_image_id))


def _image_id(row: Any) -> str:
    return str(row.image_id)
