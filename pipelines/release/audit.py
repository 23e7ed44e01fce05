"""From a published image back to where it came from: source, snapshot, model, recipe, code, run, gate, approver."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from pipelines.core import storage, tables
from pipelines.core.contracts import ReleaseRow
from pipelines.core.errors import InputError
from pipelines.core.paths import BrandPaths, RunPaths, run_name
from pipelines.core.uris import join
from pipelines.images.metadata import read_provenance
from pipelines.images.provenance import Provenance
from pipelines.release.pointer import read_pointer
from pipelines.release.releases import current_release, read_index, read_manifest


@dataclass(frozen=True)
class Origin:
    """One image of one release.

    Attributes:
        brand: the brand.
        row: what the release says of the image.
        release: the release's manifest.
        computed: what is known of the run that made the object.
        shown: when readers were pointed to the release, newest first.
        file: what the published file says of itself; None where it says nothing, or is gone.
    """

    brand: str
    row: ReleaseRow
    release: dict[str, Any]
    computed: dict[str, Any]
    shown: list[dict[str, Any]]
    file: Provenance | None

    def as_dict(self) -> dict[str, Any]:
        """Everything, as plain JSON types."""
        thresholds = json.loads(self.row.thresholds_json)
        return {
            "brand": self.brand,
            "image": {**asdict(self.row), "thresholds_json": thresholds},
            "release": self.release,
            "computed": self.computed,
            "shown": self.shown,
            "file": asdict(self.file) if self.file else None,
        }


def explain_image(paths: BrandPaths, image_id: str, release: str = "") -> Origin | None:
    """Where an image of a release (default: the current one) came from; None when the release has no such image.

    Raises InputError when nothing was published yet, or there is no such release.
    """
    release = release or current_release(paths)
    if not release:
        raise InputError(f"brand {paths.brand}: nothing was published yet.")
    manifest = read_manifest(paths, release)
    row = _find(paths, release, image_id)
    if row is None:
        return None
    history = read_pointer(paths.current).values.get("history", [])
    shown = [event for event in history if event["release_id"] == release]
    return Origin(paths.brand, row, manifest, _run(paths, row.computed_in_run), shown, _file(row))


def _file(row: ReleaseRow) -> Provenance | None:
    try:
        return read_provenance(storage.read_bytes(row.object_uri))
    except OSError:
        return None


def _find(paths: BrandPaths, release: str, image_id: str) -> ReleaseRow | None:
    import pyarrow.compute as pc

    for part in read_index(paths, release).parts:
        table = tables.read_part(part, ReleaseRow)
        hits = table.filter(pc.equal(table.column("image_id"), image_id))
        if hits.num_rows:
            return ReleaseRow(**hits.to_pylist()[0])
    return None


def _run(paths: BrandPaths, run_id: str) -> dict[str, Any]:
    """What is known of the run that computed an object; its folder may have been cleared away since."""
    ending = f"/{paths.brand}/{run_name(run_id)}/configuration.json"
    for file in storage.list_files(join(paths.root, "runs")):
        if file.endswith(ending):
            configuration = json.loads(storage.read_bytes(file))
            named = ("run_id", "planned_at", "version", "output_version", "recipe_sha256", "snapshot_sha256")
            date = file.removesuffix(ending).rsplit("/", 1)[1]
            run = RunPaths(paths.root, date, paths.brand, run_id)
            return {**{name: configuration.get(name, "") for name in named}, "date": date, "folder": run.folder}
    return {"run_id": run_id, "folder": ""}


def sentences(found: Origin) -> list[str]:
    """The same for a person, a line a fact."""
    row, manifest, computed = found.row, found.release, found.computed
    what = "restyled" if row.outcome == "restyled" else f"the original, because the gate refused it ({row.reason})"
    approval = manifest.get("approval", {})
    if approval.get("answer"):
        approved = f"{approval['answer']} by {approval['by']} at {approval['at']}"
        approved += f', "{approval["note"]}"' if approval["note"] else ""
        approved += f"; saw contact sheet {approval['saw']['contact_sheet_sha256'][:16] or '(none)'}"
    else:
        approved = f"nobody was asked: {approval.get('why', 'unknown')}"
    figures = ("ms_ssim", "edge_f1", "white_kept", "colour_drift", "text_kept", "views_drift")
    return [
        f"{found.brand} / {row.image_id} ({row.product_id}, {row.title or 'no title'}): {what}",
        f"  object      {row.object_uri}",
        f"              sha256 {row.object_sha256}, {row.object_bytes:,} bytes, {row.width_px} x {row.height_px} px",
        f"  says        {_says(found.file)}",
        f"  source      {row.image_uri}",
        *([f"              fetched from {row.feed_uri}"] if row.feed_uri else []),
        f"              sha256 {row.source_sha256}",
        f"  work key    {row.work_key}",
        f"  model       {row.model_sha256}",
        f"  recipe      {computed.get('recipe_sha256') or manifest['recipe_sha256']}",
        f"  code        catalog-restyle {computed.get('version') or manifest['version']}, "
        f"output version {computed.get('output_version') or manifest['output_version']}",
        f"  computed    in run {row.computed_in_run} {computed['folder'] or '(its folder is gone)'}",
        f"  snapshot    {computed.get('snapshot_sha256') or 'unknown'} of {computed.get('date') or 'unknown'}",
        f"  gate        {', '.join(f'{name} {getattr(row, name):.3f}' for name in figures)}; strength {row.strength:g}",
        f"              held against {row.thresholds_json}",
        f"  release     {manifest['release_id']} of run {manifest['run_id']}, {manifest['created_at']}",
        f"  approval    {approved}",
        *(f"  {event['action']:<11} at {event['at']} by {event['actor']}" for event in found.shown),
    ]


def _says(file: Provenance | None) -> str:
    if file is None:
        return "nothing of itself"
    source = file.digital_source_type.rsplit("/", 1)[-1] or "no digital source type"
    return f"{source}; copyright: {file.copyright or 'none'}"
