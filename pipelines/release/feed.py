"""Product feeds: CSV, JSON lines, Parquet or a plain folder, as rows of strings.

A feed that cannot be understood as a whole raises FeedError; a single bad row is the ingest stage's to judge.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Final

from pipelines.core import storage
from pipelines.core.errors import FeedError
from pipelines.core.settings import FeedSettings

COLUMNS: Final = ("product_id", "image_uri", "image_id", "title", "category")
REQUIRED: Final = ("product_id", "image_uri")
SCHEMA_VERSION: Final = 1
PICTURE_ENDINGS: Final = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".avif")


@dataclass(frozen=True)
class FeedRow:
    """One row as the feed has it; `number` counts from 1, the header left out. `problem` is what the reader met."""

    number: int
    product_id: str = ""
    image_uri: str = ""
    image_id: str = ""
    title: str = ""
    category: str = ""
    problem: str = ""


def read_feed(feed: FeedSettings, date: str) -> Iterator[FeedRow]:
    """Rows of the night's feed, in its order.

    Raises FeedError when the feed is absent, empty, not of its format, lacks a column or has a newer schema.
    """
    uri = feed.uri.replace("{date}", date)
    kind = _format_of(uri) if feed.format == "auto" else feed.format
    if kind == "folder":
        rows = _folder_rows(uri)
    else:
        try:
            data = storage.read_bytes(uri)
        except FileNotFoundError:
            raise FeedError(
                f"{uri}: expected the feed of {date} here, found none; upload it or set feed.uri."
            ) from None
        except OSError as error:
            raise FeedError(f"{uri}: the feed cannot be read: {error.strerror or error}") from error
        if not data.strip():
            raise FeedError(f"{uri}: the feed is empty; expected a header and at least one row.")
        readers = {"csv": _csv_records, "jsonl": _json_records, "parquet": _parquet_records}
        rows = _named_rows(readers[kind](data, uri), feed.columns, uri)
    first = next(rows, None)
    if first is None:
        raise FeedError(f"{uri}: the feed has no rows; a night without products is not published.")
    yield first
    yield from rows


def _format_of(uri: str) -> str:
    endings = {
        ".csv": "csv",
        ".tsv": "csv",
        ".jsonl": "jsonl",
        ".ndjson": "jsonl",
        ".json": "jsonl",
        ".parquet": "parquet",
    }
    ending = PurePosixPath(uri).suffix.lower()
    if ending in endings:
        return endings[ending]
    if ending:
        raise FeedError(f"{uri}: expected a feed ending in {', '.join(endings)}, or a folder; or set feed.format.")
    return "folder"


Record = dict[str, object] | str
"""Values by column, or the problem that a line could not be read for."""


def _csv_records(data: bytes, uri: str) -> Iterator[Record]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FeedError(
            f"{uri}: expected UTF-8, received other bytes at offset {error.start}; save it as UTF-8."
        ) from None
    header = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=header.count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        names = [name for name in reader.fieldnames or () if name]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise FeedError(f"{uri}: the header names {', '.join(twice)} more than once; rename all but one.")
        yield dict.fromkeys(names, "")
        for record in reader:
            # A column without a name, as spreadsheets like to leave, is no harm; values beyond the header are.
            if any(record.pop(None, ())):
                yield f"line {reader.line_num}: more values than the header has columns"
            else:
                yield {name: value or "" for name, value in record.items()}
    except csv.Error as error:
        raise FeedError(f"{uri}: line {reader.line_num}: not valid CSV: {error}; is a quote left open?") from error


def _json_records(data: bytes, uri: str) -> Iterator[Record]:
    yield from _with_header(_json_lines(data), uri)


def _json_lines(data: bytes) -> Iterator[Record]:
    for number, line in enumerate(data.splitlines(), 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield f"line {number}: not valid JSON: {error}"
            continue
        yield record if isinstance(record, dict) else f"line {number}: expected a JSON object"


def _with_header(records: Iterator[Record], uri: str) -> Iterator[Record]:
    """Put the columns that any of the first objects names in front, as the other formats do."""
    known = list(records)
    columns = {name for record in known if isinstance(record, dict) for name in record}
    if not columns:
        raise FeedError(f"{uri}: expected one JSON object a line, found none.")
    yield dict.fromkeys(sorted(columns), "")
    yield from known


def _parquet_records(data: bytes, uri: str) -> Iterator[Record]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        file = pq.ParquetFile(io.BytesIO(data))
    except (pa.ArrowException, OSError) as error:
        raise FeedError(f"{uri}: not valid Parquet: {error}") from error
    metadata = file.schema_arrow.metadata or {}
    _check_schema_version(metadata.get(b"schema_version", b"").decode(errors="replace"), uri)
    yield dict.fromkeys(file.schema_arrow.names, "")
    try:
        for batch in file.iter_batches():
            yield from batch.to_pylist()
    except (pa.ArrowException, OSError) as error:
        raise FeedError(f"{uri}: damaged Parquet: {error}; upload it again.") from error


def _named_rows(records: Iterator[Record], names: dict[str, str], uri: str) -> Iterator[FeedRow]:
    """Rename the feed's own columns to ours; the first record is the header."""
    header = next(records, {})
    source = {column: names.get(column, column) for column in COLUMNS}
    missing = [source[column] for column in REQUIRED if source[column] not in header]
    if missing:
        raise FeedError(
            f"{uri}: expected the columns {', '.join(source[column] for column in REQUIRED)}; "
            f"{', '.join(missing)} is missing, found {', '.join(map(str, header)) or 'none'}. "
            "Rename the columns or map them with feed.columns."
        )
    for number, record in enumerate(records, 1):
        if isinstance(record, str):
            yield FeedRow(number, problem=record)
            continue
        _check_schema_version(str(record.get("schema_version") or ""), uri)
        values = {column: record.get(name) for column, name in source.items()}
        texts = {column: "" if value is None else str(value) for column, value in values.items()}
        if halved := [source[column] for column, text in texts.items() if not _is_unicode(text)]:
            yield FeedRow(number, problem=f"{', '.join(halved)}: expected Unicode text, received half a surrogate pair")
        else:
            yield FeedRow(number, **texts)


def _is_unicode(text: str) -> bool:
    """Whether UTF-8 can hold it: JSON may name, and a file system may list, what it cannot."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _check_schema_version(value: str, uri: str) -> None:
    if value and not (value.isdecimal() and 1 <= int(value) <= SCHEMA_VERSION):
        raise FeedError(
            f"{uri}: expected feed schema_version {SCHEMA_VERSION}, received {value}; upgrade catalog-restyle."
        )


def picture_files(uri: str) -> list[str]:
    """Pictures below a folder, sorted; without hidden files and folders, which desktops like to leave."""
    below = len(uri.rstrip("/")) + 1
    return [
        file
        for file in storage.list_files(uri)
        if file.lower().endswith(PICTURE_ENDINGS) and not any(part.startswith(".") for part in file[below:].split("/"))
    ]


def _folder_rows(uri: str) -> Iterator[FeedRow]:
    """A plain folder: every picture is an image; those of one sub-folder are views of one product."""
    files = picture_files(uri)
    if not files:
        raise FeedError(f"{uri}: expected pictures ({', '.join(PICTURE_ENDINGS)}) in this folder, found none.")
    for number, file in enumerate(files, 1):
        if not _is_unicode(file):
            yield FeedRow(number, problem=f"{file!r}: expected a file name in UTF-8; rename the file")
            continue
        name = PurePosixPath(file.removeprefix(uri.rstrip("/") + "/"))
        product = name.parts[0] if len(name.parts) > 1 else name.stem
        yield FeedRow(number, product_id=product, image_uri=file, image_id="_".join(name.parts), title=name.stem)
