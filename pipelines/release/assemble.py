"""Puts what earlier stages wrote for a run together into the rows of a release."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import PurePosixPath

from pipelines.core import storage, tables
from pipelines.core.contracts import DeadLetter, Outcome, PlanRow, ReleaseRow, ResultRow, SnapshotRow, VerdictRow
from pipelines.core.errors import ImageRejected
from pipelines.core.paths import BrandPaths, NightPaths, RunPaths


@dataclass(frozen=True)
class RunArtifacts:
    """Everything that earlier stages wrote for one run."""

    snapshot: list[SnapshotRow]
    plan: list[PlanRow]
    reused: list[ReleaseRow]
    results: list[ResultRow]
    verdicts: list[VerdictRow]
    dead_letters: list[DeadLetter]
    model_sha256: str


def read_artifacts(night: NightPaths, run: RunPaths) -> RunArtifacts:
    """Read them all; MissingArtifact names the first that is absent or altered."""
    dead_letters = [night.ingest_dead_letters, night.preprocess_dead_letters, run.restyle_dead_letters]
    return RunArtifacts(
        snapshot=tables.read_rows(night.snapshot, SnapshotRow),
        plan=tables.read_rows(run.plan, PlanRow),
        reused=tables.read_rows(run.reused, ReleaseRow),
        results=tables.read_rows(run.results, ResultRow),
        verdicts=tables.read_rows(run.verdicts, VerdictRow),
        dead_letters=[letter for uri in dead_letters for letter in tables.read_json_lines(uri, DeadLetter)],
        model_sha256=json.loads(storage.read_bytes(run.model_pin))["bundle_sha256"],
    )


def release_rows(
    artifacts: RunArtifacts, paths: BrandPaths, run_id: str, max_bytes: int
) -> tuple[list[ReleaseRow], list[DeadLetter]]:
    """Rows of the release, and the images whose original could not be kept either.

    Writes the originals of refused images as objects of their own.
    """
    results = {row.image_id: row for row in artifacts.results}
    verdicts = {row.image_id: row for row in artifacts.verdicts}
    rows, lost = list(artifacts.reused), []
    for plan in artifacts.plan:
        result, verdict = results.get(plan.image_id), verdicts.get(plan.image_id)
        if result is None or verdict is None:
            continue
        if verdict.passed:
            rows.append(
                _row(plan, verdict, "restyled", result.object_uri, result.object_sha256, result.object_bytes, run_id)
            )
            continue
        try:
            uri, size = _keep_original(plan, paths, max_bytes)
        except ImageRejected as error:
            lost.append(DeadLetter(plan.product_id, plan.image_id, plan.image_uri, "publish", error.reason, str(error)))
            continue
        rows.append(_row(plan, verdict, "kept_original", uri, plan.source_sha256, size, run_id))
    return sorted(rows, key=lambda row: (row.product_id, row.image_id)), lost


def _row(
    plan: PlanRow, verdict: VerdictRow, outcome: Outcome, object_uri: str, sha256: str, size: int, run_id: str
) -> ReleaseRow:
    return ReleaseRow(
        plan.product_id, plan.image_id, plan.title, plan.category, plan.image_uri, plan.source_sha256, plan.work_key,
        outcome, verdict.reason, object_uri, sha256, size, plan.width_px, plan.height_px,
        verdict.ms_ssim, verdict.edge_f1, verdict.white_kept, run_id,
    )  # fmt: skip


def _keep_original(plan: PlanRow, paths: BrandPaths, max_bytes: int) -> tuple[str, int]:
    data = storage.read_source_image(plan.image_uri, max_bytes)
    if hashlib.sha256(data).hexdigest() != plan.source_sha256:
        raise ImageRejected("changed-since-snapshot", f"{plan.image_uri}: the bytes changed since the snapshot.")
    uri = paths.object(plan.source_sha256, PurePosixPath(plan.image_uri).suffix.lower())
    storage.create_once(uri, data)
    return uri, len(data)
