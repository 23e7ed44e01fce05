"""Releases of a brand: immutable manifests, and the pointer `current` that publish and rollback move."""

from __future__ import annotations

import datetime
import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from pipelines.core import storage, tables
from pipelines.core.contracts import ReleaseRow
from pipelines.core.errors import InputError
from pipelines.core.partitions import write_index
from pipelines.core.paths import BrandPaths
from pipelines.core.tables import ArtifactInfo
from pipelines.release.pointer import Pointer, move_pointer, read_pointer

HISTORY_LENGTH = 200
_RELEASE_ID = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}-[0-9a-f]{12}")


@dataclass(frozen=True)
class ReleaseInfo:
    """One release as `restyle release list` shows it."""

    release_id: str
    date: str
    created_at: str
    images: int
    restyled: int
    kept_original: int
    model_sha256: str
    is_current: bool


def release_id(date: str, rows: ArtifactInfo) -> str:
    """Date and a hash of the rows: equal content of a date has one id."""
    return f"{date}-{rows.sha256[:12]}"


def digest_of(release: str) -> str:
    """The part of a release id that tells its content, whatever the date."""
    return release.rpartition("-")[2]


def read_index(paths: BrandPaths, release: str) -> ArtifactInfo:
    """Index of a release's rows. MissingArtifact when it is gone or of another schema version."""
    return tables.finished_info(paths.release_rows(release), ReleaseRow)


def starting_points(paths: BrandPaths, date: str) -> tuple[ArtifactInfo, ...]:
    """Indexes of the releases that a night is compared with: the current one, and the newest of its own date.

    A release of an older schema is no starting point: everything is then computed once.
    """
    of_date = [release for release in release_ids(paths) if release.startswith(f"{date}-")]
    newest = max(of_date, key=lambda release: str(read_manifest(paths, release)["created_at"]), default="")
    wanted = dict.fromkeys(release for release in (current_release(paths), newest) if release)
    infos = [tables.artifact_info(paths.release_rows(release)) for release in wanted]
    return tuple(info for info in infos if info and info.schema_version == tables.SCHEMA_VERSION)


def measured_seconds_an_image(paths: BrandPaths) -> float:
    """What restyling and verifying one image took when the current release was made; 0 when it was not measured."""
    release = current_release(paths)
    return float(read_manifest(paths, release).get("seconds_an_image", 0.0)) if release else 0.0


def was_released(paths: BrandPaths, model_sha256: str) -> bool:
    """Whether readers have seen pictures of this model."""
    history = read_pointer(paths.current).values.get("history", [])
    return any(event.get("model_sha256") == model_sha256 for event in history)


def current_release(paths: BrandPaths) -> str:
    """Id of the release that readers see, "" when nothing was published yet."""
    return str(read_pointer(paths.current).values.get("release_id", ""))


def read_manifest(paths: BrandPaths, release_id: str) -> dict[str, Any]:
    """Manifest of a release; InputError when there is no such release."""
    try:
        if not _RELEASE_ID.fullmatch(release_id):
            raise FileNotFoundError(release_id)
        manifest: dict[str, Any] = json.loads(storage.read_bytes(paths.manifest(release_id)))
    except FileNotFoundError:
        known = ", ".join(release_ids(paths)) or "none yet"
        raise InputError(f"brand {paths.brand}: expected a release among {known}; received {release_id!r}.") from None
    return manifest


def write_release(paths: BrandPaths, manifest: dict[str, Any], rows: ArtifactInfo) -> None:
    """Write index and manifest, once; a release that is already there is left as it is.

    Of several writers of one id the first one's rows stand, and every manifest names those.
    """
    uri = paths.release_rows(manifest["release_id"])
    write_index(uri, rows, once=True)
    stored = read_index(paths, manifest["release_id"])
    named = {"uri": uri, "rows": stored.rows, "sha256": stored.sha256, "parts": len(stored.parts)}
    storage.create_once(
        paths.manifest(manifest["release_id"]), json.dumps({**manifest, "rows": named}, indent=1).encode()
    )


def make_current(paths: BrandPaths, pointer: Pointer, release: str, action: str, actor: str) -> None:
    """Point readers to a release; PublishConflict when somebody moved the pointer since it was read."""
    data = storage.read_bytes(paths.manifest(release))
    manifest = json.loads(data)
    event = {
        "release_id": release,
        "date": manifest["date"],
        "model_sha256": manifest["model_sha256"],
        "action": action,
        "actor": actor,
        "at": utc_now(),
    }
    move_pointer(
        pointer,
        {
            "schema_version": 1,
            "release_id": release,
            "date": manifest["date"],
            "manifest_sha256": hashlib.sha256(data).hexdigest(),
            "history": [event, *pointer.values.get("history", [])][:HISTORY_LENGTH],
        },
    )


def rollback(paths: BrandPaths, to: str | None, actor: str) -> tuple[str, str]:
    """Point readers to an earlier release: `to`, or the one that was current before. Returns (from, to)."""
    pointer = read_pointer(paths.current)
    if not pointer.values:
        raise InputError(f"brand {paths.brand}: nothing was published yet, so there is nothing to roll back.")
    present = pointer.values["release_id"]
    target = to or _before(pointer)
    if not target:
        raise InputError(f"brand {paths.brand}: {present} is the only release so far; there is none to go back to.")
    read_manifest(paths, target)
    if target != present:
        make_current(paths, pointer, target, "rollback", actor)
    return present, target


def list_releases(paths: BrandPaths) -> list[ReleaseInfo]:
    """All releases of a brand, newest first."""
    present = current_release(paths)
    infos = []
    for release_id in release_ids(paths):
        manifest = read_manifest(paths, release_id)
        counts = manifest["accounting"]
        infos.append(
            ReleaseInfo(
                release_id=release_id,
                date=manifest["date"],
                created_at=manifest["created_at"],
                images=manifest["rows"]["rows"],
                restyled=counts["restyled"] + counts["reused"],
                kept_original=counts["kept_original"],
                model_sha256=manifest["model_sha256"],
                is_current=release_id == present,
            )
        )
    return sorted(infos, key=lambda info: (info.created_at, info.release_id), reverse=True)


def utc_now() -> str:
    """Now, ISO 8601, UTC, to the second."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def release_ids(paths: BrandPaths) -> list[str]:
    """Ids of all releases of a brand, oldest date first."""
    ending = "/manifest.json"
    files = storage.list_files(paths.releases)
    return [file.removesuffix(ending).rsplit("/", 1)[1] for file in files if file.endswith(ending)]


def previous_release(paths: BrandPaths) -> str:
    """Where a rollback would go; "" when there is nowhere."""
    return _before(read_pointer(paths.current))


def _before(pointer: Pointer) -> str:
    """The release that was current before the present one; a rollback undoes all that came after its target."""
    line: list[str] = []
    for event in reversed(pointer.values.get("history", [])):
        release_id = event["release_id"]
        if event["action"] == "rollback" and release_id in line:
            while line[-1] != release_id:
                line.pop()
        elif release_id not in line[-1:]:
            line.append(release_id)
    return line[-2] if len(line) > 1 else ""
