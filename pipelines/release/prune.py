"""Retention: deletes releases beyond the shop's limits, and then only what no kept release or run in work names.

Releases go first, what they named afterwards, so that a prune killed at any point leaves nothing that names what is
gone; the next one finishes. Whatever is younger than `GRACE` stays: a night may just have written it.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from pipelines.core import storage, tables
from pipelines.core.contracts import ReleaseRow, ResultRow, WorkRow
from pipelines.core.errors import MissingArtifact
from pipelines.core.parallel import ordered_map
from pipelines.core.partitions import index_of, write_index, write_part
from pipelines.core.paths import BrandPaths
from pipelines.core.settings import RetentionSettings
from pipelines.core.storage import StoredObject
from pipelines.core.tables import ArtifactInfo, Part
from pipelines.core.uris import join, parent
from pipelines.release.releases import ReleaseInfo, list_releases, previous_release, read_index
from pipelines.release.work_log import work_logs

GRACE: Final = datetime.timedelta(days=16)
"""Longer than any run takes from plan to publish, the longest wait for an approval (14 days) included."""


@dataclass
class Pruned:
    """What was deleted, or would be in a dry run."""

    dry_run: bool
    kept: list[str] = field(default_factory=list)
    releases: list[str] = field(default_factory=list)
    parts: int = 0
    objects: int = 0
    object_bytes: int = 0
    forgotten_keys: int = 0


@dataclass
class _Named:
    """What must stay. Objects by the first bytes of their hashes: some 100 bytes of memory an object."""

    parts: set[str] = field(default_factory=set)
    objects: set[bytes] = field(default_factory=set)

    def add_part(self, part: Part) -> None:
        """A part of a release, and the objects that it names."""
        if part.uri not in self.parts:
            self.parts.add(part.uri)
            self.add_objects(tables.read_part(part, ReleaseRow).column("object_sha256").to_pylist())

    def add_objects(self, sha256s: Iterable[str]) -> None:
        """Objects by their hashes; empty ones are passed over."""
        self.objects.update(_short(sha256) for sha256 in sha256s if sha256)

    def holds(self, sha256: str) -> bool:
        """Whether an object must stay."""
        return _short(sha256) in self.objects


def prune(paths: BrandPaths, retention: RetentionSettings, now: datetime.datetime, *, dry_run: bool) -> Pruned:
    """Delete what retention does not keep, for one brand; `dry_run` only counts.

    Kept are the current release, the one before it, the newest `keep_last` and all of the last `keep_days`.
    """
    infos = list_releases(paths)
    kept = _kept(paths, infos, retention, now)
    report = Pruned(
        dry_run, kept=sorted(kept), releases=sorted(info.release_id for info in infos if info.release_id not in kept)
    )
    named = _named(paths, kept, now)
    delete = _deleter(dry_run=dry_run)
    for release in report.releases:
        delete(paths.manifest(release))
        for file in storage.list_files(parent(paths.manifest(release))):
            delete(file)
    report.forgotten_keys, work_parts = _forget(paths, named, now, dry_run=dry_run)
    for folder, stays in ((paths.release_parts, named.parts), (paths.work_parts, work_parts)):
        for stored in _old(storage.list_objects(folder), now):
            if stored.uri not in stays:
                delete(stored.uri)
                report.parts += 1
    for stored in _old(storage.list_objects(join(paths.root, "objects", paths.brand)), now):
        if not named.holds(_sha256_of(stored.uri)):
            delete(stored.uri)
            report.objects += 1
            report.object_bytes += stored.size_bytes
    return report


def _kept(
    paths: BrandPaths, infos: Sequence[ReleaseInfo], retention: RetentionSettings, now: datetime.datetime
) -> set[str]:
    since = now - datetime.timedelta(days=retention.keep_days)
    kept = {info.release_id for info in infos[: retention.keep_last]}
    kept |= {info.release_id for info in infos if datetime.datetime.fromisoformat(info.created_at) >= since}
    kept |= {info.release_id for info in infos if info.is_current}
    return kept | ({previous_release(paths)} - {""})


def _named(paths: BrandPaths, kept: Iterable[str], now: datetime.datetime) -> _Named:
    named = _Named()
    for release in sorted(kept):
        for part in read_index(paths, release).parts:
            named.add_part(part)
    for draft in _drafts_in_work(paths, now):
        for part in draft.parts:
            base = part.note.get("base")
            if not part.note.get("open"):
                named.add_part(part)
                continue
            if base:
                named.add_part(Part(**base))
            named.add_objects(tables.read_part(part, ReleaseRow).column("object_sha256").to_pylist())
    for results in _young(storage.list_objects(join(paths.root, "runs")), now, f"/{paths.brand}/", "/results.parquet"):
        named.add_objects(tables.read_table(results, ResultRow).column("object_sha256").to_pylist())
    return named


def _drafts_in_work(paths: BrandPaths, now: datetime.datetime) -> Iterator[ArtifactInfo]:
    """Drafts that may still be published; one that cannot be read any more can neither."""
    for uri in _young(storage.list_objects(join(paths.root, "runs")), now, f"/{paths.brand}/", "/draft.parquet"):
        try:
            yield tables.finished_info(uri, ReleaseRow)
        except MissingArtifact:
            continue


def _young(objects: Iterable[StoredObject], now: datetime.datetime, within: str, ending: str) -> Iterator[str]:
    """Tables whose sidecars a run in work may have written."""
    for stored in objects:
        if stored.uri.endswith(f"{ending}.json") and within in stored.uri and now - stored.updated < GRACE:
            yield stored.uri.removesuffix(".json")


def _forget(paths: BrandPaths, named: _Named, now: datetime.datetime, *, dry_run: bool) -> tuple[int, set[str]]:
    """Take work keys whose objects are about to go out of the logs; returns their number, and the parts that stay."""
    import pyarrow as pa

    forgotten = 0
    staying: set[str] = set()
    settled = {stored.uri for stored in _old(storage.list_objects(paths.work_logs), now)}
    for uri, info in list(work_logs(paths)):
        if f"{uri}.json" not in settled:
            staying.update(part.uri for part in info.parts)
            continue
        parts = []
        for part, table in ordered_map(lambda part: (part, tables.read_part(part, WorkRow)), info.parts):
            stays = [not sha256 or named.holds(sha256) for sha256 in table.column("object_sha256").to_pylist()]
            left = table.filter(pa.array(stays, pa.bool_()))
            forgotten += table.num_rows - left.num_rows
            if left.num_rows == table.num_rows:
                parts.append(part)
            elif left.num_rows and not dry_run:
                parts.append(write_part(paths.work_parts, part.bucket, left))
        if not dry_run and tuple(parts) != info.parts:
            if parts:
                write_index(uri, index_of(parts, WorkRow, info.buckets))
            else:
                storage.delete(f"{uri}.json")
        staying.update(part.uri for part in parts)
    return forgotten, staying


def _old(objects: Iterable[StoredObject], now: datetime.datetime) -> Iterator[StoredObject]:
    """Those that no run in work can have written. A clock that was set back makes things younger, never older."""
    return (stored for stored in objects if now - stored.updated >= GRACE)


def _deleter(*, dry_run: bool) -> Callable[[str], None]:
    def nothing(_uri: str) -> None:
        return

    return nothing if dry_run else storage.delete


def _sha256_of(object_uri: str) -> str:
    return object_uri.rsplit("/", 1)[1].split(".", 1)[0]


def _short(sha256: str) -> bytes:
    return bytes.fromhex(sha256[:24])
