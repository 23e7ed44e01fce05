"""Rows of a feed on their way into a snapshot: ids checked, sorted into the snapshot's buckets, held in columns.

A feed has its rows in any order, and more of them than should be kept as Python objects; as Arrow columns a million
take some 200 MB.
"""

from __future__ import annotations

import hashlib
import unicodedata
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Final, NamedTuple

from pipelines.core.errors import ImageRejected
from pipelines.core.partitions import MOST_BUCKETS, bucket_count, bucket_of
from pipelines.release.feeds.rows import FeedRow

if TYPE_CHECKING:
    import pyarrow as pa

MAX_ID_LENGTH: Final = 200
ROWS_A_BATCH: Final = 65_536


class FedRow(NamedTuple):
    """One image of the feed under its final id. `reason` and `message` say why it is none; empty for all others.

    `position`: place among the images of its product, in the order of the feed, dead ones included.
    """

    product_id: str
    image_id: str
    link: str
    title: str
    category: str
    reason: str = ""
    message: str = ""
    position: int = 0


def checked_rows(rows: Iterable[FeedRow]) -> Iterator[FedRow]:
    """Every row with its ids checked; of rows that share an image id the first stands."""
    seen: set[str] = set()
    for row in rows:
        try:
            image_id = _checked_id(row)
            if image_id in seen:
                raise ImageRejected(
                    "duplicate-image-id",
                    f"feed row {row.number}: image_id {image_id!r} was used by an earlier row; give each picture its "
                    "own id.",
                )
        except ImageRejected as error:
            yield FedRow(row.product_id, row.image_id, row.image_uri, row.title, row.category, error.reason, str(error))
            continue
        seen.add(image_id)
        yield FedRow(row.product_id, image_id, row.image_uri, row.title, row.category)


def _checked_id(row: FeedRow) -> str:
    """The row's image id, or one made of product and link. ImageRejected: bad-row, unsafe-id, unreadable-uri."""
    where = f"feed row {row.number}"
    if row.problem:
        raise ImageRejected("bad-row", f"{where}: {row.problem}.")
    if not row.product_id.strip() or not row.image_uri.strip():
        raise ImageRejected("bad-row", f"{where}: expected product_id and image_uri, received an empty value.")
    image_id = row.image_id or f"{row.product_id}-{hashlib.sha256(row.image_uri.encode()).hexdigest()[:10]}"
    for column, value in (("product_id", row.product_id), ("image_id", image_id)):
        if problem := _id_problem(value):
            raise ImageRejected("unsafe-id", f"{where}: {column} {value!r} {problem}; use another id.")
    uri = row.image_uri
    if not uri.isprintable() and any(unicodedata.category(character) == "Cc" for character in uri):
        raise ImageRejected("unreadable-uri", f"{where}: image_uri {uri!r} has control characters.")
    return image_id


def _id_problem(value: str) -> str:
    if len(value) > MAX_ID_LENGTH:
        return f"is longer than {MAX_ID_LENGTH} characters"
    if value != value.strip():
        return "starts or ends with white space"
    if "/" in value or "\\" in value or value in {".", ".."}:
        return "contains a path"
    if not value.isprintable() and any(unicodedata.category(character).startswith("C") for character in value):
        return "contains control characters"
    return ""


class FedBuckets:
    """The rows of a feed by the bucket of their product, in the order of the feed within each."""

    def __init__(self, rows: Iterable[FedRow]) -> None:
        import pyarrow as pa
        import pyarrow.compute as pc

        schema = pa.schema([(name, pa.string()) for name in FedRow._fields[:-1]])
        hashes, usable, batches = array("q"), 0, []
        remaining = iter(rows)
        while batch := list(islice(remaining, ROWS_A_BATCH)):
            columns = list(zip(*batch, strict=True))[:-1]
            hashes.extend(bucket_of(product, MOST_BUCKETS) for product in columns[0])
            usable += sum(not reason for reason in columns[5])
            batches.append(pa.record_batch([pa.array(column, pa.string()) for column in columns], schema))
        self.buckets: int = bucket_count(usable)
        self.rows: int = len(hashes)
        self._table: pa.Table = pa.Table.from_batches(batches, schema)
        # Buckets are powers of two: that of fewer is the lower bits of that of more.
        numbers = pc.bit_wise_and(pa.array(hashes, pa.int64()), self.buckets - 1)
        self._order: pa.Array = pc.sort_indices(numbers)
        counts = pc.value_counts(numbers.take(self._order))
        self._sizes: list[tuple[int, int]] = [(entry["values"], entry["counts"]) for entry in counts.to_pylist()]

    def links(self) -> Iterator[str]:
        """The links of all rows, in the order of the feed."""
        for chunk in self._table.column("link").chunks:
            yield from chunk.to_pylist()

    def __iter__(self) -> Iterator[tuple[int, list[FedRow]]]:
        """Buckets that have rows, with these."""
        start = 0
        for bucket, size in self._sizes:
            taken = self._table.take(self._order.slice(start, size))
            start += size
            seen: Counter[str] = Counter()
            rows = []
            for values in zip(*(column.to_pylist() for column in taken.columns), strict=True):
                rows.append(FedRow._make((*values, seen[values[0]])))
                seen[values[0]] += 1
            yield bucket, rows
