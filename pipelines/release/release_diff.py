"""What differs between two releases: images that came, went, or show something else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.core import tables
from pipelines.core.contracts import ReleaseRow
from pipelines.core.partitions import empty
from pipelines.core.paths import BrandPaths
from pipelines.core.tables import ArtifactInfo
from pipelines.release.releases import read_index, read_manifest

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class ReleaseDiff:
    """Ids of images, sorted. `changed` show another object, `reworded` the same one under other words."""

    before: str
    after: str
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: tuple[str, ...]
    reworded: tuple[str, ...]
    same: int


def diff_releases(paths: BrandPaths, before: str, after: str) -> ReleaseDiff:
    """Compare two releases of a brand; parts that both share are not read.

    Raises InputError when there is no such release.
    """
    for release in (before, after):
        read_manifest(paths, release)
    old, new = read_index(paths, before), read_index(paths, after)
    found: dict[str, list[str]] = {"added": [], "removed": [], "changed": [], "reworded": []}
    same = 0
    for one, other, shared in _pairs(old, new):
        same += shared
        same += _compare(one, other, found)
    return ReleaseDiff(before, after, **{name: tuple(sorted(ids)) for name, ids in found.items()}, same=same)


def _pairs(old: ArtifactInfo, new: ArtifactInfo) -> Iterator[tuple[pa.Table, pa.Table, int]]:
    """Tables to compare, bucket by bucket where both have as many, and how many rows need no comparing."""
    import pyarrow as pa

    if old.buckets != new.buckets:
        whole = [
            pa.concat_tables([empty(ReleaseRow), *(tables.read_part(part, ReleaseRow) for part in info.parts)])
            for info in (old, new)
        ]
        yield whole[0], whole[1], 0
        return
    for bucket in sorted({part.bucket for part in (*old.parts, *new.parts)}):
        parts = old.part(bucket), new.part(bucket)
        if parts[0] and parts[1] and parts[0].sha256 == parts[1].sha256:
            yield empty(ReleaseRow), empty(ReleaseRow), parts[0].rows
        else:
            read = [tables.read_part(part, ReleaseRow) if part else empty(ReleaseRow) for part in parts]
            yield read[0], read[1], 0


def _compare(old: pa.Table, new: pa.Table, found: dict[str, list[str]]) -> int:
    import pyarrow.compute as pc

    names = new.column("image_id").combine_chunks()
    place = pc.index_in(names, value_set=old.column("image_id"))
    known = pc.is_valid(place)
    found["added"] += names.filter(pc.invert(known)).to_pylist()
    kept = pc.is_in(old.column("image_id"), value_set=names)
    found["removed"] += old.column("image_id").filter(pc.invert(kept)).to_pylist()
    before, after = old.take(pc.drop_null(place)), new.filter(known)
    pictured = pc.equal(before.column("object_sha256"), after.column("object_sha256"))
    found["changed"] += after.column("image_id").filter(pc.invert(pictured)).to_pylist()
    worded = pictured
    for name in ("product_id", "title", "category"):
        worded = pc.and_(worded, pc.equal(before.column(name), after.column(name)))
    found["reworded"] += after.column("image_id").filter(pc.and_not(pictured, worded)).to_pylist()
    return int(pc.sum(worded).as_py() or 0)
