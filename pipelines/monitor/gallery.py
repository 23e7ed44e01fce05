"""Before/after pairs of a run, with their figures, ready to be shown."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from pipelines.core.contracts import ReleaseRow, ResultRow, VerdictRow
from pipelines.core.settings import ImageLimits
from pipelines.monitor.evidence import FAILED, Evidence
from pipelines.monitor.links import relative_link
from pipelines.monitor.pictures import PictureBudget, Thumbnail, thumbnail
from pipelines.monitor.reasons import verdict_words
from pipelines.monitor.selection import choose
from pipelines.monitor.words import clip, figure_words

MOST_PAIRS: Final = 80
OUTCOME_WORDS: Final = {
    "restyled": "restyled",
    "reused": "reused",
    "kept_original": "kept original",
    FAILED: "failed the gate",
}


@dataclass(frozen=True)
class Figure:
    """One fidelity figure as words. `limit` is the threshold that it misses, or empty."""

    name: str
    words: str
    limit: str


@dataclass(frozen=True)
class Entry:
    """One image in words."""

    product_id: str
    image_id: str
    title: str
    category: str
    outcome: str
    outcome_words: str
    reason: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Pair:
    """One image in pictures. `after` is None where an original was kept and no attempt is left to show."""

    entry: Entry
    before: Thumbnail
    before_link: str
    after: Thumbnail | None
    after_label: str
    after_link: str


@dataclass(frozen=True)
class Gallery:
    """What is shown: failures and kept originals, the sample, and out of how many."""

    failures: tuple[Pair, ...]
    sample: tuple[Pair, ...]
    failures_in_all: int
    images_in_all: int


@dataclass(frozen=True)
class Page:
    """Where a report lies, for links, and what its pictures may cost."""

    uri: str
    root: str
    limits: ImageLimits
    thresholds: Mapping[str, float]
    run_id: str


def gallery(evidence: Evidence, page: Page, budget: PictureBudget, most: int = MOST_PAIRS) -> Gallery:
    """Choose, load and describe; loads one picture at a time."""
    candidates = evidence.candidates()
    rows = evidence.rows(choose(candidates, most))
    ids = [row.image_id for row in rows]
    verdicts, results = evidence.verdicts_of(ids), evidence.results_of(ids)
    failures: list[Pair] = []
    sample: list[Pair] = []
    for row in rows:
        made = _pair(row, verdicts.get(row.image_id), results.get(row.image_id), page)
        if budget.take(made.before, *([made.after] if made.after else [])):
            (failures if is_urgent(row) else sample).append(made)
    return Gallery(tuple(failures), tuple(sample), sum(c.urgent for c in candidates), len(candidates))


def entries(evidence: Evidence, page: Page, positions: Sequence[int]) -> list[Entry]:
    """Images in words alone."""
    rows = evidence.rows(positions)
    verdicts = evidence.verdicts_of([row.image_id for row in rows])
    return [entry(row, verdicts.get(row.image_id), page) for row in rows]


def entry(row: ReleaseRow, verdict: VerdictRow | None, page: Page) -> Entry:
    """One image in words; the verdict's figures are preferred to those that the release keeps."""
    outcome = "reused" if row.outcome == "restyled" and row.computed_in_run != page.run_id else str(row.outcome)
    return Entry(
        product_id=clip(row.product_id, 80),
        image_id=clip(row.image_id, 80),
        title=clip(row.title, 100),
        category=clip(row.category, 60),
        outcome=outcome,
        outcome_words=OUTCOME_WORDS.get(outcome, clip(outcome, 30)),
        reason=clip(verdict_words(row.reason), 160),
        figures=_figures(verdict or row, page.thresholds),
    )


def is_urgent(row: ReleaseRow) -> bool:
    """Whether the image was not published restyled."""
    return str(row.outcome) in ("kept_original", FAILED)


def _pair(row: ReleaseRow, verdict: VerdictRow | None, result: ResultRow | None, page: Page) -> Pair:
    kept = row.outcome == "kept_original"
    attempt = result.object_uri if kept and result else "" if kept else row.object_uri
    label = "Rejected attempt" if is_urgent(row) else "After"
    before = thumbnail(row.image_uri, page.limits, expected_sha256=row.source_sha256)
    if kept and before.problem:
        before = thumbnail(row.object_uri, page.limits)
    return Pair(
        entry=entry(row, verdict, page),
        before=before,
        before_link=relative_link(page.uri, row.object_uri if kept else row.image_uri, page.root),
        after=thumbnail(attempt, page.limits) if attempt else None,
        after_label=label,
        after_link=relative_link(page.uri, attempt, page.root),
    )


def _figures(source: VerdictRow | ReleaseRow, thresholds: Mapping[str, float]) -> tuple[Figure, ...]:
    values = (
        ("MS-SSIM", source.ms_ssim, thresholds.get("min_ms_ssim")),
        ("Edge F1", source.edge_f1, thresholds.get("min_edge_f1")),
        ("White kept", source.white_kept, thresholds.get("min_white_kept")),
    )
    if not any(math.isfinite(value) and value > 0 for _, value, _ in values):
        return ()
    return tuple(
        Figure(name, figure_words(value, limit), f"{limit:g}" if limit is not None and not value >= limit else "")
        for name, value, limit in values
    )
