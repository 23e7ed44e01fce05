"""The summary that the publish stage leaves of a run, checked where it is read."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from pipelines.core import storage
from pipelines.core.accounting import Accounting
from pipelines.core.errors import InputError, MissingArtifact

SCHEMA_VERSION: Final = 1
STATUSES: Final = ("published", "unchanged", "backfilled", "blocked", "rejected", "unanswered")
NOT_RELEASED: Final = ("rejected", "unanswered")
"""Proposals that a human did not approve."""


@dataclass(frozen=True)
class GateCounts:
    """What the fidelity gate said of the images that the run computed. Thresholds in 0..1."""

    thresholds: dict[str, float]
    passed: int
    failed: int
    failed_by_reason: dict[str, int]


@dataclass(frozen=True)
class RunSummary:
    """One run for one brand. Release ids and times are empty where there are none; `seconds` by stage.

    `release_id` of a blocked run is the id that its release would have had.
    """

    shop: str
    brand: str
    date: str
    run_id: str
    status: str
    release_id: str
    previous_release_id: str
    model_sha256: str
    accounting: Accounting
    computed: int
    seconds: dict[str, float]
    gate: GateCounts
    dead_letters_by_reason: dict[str, int]
    started_at: str
    finished_at: str
    drift: tuple[str, ...] = ()
    """Where the night left what its model knows, a sentence each."""


def read_summary(uri: str) -> RunSummary:
    """Read and check a run's summary.

    Raises MissingArtifact when there is none, InputError when it is not one.
    """
    try:
        values = json.loads(storage.read_bytes(uri))
    except FileNotFoundError:
        raise MissingArtifact(f"{uri}: expected the summary of a run here, found none; run publish first.") from None
    except ValueError as error:
        raise InputError(f"{uri}: expected the JSON that publish writes, received {error}.") from error
    return parse_summary(values, uri)


def parse_summary(values: Any, source: str) -> RunSummary:
    """The summary that `values` (decoded JSON) holds; InputError names `source` and what is wrong."""
    if not isinstance(values, dict) or values.get("schema_version") != SCHEMA_VERSION:
        version = values.get("schema_version") if isinstance(values, dict) else type(values).__name__
        raise InputError(f"{source}: expected a summary of schema version {SCHEMA_VERSION}, received {version!r}.")
    try:
        summary = _summary(values)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        problem = f"no {error}" if isinstance(error, KeyError) else str(error)
        raise InputError(f"{source}: not a summary as publish writes it: {problem}. Run publish again.") from error
    if summary.status not in STATUSES:
        raise InputError(f"{source}: status: expected {', '.join(STATUSES)}, received {summary.status!r}.")
    return summary


def _summary(values: dict[str, Any]) -> RunSummary:
    gate = values.get("gate") or {}
    return RunSummary(
        shop=str(values["shop"]),
        brand=str(values["brand"]),
        date=str(values["date"]),
        run_id=str(values["run_id"]),
        status=str(values["status"]),
        release_id=str(values.get("release_id") or ""),
        previous_release_id=str(values.get("previous_release_id") or ""),
        model_sha256=str(values.get("model_sha256") or ""),
        accounting=Accounting(**{name: int(count) for name, count in values["accounting"].items()}),
        computed=int(values.get("computed") or 0),
        seconds={str(stage): float(s) for stage, s in (values.get("seconds") or {}).items()},
        gate=GateCounts(
            thresholds={str(name): float(value) for name, value in (gate.get("thresholds") or {}).items()},
            passed=int(gate.get("passed") or 0),
            failed=int(gate.get("failed") or 0),
            failed_by_reason=_counts(gate.get("failed_by_reason")),
        ),
        dead_letters_by_reason=_counts(values.get("dead_letters_by_reason")),
        started_at=str(values.get("started_at") or ""),
        finished_at=str(values.get("finished_at") or ""),
        drift=tuple(str(finding["sentence"]) for finding in (values.get("drift") or {}).get("findings", ())),
    )


def _counts(values: Any) -> dict[str, int]:
    return {str(name): int(count) for name, count in (values or {}).items()}
