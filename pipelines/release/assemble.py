"""Turns a run's draft into the rows of a release: pending rows take what restyle and verify found.

Bucket by bucket; buckets that were carried over are taken by reference, without reading them.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from pipelines.core import storage, tables
from pipelines.core.accounting import Accounting
from pipelines.core.contracts import DeadLetter, PlanRow, ReleaseRow, ResultRow, SnapshotRow, VerdictRow, WorkRow
from pipelines.core.errors import ImageRejected, RestyleError
from pipelines.core.parallel import ordered_map
from pipelines.core.partitions import empty, index_of, write_part
from pipelines.core.paths import BrandPaths, NightPaths, RunPaths
from pipelines.core.tables import ArtifactInfo, Part
from pipelines.release.bucket_diff import WORK_COLUMNS
from pipelines.release.catalog_profile import CatalogProfile, gate_profile_of

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class RunArtifacts:
    """What earlier stages wrote for one run; of the tables that grow with the catalog only the index."""

    snapshot: ArtifactInfo
    draft: ArtifactInfo
    plan: list[PlanRow]
    results: list[ResultRow]
    verdicts: list[VerdictRow]
    dead_letters: list[DeadLetter]
    model_sha256: str


def read_artifacts(night: NightPaths, run: RunPaths) -> RunArtifacts:
    """Read them all; MissingArtifact names the first that is absent or altered."""
    letters = (
        night.ingest_dead_letters,
        night.preprocess_dead_letters,
        run.plan_dead_letters,
        run.restyle_dead_letters,
    )
    return RunArtifacts(
        snapshot=tables.finished_info(night.snapshot, SnapshotRow),
        draft=tables.finished_info(run.draft, ReleaseRow),
        plan=tables.read_rows(run.plan, PlanRow),
        results=tables.read_rows(run.results, ResultRow),
        verdicts=tables.read_rows(run.verdicts, VerdictRow),
        dead_letters=[letter for uri in letters for letter in tables.read_json_lines(uri, DeadLetter)],
        model_sha256=json.loads(storage.read_bytes(run.model_pin))["bundle_sha256"],
    )


@dataclass(frozen=True)
class Work:
    """What the run computed, by work key: rows with an object, and why there is none."""

    done: dict[str, WorkRow]
    failed: dict[str, DeadLetter]
    lost: list[DeadLetter] = field(default_factory=list)
    """Dead letters that are not yet written: originals that could not be kept."""

    def rows(self, model_sha256: str, run_id: str) -> Iterator[WorkRow]:
        """Everything worth remembering."""
        yield from self.done.values()
        for key, letter in self.failed.items():
            yield WorkRow(
                key, "failed", letter.reason, "", "", "", 0, 0, 0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, "{}",
                model_sha256, run_id,
            )  # fmt: skip


def computed_work(artifacts: RunArtifacts, paths: BrandPaths, run_id: str, max_bytes: int) -> Work:
    """Join plan, results, verdicts and dead letters by image.

    Writes the originals of refused images as objects of their own.
    """
    results = {row.image_id: row for row in artifacts.results}
    verdicts = {row.image_id: row for row in artifacts.verdicts}
    letters = {letter.image_id: letter for letter in artifacts.dead_letters if letter.stage == "restyle"}
    work = Work({}, {})
    for plan in artifacts.plan:
        result, verdict = results.get(plan.image_id), verdicts.get(plan.image_id)
        if result is None or verdict is None:
            if plan.image_id in letters:
                work.failed[plan.work_key] = letters[plan.image_id]
            continue
        row = _work_row(result, verdict, artifacts.model_sha256, run_id)
        if verdict.passed:
            work.done[plan.work_key] = row
            continue
        try:
            uri, size = _keep_original(plan, paths, max_bytes)
        except ImageRejected as error:
            letter = DeadLetter(plan.product_id, plan.image_id, plan.image_uri, "publish", error.reason, str(error))
            work.lost.append(letter)
            work.failed[plan.work_key] = letter
            continue
        work.done[plan.work_key] = replace(
            row, outcome="kept_original", object_uri=uri, object_sha256=plan.source_sha256, object_bytes=size
        )
    return work


def _work_row(result: ResultRow, verdict: VerdictRow, model_sha256: str, run_id: str) -> WorkRow:
    return WorkRow(
        work_key=result.work_key,
        outcome="restyled",
        reason=verdict.reason,
        source_sha256=result.source_sha256,
        object_uri=result.object_uri,
        object_sha256=result.object_sha256,
        object_bytes=result.object_bytes,
        width_px=result.width_px,
        height_px=result.height_px,
        strength=result.strength,
        ms_ssim=verdict.ms_ssim,
        edge_f1=verdict.edge_f1,
        white_kept=verdict.white_kept,
        colour_drift=verdict.colour_drift,
        text_kept=verdict.text_kept,
        views_drift=verdict.views_drift,
        thresholds_json=verdict.thresholds_json,
        model_sha256=model_sha256,
        computed_in_run=run_id,
    )


def _keep_original(plan: PlanRow, paths: BrandPaths, max_bytes: int) -> tuple[str, int]:
    data = storage.read_source_image(plan.image_uri, max_bytes)
    if hashlib.sha256(data).hexdigest() != plan.source_sha256:
        raise ImageRejected("changed-since-snapshot", f"{plan.image_uri}: the bytes changed since the snapshot.")
    uri = paths.object(plan.source_sha256, PurePosixPath(plan.image_uri).suffix.lower())
    storage.create_object(uri, data)
    return uri, len(data)


@dataclass
class Assembled:
    """Rows of the release to be, with the counts of its images."""

    rows: ArtifactInfo
    restyled: int
    reused: int
    kept_original: int
    gate: CatalogProfile
    """What the gate said of the images that this run computed."""

    def accounting(self, images_in: int, dead_letters: int) -> Accounting:
        """Checked accounting of the run."""
        return Accounting(images_in, self.restyled, self.reused, self.kept_original, dead_letters).check()


def assemble(artifacts: RunArtifacts, work: Work, paths: BrandPaths, run_id: str) -> Assembled:
    """Resolve the draft; images whose key failed for another image with the same bytes join `work.lost`."""
    parts: list[Part] = []
    totals: Counter[str] = Counter()
    gate = CatalogProfile()

    def finished(part: Part) -> tuple[Part | None, CatalogProfile]:
        return _resolved(part, work, paths, run_id) if part.note.get("open") else (part, CatalogProfile())

    for final, judged in ordered_map(finished, artifacts.draft.parts):
        gate += judged
        if final is None:
            continue
        parts.append(final)
        own = final.note["restyled_here"] if final.note["run"] == run_id else 0
        totals["restyled"] += own
        totals["reused"] += final.note["restyled"] - own
        totals["kept_original"] += final.note["kept_original"]
    rows = index_of(parts, ReleaseRow, artifacts.draft.buckets)
    return Assembled(rows, totals["restyled"], totals["reused"], totals["kept_original"], gate)


def _resolved(part: Part, work: Work, paths: BrandPaths, run_id: str) -> tuple[Part | None, CatalogProfile]:
    import pyarrow as pa
    import pyarrow.compute as pc

    draft: pa.Table = tables.read_part(part, ReleaseRow)
    pending = pc.equal(draft.column("outcome"), "pending")
    settled = pa.concat_tables([kept_rows(part), draft.filter(pc.invert(pending))])
    resolved = [
        row for values in draft.filter(pending).to_pylist() if (row := _answer(ReleaseRow(**values), work)) is not None
    ]
    table = pa.concat_tables([settled, tables.table_of(resolved, ReleaseRow)])
    table = table.sort_by([("product_id", "ascending"), ("image_id", "ascending")])
    if not table.num_rows:
        return None, CatalogProfile()
    restyled = pc.equal(table.column("outcome"), "restyled")
    here = pc.and_(restyled, pc.equal(table.column("computed_in_run"), run_id))
    note: dict[str, Any] = {
        "inputs": part.note["inputs"],
        "basis": part.note["basis"],
        "restyled": pc.sum(restyled).as_py(),
        "kept_original": table.num_rows - pc.sum(restyled).as_py(),
        "run": run_id,
        "restyled_here": pc.sum(here).as_py(),
    }
    judged = gate_profile_of(table.filter(pc.equal(table.column("computed_in_run"), run_id)))
    return write_part(paths.release_parts, part.bucket, table, note), judged


def kept_rows(part: Part) -> pa.Table:
    """ReleaseRow table of what an open part of a draft takes over from the part that it starts from."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not part.note["base"]:
        return empty(ReleaseRow)
    base: pa.Table = tables.read_part(Part(**part.note["base"]), ReleaseRow)
    gone = pc.is_in(base.column("image_id"), value_set=pa.array(part.note["without"], pa.string()))
    return base.filter(pc.invert(gone))


def _answer(row: ReleaseRow, work: Work) -> ReleaseRow | None:
    """The row with its result; None when there is none, which its dead letter tells."""
    done = work.done.get(row.work_key)
    if done is not None:
        return replace(row, **{name: getattr(done, name) for name in WORK_COLUMNS})
    letter = work.failed.get(row.work_key)
    if letter is None:
        raise RestyleError(
            f"{row.image_id}: expected a result or a dead letter for its work key, found none; run restyle and verify "
            "of this run again."
        )
    if letter.image_id != row.image_id:
        work.lost.append(replace(letter, product_id=row.product_id, image_id=row.image_id, image_uri=row.image_uri))
    return None


def check_objects(work: Work) -> None:
    """RestyleError naming the first computed object that is absent or of another size than its row says."""
    for row in work.done.values():
        try:
            size = storage.size_bytes(row.object_uri)
        except FileNotFoundError:
            size = -1
        if size != row.object_bytes:
            found = "is missing" if size < 0 else f"has {size} bytes instead of {row.object_bytes}"
            raise RestyleError(f"{row.object_uri} {found}; nothing was published, run the night again.")
