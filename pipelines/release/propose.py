"""Propose: the draft and what the run computed become the release to be, with its numbers; nothing is visible yet.

    python -m pipelines.release.propose --settings shop.yaml --brand inkwell --date 2026-11-23 --run-id manual

Everything that was computed is remembered in the work log first, whatever becomes of the release. Ends with GateBlocked
when too many images failed the fidelity gate.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from dataclasses import asdict
from typing import Any

from pipelines.core import storage, tables
from pipelines.core.accounting import Accounting
from pipelines.core.errors import GateBlocked
from pipelines.core.jobs import run_job
from pipelines.core.partitions import write_index
from pipelines.core.paths import BrandPaths, NightPaths, RunPaths, checked_date
from pipelines.core.progress import stage_seconds
from pipelines.core.settings import BrandSettings, Shop, load_shop
from pipelines.core.version import OUTPUT_VERSION, package_version
from pipelines.release.approval import approval_due
from pipelines.release.assemble import Assembled, assemble, check_objects, computed_work, read_artifacts
from pipelines.release.catalog_profile import remembered_night_profile
from pipelines.release.gate import blocked_message, failures, gate_summary, is_blocked
from pipelines.release.night_drift import NightDrift, night_drift
from pipelines.release.pointer import Pointer, read_pointer
from pipelines.release.releases import digest_of, release_id, utc_now
from pipelines.release.work_log import write_work_log


def propose(shop: Shop, brand_name: str, date: str, run_id: str, *, ask_again: bool = False) -> dict[str, Any]:
    """Assemble the run's release and store the proposal; returns it.

    Raises GateBlocked, after proposal and summary are stored, when too large a share of the images failed the gate.
    """
    brand, root = shop.brand(brand_name), shop.settings.output_uri
    night, run, paths = NightPaths(root, date), RunPaths(root, date, brand_name, run_id), BrandPaths(root, brand_name)
    pointer = read_pointer(paths.current)
    artifacts = read_artifacts(night, run)
    work = computed_work(artifacts, paths, run_id, shop.settings.images.max_bytes)
    write_work_log(paths, run_id, date, work.rows(artifacts.model_sha256, run_id))
    for fragment in storage.list_files(paths.run_fragments(run_id, date)):
        storage.delete(fragment)
    assembled = assemble(artifacts, work, paths, run_id)
    check_objects(work)
    lost = sorted(work.lost, key=lambda letter: letter.image_id)
    write_index(run.proposed, assembled.rows)
    tables.write_json_lines(run.publish_dead_letters, lost)
    letters = [*artifacts.dead_letters, *lost]
    fed = artifacts.snapshot.rows + sum(letter.stage == "ingest" for letter in letters)
    accounting = assembled.accounting(fed, len(letters))
    planned = json.loads(storage.read_bytes(run.plan_summary))
    failed = failures(artifacts.verdicts, planned["counts"]["remembered_failures"])
    release = release_id(date, assembled.rows)
    blocked = not assembled.rows.rows or is_blocked(brand, failed, assembled.rows.rows)
    previous = _previous(pointer, run_id)
    unchanged = digest_of(previous) == digest_of(release)
    proposal = {
        "schema_version": 1,
        "shop": shop.settings.shop,
        "brand": brand_name,
        "date": date,
        "run_id": run_id,
        "release_id": release,
        "previous_release_id": previous,
        "model_sha256": artifacts.model_sha256,
        "recipe_sha256": brand.recipe_sha256(),
        "version": package_version(),
        "output_version": OUTPUT_VERSION,
        "accounting": accounting.as_dict(),
        "blocked": blocked,
        "approval": asdict(approval_due(brand, paths, pointer, release, artifacts.model_sha256, ask_again=ask_again)),
        "computed": len(artifacts.results),
        "gate": gate_summary(brand, artifacts.verdicts, failed),
        "drift": _drift(shop, night, paths, assembled, artifacts.model_sha256, unchanged=unchanged),
        "gate_profile": assembled.gate.trimmed().to_json(),
        "dead_letters_by_reason": dict(Counter(letter.reason for letter in letters)),
        "seconds": _stage_seconds(run),
        "estimated": {name: planned[name] for name in ("estimated_seconds", "estimated_cost", "currency")},
        "started_at": json.loads(storage.read_bytes(run.configuration))["planned_at"],
        "proposed_at": utc_now(),
    }
    storage.write_bytes(run.proposal, json.dumps(proposal, indent=1).encode())
    if blocked:
        summary = {**proposal, "stage": "publish", "status": "blocked", "finished_at": utc_now()}
        storage.write_bytes(run.summary, json.dumps(summary, indent=1).encode())
        raise GateBlocked(_blocked_message(brand, failed, assembled.rows.rows, accounting))
    return {**proposal, "stage": "propose"}


def _drift(
    shop: Shop, night: NightPaths, paths: BrandPaths, assembled: Assembled, model_sha256: str, *, unchanged: bool
) -> dict[str, Any]:
    """Where the night left what its model knows; not asked of a night that changes nothing."""
    if unchanged:
        return NightDrift((), ("nothing changed since the current release",)).to_json()
    catalog = remembered_night_profile(night)
    found = night_drift(paths, model_sha256, catalog, assembled.gate, shop.settings.drift)
    for sentence in found.sentences():
        sys.stderr.write(f"drift: {sentence}\n")
    return found.to_json()


def _blocked_message(brand: BrandSettings, failed: Counter[str], images: int, accounting: Accounting) -> str:
    if images:
        return blocked_message(brand, failed, images)
    return (
        f"brand {brand.brand}: no image is left to publish ({accounting.sentence()}). Nothing was published; see the "
        "dead letters of the night, mend the pictures and run it again."
    )


def _previous(pointer: Pointer, run_id: str) -> str:
    """What readers saw before this run."""
    events = pointer.values.get("history", [])
    if events and (events[0]["action"], events[0]["actor"]) == ("publish", run_id):
        return next((str(event["release_id"]) for event in events[1:]), "")
    return str(pointer.values.get("release_id", ""))


def _stage_seconds(run: RunPaths) -> dict[str, float]:
    """How long restyle and verify took, by their progress files (local runs only)."""
    known = {stage: stage_seconds(run.progress(stage)) for stage in ("restyle", "verify")}
    return {stage: round(seconds, 1) for stage, seconds in known.items() if seconds is not None}


def main(argv: list[str] | None = None) -> int:
    """Entry point of the job."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.release.propose", description=__doc__)
    parser.add_argument("--settings", required=True, help="shop settings file")
    parser.add_argument("--brand", required=True)
    parser.add_argument("--date", required=True, help="date of the night, YYYY-MM-DD")
    parser.add_argument("--run-id", required=True, help="the run that was planned, restyled and verified")
    parser.add_argument("--ask-again", action="store_true", help="ask even if the same content was rejected before")
    options = parser.parse_args(argv)
    return run_job(
        lambda: propose(
            load_shop(options.settings),
            options.brand,
            checked_date(options.date),
            options.run_id,
            ask_again=options.ask_again,
        )
    )


if __name__ == "__main__":
    sys.exit(main())
