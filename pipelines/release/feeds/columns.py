"""Records of a feed in columns of its own, one image each: CSV, JSON lines, Parquet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from pipelines.core.errors import FeedError
from pipelines.release.feeds.rows import SCHEMA_VERSION, FeedRow, Record, is_unicode

COLUMNS: Final = ("product_id", "image_uri", "image_id", "title", "category")
REQUIRED: Final = ("product_id", "image_uri")


def source_columns(renamed: Mapping[str, str]) -> dict[str, str]:
    """The feed's own name of each of our columns."""
    return {column: renamed.get(column, column) for column in COLUMNS}


def has_required(header: Iterable[str], renamed: Mapping[str, str]) -> bool:
    """Whether a header names the columns that a row cannot do without."""
    return {source_columns(renamed)[column] for column in REQUIRED} <= set(header)


def named_rows(records: Iterator[Record], renamed: Mapping[str, str], uri: str) -> Iterator[FeedRow]:
    """Rename the feed's own columns to ours; the first record is the header."""
    header = next(records, {})
    source = source_columns(renamed)
    missing = [source[column] for column in REQUIRED if source[column] not in header]
    if missing:
        raise FeedError(
            f"{uri}: expected the columns {', '.join(source[column] for column in REQUIRED)}; "
            f"{', '.join(missing)} is missing, found {', '.join(map(str, header)) or 'none'}. "
            "Rename the columns or map them with feed.columns."
        )
    if isinstance(header, dict):
        _check_schema_version(header, uri)
    for number, record in enumerate(records, 1):
        if isinstance(record, str):
            yield FeedRow(number, problem=record)
            continue
        _check_schema_version(record, uri)
        values = map(record.get, source.values())
        texts = ["" if value is None else str(value) for value in values]
        if all(map(is_unicode, texts)):
            yield FeedRow(number, *texts)
        else:
            halved = [name for name, text in zip(source.values(), texts, strict=True) if not is_unicode(text)]
            yield FeedRow(number, problem=f"{', '.join(halved)}: expected Unicode text, received half a surrogate pair")


def _check_schema_version(record: Mapping[str, object], uri: str) -> None:
    value = str(record.get("schema_version") or "")
    if value and not (value.isdecimal() and 1 <= int(value) <= SCHEMA_VERSION):
        raise FeedError(
            f"{uri}: expected feed schema_version {SCHEMA_VERSION}, received {value}; upgrade catalog-restyle."
        )
