"""Reads a release back, to the last byte: pointer, manifest, index, parts and every object against its hash."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pipelines.core import storage, tables
from pipelines.core.contracts import ReleaseRow
from pipelines.core.errors import MissingArtifact
from pipelines.core.parallel import ordered_map
from pipelines.core.partitions import index_of
from pipelines.core.paths import BrandPaths
from pipelines.core.tables import ArtifactInfo, Part
from pipelines.release.pointer import read_pointer
from pipelines.release.releases import read_index, read_manifest


@dataclass(frozen=True)
class Verification:
    """What was read. `problems` are sentences; none of them means that readers get what was published."""

    release_id: str
    images: int
    objects: int
    object_bytes: int
    problems: tuple[str, ...]


def verify_release(paths: BrandPaths, release: str) -> Verification:
    """Re-read everything that a release names; each object once. InputError when there is no such release."""
    manifest = read_manifest(paths, release)
    problems = list(_pointer_problems(paths, release))
    try:
        index = read_index(paths, release)
    except MissingArtifact as error:
        return Verification(release, 0, 0, 0, (*problems, str(error)))
    problems += _index_problems(manifest, index)
    seen: set[str] = set()
    images = objects = size = 0
    for part in index.parts:
        try:
            rows = _objects_of(part, seen)
        except MissingArtifact as error:
            problems.append(str(error))
            continue
        images += part.rows
        for found, problem in ordered_map(_read_object, rows):
            objects, size = objects + 1, size + found
            if problem:
                problems.append(problem)
    return Verification(release, images, objects, size, tuple(problems))


def _pointer_problems(paths: BrandPaths, release: str) -> Iterator[str]:
    pointer = read_pointer(paths.current).values
    if pointer.get("release_id") != release:
        return
    found = hashlib.sha256(storage.read_bytes(paths.manifest(release))).hexdigest()
    if found != pointer["manifest_sha256"]:
        yield f"{paths.manifest(release)}: the manifest is not the one that was published (sha256 differs)."


def _index_problems(manifest: dict[str, Any], index: ArtifactInfo) -> Iterator[str]:
    named = manifest["rows"]
    made = index_of(index.parts, ReleaseRow, index.buckets)
    if not named["sha256"] == index.sha256 == made.sha256 or named["rows"] != made.rows:
        yield f"{named['uri']}.json: the index is not the one that the manifest names; the release was altered."
    counts = manifest["accounting"]
    published = counts["restyled"] + counts["reused"] + counts["kept_original"]
    if published != made.rows:
        yield f"{manifest['release_id']}: {published} images are accounted for, the index has {made.rows}."


def _objects_of(part: Part, seen: set[str]) -> list[tuple[str, str, int]]:
    table = tables.read_part(part, ReleaseRow)
    names = ("object_uri", "object_sha256", "object_bytes")
    rows = set(zip(*(table.column(name).to_pylist() for name in names), strict=True))
    fresh = sorted(row for row in rows if row[0] not in seen)
    seen.update(row[0] for row in fresh)
    return fresh


def _read_object(expected: tuple[str, str, int]) -> tuple[int, str]:
    """Bytes read, and what is wrong."""
    uri, sha256, size = expected
    try:
        data = storage.read_bytes(uri)
    except FileNotFoundError:
        return 0, f"{uri}: the object is missing; publish the night again, or roll back."
    except OSError as error:
        return 0, f"{uri}: the object cannot be read: {error}"
    if len(data) != size or hashlib.sha256(data).hexdigest() != sha256:
        return len(data), f"{uri}: expected {size} bytes of sha256 {sha256[:12]}, received {len(data)} others."
    return len(data), ""
