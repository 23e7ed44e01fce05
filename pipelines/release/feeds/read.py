"""The feed of one date: found, told apart by name and content, and read as rows.

A feed that cannot be understood as a whole raises FeedError; a single bad row is the ingest stage's to judge.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Final

from pipelines.core import storage
from pipelines.core.errors import FeedError, RestyleError
from pipelines.core.feed_settings import FeedSettings
from pipelines.release.feeds import columns, delimited, folder, json_lines, merchant, merchant_xml, parquet, shopify
from pipelines.release.feeds.rows import FeedRow

KINDS: Final = {
    ".csv": "delimited",
    ".tsv": "delimited",
    ".txt": "delimited",
    ".xml": "merchant",
    ".rss": "merchant",
    ".atom": "merchant",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
}


def read_feed(feed: FeedSettings, date: str) -> Iterator[FeedRow]:
    """Rows of the night's feed, in its order.

    Raises FeedError when the feed is absent, empty, too large, not of its format, lacks a column or has a newer schema,
    RestyleError when its storage has trouble or it is not read to its end.
    """
    uri = feed.uri.replace("{date}", date)
    kind = _kind_of(uri) if feed.format == "auto" else feed.format
    rows = folder.read_folder(uri) if kind == "folder" else _rows(kind, _read(uri, date, feed.max_bytes), uri, feed)
    first = next(rows, None)
    if first is None:
        raise FeedError(f"{uri}: the feed has no rows; a night without products is not published.")
    yield first
    yield from rows


def _kind_of(uri: str) -> str:
    ending = PurePosixPath(uri).suffix.lower()
    if ending in KINDS:
        return KINDS[ending]
    if ending:
        raise FeedError(f"{uri}: expected a feed ending in {', '.join(KINDS)}, or a folder; or set feed.format.")
    return "folder"


def _read(uri: str, date: str, max_bytes: int) -> bytes:
    try:
        size = storage.size_bytes(uri)
        if size > max_bytes:
            raise FeedError(
                f"{uri}: expected a feed of at most {max_bytes:,} bytes, received {size:,}; raise feed.max_bytes."
            )
        data = storage.read_bytes(uri)
        if len(data) != size:
            raise RestyleError(
                f"{uri}: expected the {size:,} bytes of the feed, received {len(data):,}; it is being written, or "
                "the read was cut short: run the job again."
            )
    except FileNotFoundError:
        if storage.exists(uri):
            raise FeedError(f"{uri}: the feed cannot be read: it is a folder; set feed.format: folder.") from None
        raise FeedError(f"{uri}: expected the feed of {date} here, found none; upload it or set feed.uri.") from None
    except PermissionError as error:
        raise FeedError(f"{uri}: the feed cannot be read: {error.strerror or error}") from error
    except OSError as error:
        raise RestyleError(
            f"{uri}: the feed cannot be read ({error.strerror or error}); run the job again when its storage is well."
        ) from error
    if not data.strip():
        raise FeedError(f"{uri}: the feed is empty; expected a header and at least one row.")
    return data


def _rows(kind: str, data: bytes, uri: str, feed: FeedSettings) -> Iterator[FeedRow]:
    if kind == "jsonl":
        return columns.named_rows(json_lines.records(data, uri), feed.columns, uri)
    if kind == "parquet":
        wanted = {*columns.source_columns(feed.columns).values(), "schema_version"}
        return columns.named_rows(parquet.records(data, uri, wanted), feed.columns, uri)
    if kind == "merchant" and merchant_xml.is_xml(data):
        return merchant_xml.read_xml(data, uri)
    lines = delimited.open_delimited(data, uri)
    if kind == "delimited":
        kind = _kind_of_lines(lines, feed)
    if kind == "merchant":
        return merchant.read_tsv(lines)
    if kind == "shopify":
        return shopify.read_shopify(lines)
    return columns.named_rows(delimited.records(lines), feed.columns, uri)


def _kind_of_lines(lines: delimited.Delimited, feed: FeedSettings) -> str:
    """By the header; one that has our columns, or those that the settings map to ours, is a plain table."""
    if columns.has_required(lines.header, feed.columns):
        return "csv"
    if merchant.is_merchant(lines.header):
        return "merchant"
    return "shopify" if shopify.is_shopify(lines.header) else "csv"
