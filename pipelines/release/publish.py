"""Publish: a run's proposal becomes a release, and `current` points to it.

    python -m pipelines.release.publish --settings shop.yaml --brand inkwell --date 2026-11-23 --run-id manual

A night that changes nothing publishes nothing; one that needs a yes and did not get it neither.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from dataclasses import asdict
from typing import Any, Final, Literal

from pipelines.core import storage, tables
from pipelines.core.contracts import ReleaseRow
from pipelines.core.errors import GateBlocked, MissingArtifact
from pipelines.core.jobs import run_job
from pipelines.core.paths import BrandPaths, RunPaths, checked_date
from pipelines.core.settings import Shop, load_shop
from pipelines.release.approval import Decision, parse_answer, remember_rejection
from pipelines.release.catalog_profile import CatalogProfile
from pipelines.release.night_drift import remember_gate_profile
from pipelines.release.pointer import Pointer, read_pointer
from pipelines.release.releases import digest_of, make_current, utc_now, write_release

Status = Literal["published", "unchanged", "backfilled", "rejected", "unanswered"]
LEAST_MEASURED: Final = 20
"""Images that a run must have computed before its pace is worth remembering."""


def publish(
    shop: Shop, brand_name: str, date: str, run_id: str, *, answer: str = "", move_back: bool = False
) -> dict[str, Any]:
    """Publish the run's proposal; returns (and stores) its summary.

    Args:
        shop: the shop.
        brand_name: one of its brands.
        date: of the night.
        run_id: the run that was proposed.
        answer: what the approval task returned, as JSON; empty when nobody was asked.
        move_back: let `current` move to an older date than it has.

    Raises GateBlocked when the proposal is blocked, MissingArtifact when there is none.
    """
    brand, root = shop.brand(brand_name), shop.settings.output_uri
    run, paths = RunPaths(root, date, brand_name, run_id), BrandPaths(root, brand_name)
    pointer = read_pointer(paths.current)
    proposal = read_proposal(run)
    release = proposal["release_id"]
    decision = _decision(run, proposal, brand.approval.approvers, answer)
    again = _is_own(pointer, run_id) and pointer.values["release_id"] == release
    status = "published" if again else _status(pointer, proposal, decision, move_back=move_back)
    approval = {**proposal["approval"], **(asdict(decision) if decision else {})}
    if status in {"published", "backfilled"}:
        named = ("schema_version", "shop", "brand", "date", "run_id", "release_id", "previous_release_id",
                 "model_sha256", "recipe_sha256", "version", "output_version", "accounting", "gate")  # fmt: skip
        manifest = {
            **{name: proposal[name] for name in named},
            "created_at": utc_now(),
            "approval": approval,
            "seconds_an_image": _pace(proposal),
        }
        write_release(paths, manifest, tables.finished_info(run.proposed, ReleaseRow))
    if status == "published" and not again:
        make_current(paths, pointer, release, "publish", run_id)
    if status == "published":
        gate = CatalogProfile.from_json(proposal["gate_profile"])
        remember_gate_profile(paths, proposal["model_sha256"], date, gate, shop.settings.drift)
    if status == "rejected" and decision:
        remember_rejection(paths, release, decision)
    summary = {
        **proposal,
        "stage": "publish",
        "status": status,
        "approval": approval,
        "release_id": pointer.values["release_id"] if status == "unchanged" else release,
        "finished_at": utc_now(),
    }
    storage.write_bytes(run.summary, json.dumps(summary, indent=1).encode())
    return summary


def read_proposal(run: RunPaths) -> dict[str, Any]:
    """The run's proposal. MissingArtifact when there is none, GateBlocked when it is blocked."""
    try:
        proposal: dict[str, Any] = json.loads(storage.read_bytes(run.proposal))
    except FileNotFoundError:
        raise MissingArtifact(f"{run.proposal}: expected the run's proposal here, found none; run propose.") from None
    if proposal["blocked"]:
        raise GateBlocked(f"brand {run.brand}: the fidelity gate blocked this run; nothing was published.")
    return proposal


def _decision(run: RunPaths, proposal: dict[str, Any], approvers: tuple[str, ...], answer: str) -> Decision | None:
    """What a human said; None where nobody had to be asked."""
    if not proposal["approval"]["needed"]:
        return None
    info = storage.read_versioned(run.contact_sheet)
    saw = {
        "contact_sheet": run.contact_sheet if info else "",
        "contact_sheet_sha256": hashlib.sha256(info.data).hexdigest() if info else "",
        **{name: proposal[name] for name in ("accounting", "gate", "model_sha256")},
    }
    return parse_answer(answer, approvers, saw)


def _is_own(pointer: Pointer, run_id: str) -> bool:
    """Whether it was this run that moved `current` last: then this is a repetition, and tells the same again."""
    latest: dict[str, Any] = next(iter(pointer.values.get("history", [])), {})
    return (latest.get("action"), latest.get("actor")) == ("publish", run_id)


def _status(pointer: Pointer, proposal: dict[str, Any], decision: Decision | None, *, move_back: bool) -> Status:
    """Unchanged (readers see the same) | backfilled (older date, stored only) | rejected | unanswered | published."""
    before = str(pointer.values.get("release_id", ""))
    if digest_of(before) == digest_of(proposal["release_id"]):
        return "unchanged"
    if str(pointer.values.get("date", "")) > proposal["date"] and not move_back:
        return "backfilled"
    if proposal["approval"]["rejected_by"]:
        return "rejected"
    if decision and decision.answer != "approved":
        return "rejected" if decision.answer == "rejected" else "unanswered"
    return "published"


def _pace(proposal: dict[str, Any]) -> float:
    """Seconds an image took to restyle and verify; 0 when too few were computed to tell."""
    seconds = sum(proposal["seconds"].values())
    return round(seconds / proposal["computed"], 4) if proposal["computed"] >= LEAST_MEASURED else 0.0


def main(argv: list[str] | None = None) -> int:
    """Entry point of the job."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.release.publish", description=__doc__)
    parser.add_argument("--settings", required=True, help="shop settings file")
    parser.add_argument("--brand", required=True)
    parser.add_argument("--date", required=True, help="date of the night, YYYY-MM-DD")
    parser.add_argument("--run-id", required=True, help="the run that was proposed")
    parser.add_argument("--decision", default="", help="JSON that the approval task returned")
    parser.add_argument("--move-back", action="store_true", help="let `current` move to an older date than it has")
    options = parser.parse_args(argv)
    return run_job(
        lambda: publish(
            load_shop(options.settings),
            options.brand,
            checked_date(options.date),
            options.run_id,
            answer=options.decision,
            move_back=options.move_back,
        )
    )


if __name__ == "__main__":
    sys.exit(main())
