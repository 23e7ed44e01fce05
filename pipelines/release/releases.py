"""Releases of a brand: immutable manifests, and the pointer `current` that publish and rollback move."""

from __future__ import annotations

import datetime
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipelines.core import storage, tables
from pipelines.core.contracts import ReleaseRow
from pipelines.core.errors import InputError, RestyleError
from pipelines.core.paths import BrandPaths
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


def content_id(date: str, rows: Sequence[ReleaseRow]) -> str:
    """Release id: date and a hash of what readers see of every image. Equal releases of a date have equal ids."""
    shown = [
        (row.product_id, row.image_id, row.title, row.category, row.object_sha256, row.work_key, row.reason)
        for row in rows
    ]
    digest = hashlib.sha256(json.dumps(shown).encode()).hexdigest()
    return f"{date}-{digest[:12]}"


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
        known = ", ".join(_release_ids(paths)) or "none yet"
        raise InputError(f"brand {paths.brand}: expected a release among {known}; received {release_id!r}.") from None
    return manifest


def write_release(paths: BrandPaths, manifest: dict[str, Any], rows: Sequence[ReleaseRow]) -> dict[str, Any]:
    """Write rows and manifest, once; a release that is already there is left as it is."""
    uri = paths.release_rows(manifest["release_id"])
    info = tables.artifact_info(uri) or tables.write_rows_once(uri, rows, ReleaseRow)
    full = {**manifest, "rows": {"uri": uri, "rows": info.rows, "sha256": info.sha256}}
    storage.create_once(paths.manifest(manifest["release_id"]), json.dumps(full, indent=1).encode())
    return full


def make_current(paths: BrandPaths, pointer: Pointer, release_id: str, action: str, actor: str) -> None:
    """Point readers to a release; PublishConflict when somebody moved the pointer since it was read."""
    manifest = storage.read_bytes(paths.manifest(release_id))
    date = json.loads(manifest)["date"]
    event = {"release_id": release_id, "date": date, "action": action, "actor": actor, "at": utc_now()}
    move_pointer(
        pointer,
        {
            "schema_version": 1,
            "release_id": release_id,
            "date": date,
            "manifest_sha256": hashlib.sha256(manifest).hexdigest(),
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
    for release_id in _release_ids(paths):
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


def check_objects(rows: Sequence[ReleaseRow]) -> None:
    """RestyleError naming the first object that is absent or of another size than its row says."""
    for row in rows:
        try:
            size = storage.size_bytes(row.object_uri)
        except FileNotFoundError:
            size = -1
        if size != row.object_bytes:
            found = "is missing" if size < 0 else f"has {size} bytes instead of {row.object_bytes}"
            raise RestyleError(f"{row.image_id}: {row.object_uri} {found}; nothing was published, run the night again.")


def _release_ids(paths: BrandPaths) -> list[str]:
    ending = "/manifest.json"
    files = storage.list_files(paths.releases)
    return [file.removesuffix(ending).rsplit("/", 1)[1] for file in files if file.endswith(ending)]


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
