"""Publish: results and verdicts of a run become a release, and `current` points to it.

    python -m pipelines.release.publish --settings shop.yaml --brand inkwell --date 2026-11-23 --run-id manual

An image that failed the gate is published as its original, with the reason. A night that changes nothing publishes
nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from typing import Any

from pipelines.core import storage, tables
from pipelines.core.accounting import Accounting
from pipelines.core.contracts import DeadLetter, ReleaseRow
from pipelines.core.errors import GateBlocked
from pipelines.core.jobs import run_job
from pipelines.core.paths import BrandPaths, NightPaths, RunPaths, checked_date
from pipelines.core.progress import stage_seconds
from pipelines.core.settings import Shop, load_shop
from pipelines.core.version import OUTPUT_VERSION, package_version
from pipelines.release.assemble import RunArtifacts, read_artifacts, release_rows
from pipelines.release.gate import blocked_message, gate_summary, is_blocked
from pipelines.release.pointer import Pointer, read_pointer
from pipelines.release.releases import check_objects, content_id, make_current, utc_now, write_release


def publish(shop: Shop, brand_name: str, date: str, run_id: str, *, move_back: bool) -> dict[str, Any]:
    """Publish the run; returns (and stores) its summary.

    Raises GateBlocked, after the summary is stored, when too large a share of the images failed the gate.
    """
    brand, root = shop.brand(brand_name), shop.settings.output_uri
    night, run, paths = NightPaths(root, date), RunPaths(root, date, brand_name, run_id), BrandPaths(root, brand_name)
    pointer = read_pointer(paths.current)
    artifacts = read_artifacts(night, run)
    rows, lost = release_rows(artifacts, paths, run_id, shop.settings.images.max_bytes)
    tables.write_json_lines(run.publish_dead_letters, lost)
    letters = [*artifacts.dead_letters, *lost]
    accounting = _account(artifacts, rows, letters).check()
    check_objects([row for row in rows if row.computed_in_run == run_id])
    release_id = content_id(date, rows)
    identity = {
        "schema_version": 1,
        "shop": shop.settings.shop,
        "brand": brand_name,
        "date": date,
        "run_id": run_id,
        "release_id": release_id,
        "previous_release_id": _previous(pointer, run_id),
        "model_sha256": artifacts.model_sha256,
        "accounting": accounting.as_dict(),
    }
    again = _is_own(pointer, run_id) and pointer.values["release_id"] == release_id
    blocked = not rows or is_blocked(brand, artifacts.verdicts, len(rows))
    status = "published" if again else _status(pointer, release_id, date, move_back=move_back, blocked=blocked)
    if status in {"published", "backfilled"}:
        manifest = {
            **identity,
            "created_at": utc_now(),
            "version": package_version(),
            "output_version": OUTPUT_VERSION,
            "recipe_sha256": brand.recipe_sha256(),
        }
        write_release(paths, manifest, rows)
    if status == "published" and not again:
        make_current(paths, pointer, release_id, "publish", run_id)
    summary = {
        **identity,
        "stage": "publish",
        "status": status,
        "release_id": pointer.values["release_id"] if status == "unchanged" else release_id,
        "computed": len(artifacts.results),
        "gate": gate_summary(brand, artifacts.verdicts),
        "dead_letters_by_reason": dict(Counter(letter.reason for letter in letters)),
        "seconds": _stage_seconds(run),
        "started_at": json.loads(storage.read_bytes(run.configuration))["planned_at"],
        "finished_at": utc_now(),
    }
    storage.write_bytes(run.summary, json.dumps(summary, indent=1).encode())
    if status == "blocked":
        message = blocked_message(brand, artifacts.verdicts, len(rows))
        raise GateBlocked(message if rows else _nothing_left(brand_name, accounting))
    return summary


def _account(artifacts: RunArtifacts, rows: Sequence[ReleaseRow], letters: Sequence[DeadLetter]) -> Accounting:
    outcomes = Counter(row.outcome for row in rows)
    return Accounting(
        images_in=len(artifacts.snapshot) + sum(letter.stage == "ingest" for letter in letters),
        restyled=outcomes["restyled"],
        reused=outcomes["reused"],
        kept_original=outcomes["kept_original"],
        dead_letters=len(letters),
    )


def _is_own(pointer: Pointer, run_id: str) -> bool:
    """Whether it was this run that moved `current` last: then this is a repetition, and tells the same again."""
    latest: dict[str, Any] = next(iter(pointer.values.get("history", [])), {})
    return (latest.get("action"), latest.get("actor")) == ("publish", run_id)


def _previous(pointer: Pointer, run_id: str) -> str:
    """What readers saw before this run."""
    if not _is_own(pointer, run_id):
        return str(pointer.values.get("release_id", ""))
    return next((str(event["release_id"]) for event in pointer.values["history"][1:]), "")


def _nothing_left(brand: str, accounting: Accounting) -> str:
    return (
        f"brand {brand}: no image is left to publish ({accounting.sentence()}). Nothing was published; see the dead "
        "letters of the night, mend the pictures and run it again."
    )


def _status(pointer: Pointer, release_id: str, date: str, *, move_back: bool, blocked: bool) -> str:
    """Blocked | unchanged (readers see the same as before) | backfilled (older date, stored only) | published."""
    before = str(pointer.values.get("release_id", ""))
    if blocked:
        return "blocked"
    if before.rpartition("-")[2] == release_id.rpartition("-")[2]:
        return "unchanged"
    if pointer.values.get("date", "") > date and not move_back:
        return "backfilled"
    return "published"


def _stage_seconds(run: RunPaths) -> dict[str, float]:
    """How long restyle and verify took, by their progress files (local runs only)."""
    known = {stage: stage_seconds(run.progress(stage)) for stage in ("restyle", "verify")}
    return {stage: round(seconds, 1) for stage, seconds in known.items() if seconds is not None}


def main(argv: list[str] | None = None) -> int:
    """Entry point of the job."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.release.publish", description=__doc__)
    parser.add_argument("--settings", required=True, help="shop settings file")
    parser.add_argument("--brand", required=True)
    parser.add_argument("--date", required=True, help="date of the night, YYYY-MM-DD")
    parser.add_argument("--run-id", required=True, help="the run that was planned, restyled and verified")
    parser.add_argument("--move-back", action="store_true", help="let `current` move to an older date than it has")
    options = parser.parse_args(argv)
    return run_job(
        lambda: publish(
            load_shop(options.settings),
            options.brand,
            checked_date(options.date),
            options.run_id,
            move_back=options.move_back,
        )
    )


if __name__ == "__main__":
    sys.exit(main())
