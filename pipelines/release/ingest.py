"""Ingest: the product feed of one date becomes a catalog snapshot, one row an image, with the hash of its bytes.

python -m pipelines.release.ingest --settings shop.yaml --date 2026-11-23
"""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pipelines.core import storage, tables
from pipelines.core.contracts import DeadLetter, SnapshotRow
from pipelines.core.errors import FeedError, ImageRejected, InputError, RestyleError
from pipelines.core.jobs import run_job
from pipelines.core.partitions import write_partitioned
from pipelines.core.paths import NightPaths, checked_date, night_progress
from pipelines.core.progress import ProgressLog
from pipelines.core.settings import Shop, load_shop
from pipelines.core.uris import parent, resolve_uri
from pipelines.release.feed import FeedRow, read_feed
from pipelines.release.references import check_references

READ_THREADS = 8
MAX_ID_LENGTH = 200


def ingest(shop: Shop, date: str) -> dict[str, Any]:
    """Write the snapshot of `date` and the dead letters of the feed; returns the counts.

    Every feed row ends up in exactly one of the two. Raises FeedError, with the dead letters written, when not one
    image can be used: a wrong folder must not empty the shop.
    """
    started = time.monotonic()
    paths = NightPaths(shop.settings.output_uri, date)
    rows = list(read_feed(shop.settings.feed, date))
    progress = ProgressLog(night_progress(paths.root, date, "ingest"))
    progress.begin("ingest", len(rows))
    base = parent(shop.settings.feed.uri.replace("{date}", date))
    accepted: list[SnapshotRow] = []
    rejected: list[DeadLetter] = []
    for outcome in _outcomes(rows, base, shop.settings.images.max_bytes):
        if isinstance(outcome, SnapshotRow):
            accepted.append(outcome)
        else:
            rejected.append(outcome)
        progress.advance(done=1, failed=isinstance(outcome, DeadLetter))
    if len(accepted) + len(rejected) != len(rows):
        raise RestyleError(f"ingest: {len(rows)} rows read, {len(accepted)} + {len(rejected)} accounted for.")
    accepted.sort(key=lambda row: (row.product_id, row.image_id))
    tables.write_json_lines(paths.ingest_dead_letters, rejected)
    if not accepted:
        raise FeedError(
            f"{shop.settings.feed.uri}: none of the {len(rows)} images can be used "
            f"({_by_reason(rejected)}); the first: {rejected[0].message} No snapshot was written."
        )
    info = write_partitioned(paths.snapshot, paths.snapshot_parts, accepted, SnapshotRow)
    return {
        "stage": "ingest",
        "date": date,
        "images_in": len(rows),
        "images": len(accepted),
        "products": len({row.product_id for row in accepted}),
        "dead_letters": len(rejected),
        "dead_letters_by_reason": dict(Counter(letter.reason for letter in rejected)),
        "snapshot_sha256": info.sha256,
        "seconds": round(time.monotonic() - started, 2),
    }


def check_row(row: FeedRow, base: str) -> SnapshotRow:
    """The row with ids checked and the URI made absolute; hash and size still empty.

    Raises ImageRejected: bad-row, unsafe-id, unreadable-uri.
    """
    where = f"feed row {row.number}"
    if row.problem:
        raise ImageRejected("bad-row", f"{where}: {row.problem}.")
    if not row.product_id.strip() or not row.image_uri.strip():
        raise ImageRejected("bad-row", f"{where}: expected product_id and image_uri, received an empty value.")
    image_id = row.image_id or f"{row.product_id}-{hashlib.sha256(row.image_uri.encode()).hexdigest()[:10]}"
    for column, value in (("product_id", row.product_id), ("image_id", image_id)):
        if problem := _id_problem(value):
            raise ImageRejected("unsafe-id", f"{where}: {column} {value!r} {problem}; use another id.")
    if any(unicodedata.category(character) == "Cc" for character in row.image_uri):
        raise ImageRejected("unreadable-uri", f"{where}: image_uri {row.image_uri!r} has control characters.")
    try:
        uri = resolve_uri(row.image_uri.strip(), base)
    except InputError as error:
        raise ImageRejected("unreadable-uri", f"{where}: {error}") from error
    return SnapshotRow(row.product_id, image_id, uri, row.title, row.category, "", 0)


def _id_problem(value: str) -> str:
    if len(value) > MAX_ID_LENGTH:
        return f"is longer than {MAX_ID_LENGTH} characters"
    if value != value.strip():
        return "starts or ends with white space"
    if "/" in value or "\\" in value or value in {".", ".."}:
        return "contains a path"
    if any(unicodedata.category(character).startswith("C") for character in value):
        return "contains control characters"
    return ""


def _outcomes(rows: Iterable[FeedRow], base: str, max_bytes: int) -> Iterator[SnapshotRow | DeadLetter]:
    """One outcome a row, in feed order; of rows that share an image id the first stands."""
    seen: set[str] = set()

    def check(row: FeedRow) -> SnapshotRow | DeadLetter:
        try:
            checked = check_row(row, base)
            if checked.image_id in seen:
                raise ImageRejected(
                    "duplicate-image-id",
                    f"feed row {row.number}: image_id {checked.image_id!r} was used by an earlier row; "
                    "give each picture its own id.",
                )
        except ImageRejected as error:
            return _dead_letter(row.product_id, row.image_id, row.image_uri, error)
        seen.add(checked.image_id)
        return checked

    def read(row: SnapshotRow | DeadLetter) -> SnapshotRow | DeadLetter:
        if isinstance(row, DeadLetter):
            return row
        try:
            data = storage.read_source_image(row.image_uri, max_bytes)
        except ImageRejected as error:
            return _dead_letter(row.product_id, row.image_id, row.image_uri, error)
        sha256 = hashlib.sha256(data).hexdigest()
        return SnapshotRow(row.product_id, row.image_id, row.image_uri, row.title, row.category, sha256, len(data))

    with ThreadPoolExecutor(READ_THREADS) as threads:
        yield from threads.map(read, [check(row) for row in rows])


def _by_reason(letters: Sequence[DeadLetter]) -> str:
    return ", ".join(
        f"{count} {reason}" for reason, count in Counter(letter.reason for letter in letters).most_common()
    )


def _dead_letter(product_id: str, image_id: str, image_uri: str, error: ImageRejected) -> DeadLetter:
    return DeadLetter(product_id, image_id, image_uri, "ingest", error.reason, str(error))


def main(argv: list[str] | None = None) -> int:
    """Entry point of the job."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.release.ingest", description=__doc__)
    parser.add_argument("--settings", required=True, help="shop settings file")
    parser.add_argument("--date", required=True, help="date of the night, YYYY-MM-DD")
    parser.add_argument("--brand", default="", help="check the references of this brand only; default: of all")
    parser.add_argument("--dry-run", action="store_true", help="read the feed, write nothing, say what would be done")
    options = parser.parse_args(argv)

    def body() -> dict[str, Any]:
        shop, date = load_shop(options.settings), checked_date(options.date)
        for name in [options.brand] if options.brand else shop.brands:
            check_references(shop.brand(name), shop.settings.images)
        if options.dry_run:
            rows = list(read_feed(shop.settings.feed, date))
            return {"stage": "ingest", "dry_run": True, "date": date, "images_in": len(rows)}
        return ingest(shop, date)

    return run_job(body)


if __name__ == "__main__":
    sys.exit(main())
