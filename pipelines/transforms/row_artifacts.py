"""Rows of a whole job gathered into one sorted artifact. Rows are small; pixels never come this way."""

from __future__ import annotations

from typing import Any

import apache_beam as beam

from pipelines.core.tables import write_json_lines, write_rows


class WriteTable(beam.PTransform):  # type: ignore[misc]
    """PCollection of row dataclasses -> one Parquet table sorted by `image_id`, with its sidecar; empty ones too.

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


def _write_json_lines(rows: list[Any], uri: str) -> int:
    return write_json_lines(uri, sorted(rows, key=_image_id))


def _image_id(row: Any) -> str:
    return str(row.image_id)
