"""What earlier nights tell of tonight's pictures: the hash of unchanged bytes, and how often an image has failed.

Nothing here decides anything: without an earlier night every picture is read and every attempt is the first.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from pipelines.core import storage, tables
from pipelines.core.contracts import SnapshotRow
from pipelines.core.errors import MissingArtifact
from pipelines.core.paths import NightPaths
from pipelines.core.tables import ArtifactInfo, Part

HORIZON_DAYS: Final = 60
"""How far away an earlier night is looked for, so that a first night does not ask for every day there ever was."""
_NEVER: Final = (0, "")


class Known(NamedTuple):
    """What a snapshot says of a link's bytes. `read_ns`: when its job began, after which the version was taken."""

    version: str
    sha256: str
    size_bytes: int
    image_uri: str
    read_ns: int = 0


@dataclass(frozen=True)
class EarlierSnapshots:
    """Snapshots to look pictures up in, the one to be believed first in front."""

    infos: tuple[ArtifactInfo, ...] = ()

    def known(self, bucket: int, buckets: int) -> dict[str, Known]:
        """Pictures of one of `buckets` buckets, by link: the http(s) link, or the URI of a file.

        A part that is gone or altered tells nothing.
        """
        found: dict[str, Known] = {}
        for info in reversed(self.infos):
            for part in _covering(info, bucket, buckets):
                found.update(_pictures(part))
        return found


@dataclass(frozen=True)
class EarlierFailures:
    """Dead letters of the night before, as attempts and reason by a digest of image id and link."""

    _letters: Mapping[bytes, tuple[int, str]] = field(default_factory=dict)

    def of(self, image_id: str, link: str) -> tuple[int, str]:
        """On how many nights in a row an image failed, and why the last time."""
        return self._letters.get(_digest(image_id, link), _NEVER) if self._letters else _NEVER


def snapshots_near(night: NightPaths) -> EarlierSnapshots:
    """Those of the night itself (of a job that was cut off, or of an earlier run), then the nearest other night's.

    Nearest is the newest date before; where there is none, as in a backfill from the end, the next one after.
    """
    own = [info for uri in (night.unfinished_snapshot, night.snapshot) if (info := _readable(uri))]
    others = (_readable(NightPaths(night.root, date).snapshot) for date in (*_days(night, -1), *_days(night, +1)))
    return EarlierSnapshots((*own, *[info for info in [next(filter(None, others), None)] if info]))


def failures_before(night: NightPaths) -> EarlierFailures:
    """Dead letters of the nearest date before that was ingested at all."""
    for date in _days(night, -1):
        try:
            data = storage.read_bytes(NightPaths(night.root, date).ingest_dead_letters)
        except FileNotFoundError:
            continue
        return EarlierFailures(_letters(data))
    return EarlierFailures()


def _letters(data: bytes) -> dict[bytes, tuple[int, str]]:
    values: dict[tuple[int, str], tuple[int, str]] = {}
    found = {}
    for line in io.BytesIO(data):
        with contextlib.suppress(ValueError, KeyError, TypeError):  # a damaged line tells nothing
            letter = json.loads(line)
            # A handful of different values for perhaps a million letters.
            value = (int(letter["attempts"]), str(letter["reason"]))
            found[_digest(letter["image_id"], letter["image_uri"])] = values.setdefault(value, value)
    return found


def _digest(image_id: str, link: str) -> bytes:
    return hashlib.blake2b(f"{image_id}\n{link}".encode(errors="surrogatepass"), digest_size=16).digest()


def _days(night: NightPaths, step: int) -> Iterator[str]:
    date = datetime.date.fromisoformat(night.date)
    for days in range(1, HORIZON_DAYS + 1):
        try:
            yield (date + datetime.timedelta(step * days)).isoformat()
        except OverflowError:
            return


def _readable(uri: str) -> ArtifactInfo | None:
    try:
        info = tables.artifact_info(uri)
    except MissingArtifact:
        return None
    known = info and (info.kind, info.schema_version) == (SnapshotRow.__name__, tables.SCHEMA_VERSION) and info.buckets
    return info if known else None


def _covering(info: ArtifactInfo, bucket: int, buckets: int) -> Iterable[Part]:
    """Parts that hold every row of a bucket. Both numbers of buckets are powers of two."""
    first = bucket & (info.buckets - 1)
    parts: Sequence[Part | None] = [info.part(other) for other in range(first, info.buckets, buckets)]
    return [part for part in parts if part]


def _pictures(part: Part) -> dict[str, Known]:
    try:
        table = tables.read_part(part, SnapshotRow)
    except MissingArtifact:
        return {}
    read_ns = int(part.note.get("read_ns", 0))
    names = ("image_uri", "feed_uri", "source_version", "source_sha256", "source_bytes")
    return {
        feed_uri or image_uri: Known(version, sha256, size, image_uri, read_ns)
        for image_uri, feed_uri, version, sha256, size in zip(
            *(table.column(name).to_pylist() for name in names), strict=True
        )
    }
