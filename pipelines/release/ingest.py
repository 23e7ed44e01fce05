"""Ingest: the product feed of one date becomes a catalog snapshot, one row an image, with the hash of its bytes.

python -m pipelines.release.ingest --settings shop.yaml --date 2026-11-23
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from pipelines.core import storage, tables
from pipelines.core.contracts import DeadLetter, SnapshotRow
from pipelines.core.errors import FeedError, InputError, RestyleError
from pipelines.core.http_images import HttpImages
from pipelines.core.http_links import host_of, is_http
from pipelines.core.jobs import run_job
from pipelines.core.parallel import ordered_map
from pipelines.core.partitions import index_of, write_index, write_part
from pipelines.core.paths import NightPaths, checked_date, night_progress
from pipelines.core.progress import ProgressLog
from pipelines.core.settings import Shop, load_shop
from pipelines.core.source_versions import object_versions
from pipelines.core.tables import Part
from pipelines.core.uris import is_remote, parent, resolve_uri
from pipelines.release.earlier_nights import Known, failures_before, snapshots_near
from pipelines.release.fed_rows import FedBuckets, FedRow, checked_rows
from pipelines.release.feeds.read import read_feed
from pipelines.release.references import check_references
from pipelines.release.sources import Answer, Sources

if TYPE_CHECKING:
    import pyarrow as pa

LEAST_THREADS: Final = 8
FILES_AT_A_TIME: Final = 64
ROWS_UNDER_WAY: Final = 16_384
REMEMBER_EVERY_S: Final = 60.0


@dataclass
class Tally:
    """What has come of the feed so far."""

    parts: list[Part] = field(default_factory=list)
    letters: list[DeadLetter] = field(default_factory=list)
    how: Counter[str] = field(default_factory=Counter)
    images: int = 0
    products: int = 0

    def add(self, answers: Sequence[Answer]) -> pa.Table:
        """Count the outcomes of a bucket; its SnapshotRow table."""
        self.how.update(answer.how for answer in answers)
        self.letters += [answer.outcome for answer in answers if isinstance(answer.outcome, DeadLetter)]
        images = [answer.outcome for answer in answers if isinstance(answer.outcome, SnapshotRow)]
        images.sort(key=lambda row: (row.product_id, row.image_id))
        self.images += len(images)
        self.products += len({row.product_id for row in images})
        return tables.table_of(images, SnapshotRow)


def ingest(shop: Shop, date: str) -> dict[str, Any]:
    """Write the snapshot of `date` and the dead letters of the feed; returns the counts.

    Every feed row ends up in exactly one of the two. Raises FeedError, or RestyleError where hosts are down, with the
    dead letters written, when not one image can be used: a wrong folder must not empty the shop.
    """
    started = time.monotonic()
    night = NightPaths(shop.settings.output_uri, date)
    rows = FedBuckets(checked_rows(read_feed(shop.settings.feed, date)))
    progress = ProgressLog(night_progress(night.root, date, "ingest"))
    progress.begin("ingest", rows.rows)
    with HttpImages(shop.settings.feed.http, shop.settings.images.max_bytes) as http:
        tally = _read_all(shop, night, rows, http, progress)
        given_up = http.given_up()
    if tally.images + len(tally.letters) != rows.rows:
        raise RestyleError(
            f"ingest: {rows.rows} rows read, {tally.images} + {len(tally.letters)} accounted for; report this."
        )
    tables.write_json_lines(night.ingest_dead_letters, tally.letters)
    if not tally.images:
        # Hosts come back, and the job is then run again; everything else waits for a person.
        down = all(letter.reason == "fetch-failed" for letter in tally.letters)
        raise (RestyleError if down else FeedError)(
            f"{shop.settings.feed.uri}: none of the {rows.rows} images can be used ({_by_reason(tally.letters)}); the "
            f"first: {tally.letters[0].message} No snapshot was written."
        )
    info = write_index(night.snapshot, index_of(tally.parts, SnapshotRow, rows.buckets))
    storage.delete(f"{night.unfinished_snapshot}.json")
    return {
        "stage": "ingest",
        "date": date,
        "images_in": rows.rows,
        "images": tally.images,
        "products": tally.products,
        "read": tally.how["read"],
        "unchanged": tally.how["unchanged"],
        "not_answered": tally.how["not_answered"],
        "hosts_given_up": given_up,
        "dead_letters": len(tally.letters),
        "dead_letters_by_reason": dict(Counter(letter.reason for letter in tally.letters)),
        "snapshot_sha256": info.sha256,
        "seconds": round(time.monotonic() - started, 2),
    }


def _read_all(shop: Shop, night: NightPaths, rows: FedBuckets, http: HttpImages, progress: ProgressLog) -> Tally:
    """Every row's outcome; the snapshot's parts are written as their buckets are complete."""
    feed, read_ns = shop.settings.feed, time.time_ns()
    base = parent(feed.uri.replace("{date}", night.date))
    versions = object_versions(_objects(rows.links(), base)) if feed.trust_versions else {}
    failures, tally, remembered = failures_before(night), Tally(), time.monotonic()
    sources = Sources(shop, night, base, http, versions, failures)

    def work(task: _Task) -> tuple[int, list[Answer]]:
        answers = [sources.answer(row, task.known) for row in task.rows]
        progress.advance(done=len(answers), failed=sum(answer.how == "dead" for answer in answers))
        return task.bucket, answers

    threads = max(LEAST_THREADS, feed.http.parallel)
    tasks = _tasks(rows, night)
    answered = ordered_map(work, tasks, threads, ahead=ROWS_UNDER_WAY, size=lambda task: len(task.rows))
    for bucket, group in groupby(answered, key=lambda done: done[0]):
        answers = [answer for _, answers in group for answer in answers]
        images = tally.add(answers)
        if images.num_rows:
            tally.parts.append(write_part(night.snapshot_parts, bucket, images, {"read_ns": read_ns}))
        if time.monotonic() - remembered > REMEMBER_EVERY_S:
            # A job that is cut off starts from here when it is run again.
            write_index(night.unfinished_snapshot, index_of(tally.parts, SnapshotRow, rows.buckets))
            remembered = time.monotonic()
    down = http.given_up()
    for place, letter in enumerate(tally.letters):
        if down and letter.reason == "fetch-failed" and host_of(letter.image_uri.strip()) in down:
            # A host that is down says nothing of its pictures: the night is no attempt.
            tally.letters[place] = replace(letter, attempts=failures.of(letter.image_id, letter.image_uri)[0])
    return tally


@dataclass(frozen=True)
class _Task:
    """Some rows of one bucket, and what is known of the bucket's pictures."""

    bucket: int
    rows: Sequence[FedRow]
    known: Mapping[str, Known]


def _tasks(rows: FedBuckets, night: NightPaths) -> Iterator[_Task]:
    """Rows in their order: files by the dozen, since a thread costs more than a look at one, links one by one."""
    earlier = snapshots_near(night)
    for bucket, members in rows:
        known = earlier.known(bucket, rows.buckets)
        for from_web, group in groupby(members, key=lambda row: is_http(row.link.lstrip())):
            alike = list(group)
            step = 1 if from_web else FILES_AT_A_TIME
            for start in range(0, len(alike), step):
                yield _Task(bucket, alike[start : start + step], known)


def _objects(links: Iterator[str], base: str) -> Iterator[str]:
    """URIs of those links that lead to Google Cloud Storage."""
    everywhere = is_remote(base)
    for link in links:
        if everywhere or link.lstrip()[:5].lower() == "gs://":
            try:
                uri = resolve_uri(link.strip(), base)
            except InputError:
                continue
            if is_remote(uri):
                yield uri


def _by_reason(letters: Sequence[DeadLetter]) -> str:
    return ", ".join(
        f"{count} {reason}" for reason, count in Counter(letter.reason for letter in letters).most_common()
    )


def main(argv: list[str] | None = None) -> int:
    """Entry point of the job."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.release.ingest", description=__doc__)
    parser.add_argument("--settings", required=True, help="shop settings file")
    parser.add_argument("--date", required=True, help="date of the night, YYYY-MM-DD")
    parser.add_argument("--brand", default="", help="check the references of this brand only; default: of all")
    parser.add_argument("--dry-run", action="store_true", help="read the feed, write nothing, say what would be done")
    options = parser.parse_args(argv)

    def body() -> dict[str, Any]:
        # Rows hold no cycles: looking for some among millions of them took two fifths of the time.
        gc.set_threshold(500_000)
        shop, date = load_shop(options.settings), checked_date(options.date)
        for name in [options.brand] if options.brand else shop.brands:
            check_references(shop.brand(name), shop.settings.images)
        if options.dry_run:
            images = sum(1 for _ in read_feed(shop.settings.feed, date))
            return {"stage": "ingest", "dry_run": True, "date": date, "images_in": images}
        return ingest(shop, date)

    return run_job(body)


if __name__ == "__main__":
    sys.exit(main())
