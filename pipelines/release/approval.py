"""Approval: whether a human must be asked before readers see a release, and what their answer was.

No answer means no. A rejection is remembered by content, so that the same pictures are not asked about every night.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from pipelines.core import storage
from pipelines.core.errors import InputError
from pipelines.core.paths import BrandPaths
from pipelines.core.settings import BrandSettings
from pipelines.release.pointer import Pointer
from pipelines.release.releases import digest_of, utc_now, was_released

APPROVE: Final = "Approve"
REJECT: Final = "Reject"
OPTIONS: Final = (APPROVE, REJECT)
"""What Airflow offers; whatever else comes back is no approval."""


@dataclass(frozen=True)
class ApprovalDue:
    """Whether somebody must be asked, and why; `rejected_by` is who said no to this very content before."""

    needed: bool
    why: str
    rejected_by: str = ""


@dataclass(frozen=True)
class Decision:
    """What a human answered. `saw` holds the hash of the contact sheet and the numbers that lay before them."""

    answer: Literal["approved", "rejected", "unanswered"]
    by: str
    at: str
    note: str
    saw: Mapping[str, Any]


def approval_due(
    brand: BrandSettings, paths: BrandPaths, pointer: Pointer, release: str, model_sha256: str, *, ask_again: bool
) -> ApprovalDue:
    """By the brand's policy; content that readers see already, or that was rejected, is not asked about."""
    policy = brand.approval.policy
    if policy == "never":
        return ApprovalDue(needed=False, why="the brand's policy asks nobody")
    if digest_of(str(pointer.values.get("release_id", ""))) == digest_of(release):
        return ApprovalDue(needed=False, why="readers see the same already")
    if policy == "first-release-of-model" and was_released(paths, model_sha256):
        return ApprovalDue(needed=False, why="readers know this model")
    rejection = None if ask_again else read_rejection(paths, release)
    if rejection:
        return ApprovalDue(
            needed=False,
            why=f"{rejection['by']} rejected the same content on {rejection['at']}",
            rejected_by=str(rejection["by"]),
        )
    return ApprovalDue(
        needed=True, why="always asked" if policy == "always" else "readers have not seen this model yet"
    )


def parse_answer(answer: str, approvers: tuple[str, ...], saw: Mapping[str, Any]) -> Decision:
    """Airflow's answer (JSON of the task's result) as a decision; anything but a clear yes by somebody is no yes.

    Raises InputError when it is not JSON.
    """
    try:
        values: Any = json.loads(answer) if answer else None
    except ValueError as error:
        raise InputError(f"decision: expected the approval task's JSON, received {answer[:80]!r} ({error}).") from None
    if not isinstance(values, dict):
        return Decision("unanswered", "", utc_now(), "", saw)
    user = values.get("responded_by_user") or {}
    by = str(user.get("name") or user.get("id") or "") if isinstance(user, dict) else str(user)
    inputs = values.get("params_input") or {}
    note = str(inputs.get("note") or "")[:2000] if isinstance(inputs, dict) else ""
    at = str(values.get("responded_at") or utc_now())
    if values.get("timedout") or not by:
        return Decision("unanswered", by, at, note, saw)
    if approvers and by not in approvers:
        return Decision("rejected", by, at, f"{by} is not among the approvers {', '.join(approvers)}", saw)
    return Decision("approved" if values.get("chosen_options") == [APPROVE] else "rejected", by, at, note, saw)


def remember_rejection(paths: BrandPaths, release: str, decision: Decision) -> None:
    """So that the same content is not asked about again."""
    storage.write_bytes(paths.rejection(digest_of(release)), json.dumps(asdict(decision), indent=1).encode())


def read_rejection(paths: BrandPaths, release: str) -> dict[str, Any] | None:
    """Who rejected this content before, if somebody did."""
    try:
        values: dict[str, Any] = json.loads(storage.read_bytes(paths.rejection(digest_of(release))))
    except FileNotFoundError:
        return None
    return values
