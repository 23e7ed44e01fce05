"""The sentences that a run's report opens with."""

from __future__ import annotations

from typing import Final

from pipelines.monitor.summary import RunSummary
from pipelines.monitor.words import count_words

STATUS_WORDS: Final = {
    "published": "Published",
    "unchanged": "Unchanged",
    "backfilled": "Stored, not current",
    "blocked": "Blocked",
    "rejected": "Rejected",
    "unanswered": "Not approved in time",
}


def headline(summary: RunSummary) -> str:
    """What happened, in one sentence."""
    checked = count_words(summary.accounting.images_in, "image")
    if summary.status == "published":
        return f"A new release of {checked} was published: {_parts(summary)}."
    if summary.status == "backfilled":
        return f"A release of {checked} was stored for an earlier date: {_parts(summary)}."
    if summary.status == "unchanged":
        return f"Nothing changed: {checked} came in, and shops read the same pictures as before."
    if summary.status == "rejected":
        return f"Nothing was published: a release of {checked} was rejected ({_parts(summary)})."
    if summary.status == "unanswered":
        return f"Nothing was published: nobody approved a release of {checked} in time ({_parts(summary)})."
    failed, judged = summary.gate.failed, summary.gate.failed + summary.gate.passed
    if failed:
        share = f"{failed / judged:.0%}"
        return f"Nothing was published: {failed:,} of {judged:,} restyled images ({share}) failed the fidelity gate."
    if summary.accounting.dead_letters == summary.accounting.images_in:
        return f"Nothing was published: none of {checked} could be used."
    return f"Nothing was published: the run of {checked} was stopped."


def what_readers_see(summary: RunSummary) -> str:
    """Which release is served after the run."""
    earlier = summary.previous_release_id
    if summary.status == "published":
        return f"Shops now read release {summary.release_id}{f', in place of {earlier}' if earlier else ''}."
    if summary.status == "backfilled":
        return f"Release {summary.release_id} can be made current; shops still read {earlier or 'no release'}."
    current = summary.release_id if summary.status == "unchanged" else earlier
    return f"Shops still read release {current}." if current else "There is no earlier release that shops could read."


def _parts(summary: RunSummary) -> str:
    counts = summary.accounting
    named = (
        (counts.restyled, "restyled"),
        (counts.reused, "reused"),
        (counts.kept_original, "kept as they were"),
        (counts.dead_letters, "unusable"),
    )
    parts = [f"{count:,} {name}" for count, name in named if count] or ["none of them usable"]
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
