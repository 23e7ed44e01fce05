"""The report of one run: a single HTML file that shows what was published, with pictures, and why the rest was not."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from pipelines.core import storage
from pipelines.core.accounting import Accounting
from pipelines.core.contracts import DeadLetter
from pipelines.core.errors import RestyleError
from pipelines.core.paths import BrandPaths, RunPaths, night_progress
from pipelines.core.progress import stage_seconds
from pipelines.core.settings import BrandSettings, ImageLimits, Shop
from pipelines.core.uris import join
from pipelines.monitor.charts import Histogram, StageBar, accounting_segments, histogram, stage_bars
from pipelines.monitor.evidence import Evidence, collect
from pipelines.monitor.gallery import Gallery, Page, Pair, entries, gallery
from pipelines.monitor.headline import STATUS_WORDS, headline, what_readers_see
from pipelines.monitor.links import relative_link
from pipelines.monitor.pictures import PICTURE_ENDINGS, THUMBNAIL_PX, PictureBudget, Thumbnail, thumbnail
from pipelines.monitor.rendering import render
from pipelines.monitor.selection import spread
from pipelines.monitor.summary import RunSummary, read_summary
from pipelines.monitor.training_notes import training_notes
from pipelines.monitor.words import clip, duration_words, moment

PICTURE_BYTES: Final = 4_000_000
"""Data URIs of one report; with the tables' caps below the whole page stays under 6 MB."""
_MOST_ENTRIES: Final = 300
_MOST_DEAD_LETTERS: Final = 300
_MOST_REFERENCES: Final = 12
_REFERENCE_PX: Final = 200
_MOST_CONFIGURATION: Final = 60_000


@dataclass(frozen=True)
class CategoryPairs:
    """The sampled pairs of one category, and how many images it has."""

    name: str
    pairs: tuple[Pair, ...]
    in_all: int


def write_report(shop: Shop, brand: str, date: str, run_id: str) -> str:
    """Write the report of a finished run; returns its URI.

    The same artifacts give the same bytes. Parts that are not there are left out, with a sentence.

    Raises MissingArtifact when the run has no summary, SettingsError when the shop has no such brand.
    """
    root = shop.settings.output_uri
    run = RunPaths(root, date, brand, run_id)
    summary = read_summary(run.summary)
    evidence = collect(root, summary)
    budget = PictureBudget(PICTURE_BYTES)
    page = Page(run.report, root, shop.settings.images, _thresholds(summary, shop.brand(brand)), run_id)
    references, references_in_all = _references(shop.brand(brand), shop.settings.images, budget)
    training = training_notes(BrandPaths(root, brand), summary.model_sha256, budget)
    pairs = gallery(evidence, page, budget)
    values: dict[str, Any] = {
        **_words(summary),
        "stages": _stage_bars(root, summary),
        "brand": shop.brand(brand),
        "references": references,
        "references_in_all": references_in_all,
        "training": training,
        "gallery": pairs,
        "failures_title": "Failed the gate" if summary.status == "blocked" else "Kept originals",
        "has_links": any(pair.before_link or pair.after_link for pair in pairs.sample),
        "categories": _by_category(pairs, evidence),
        "histograms": _histograms(evidence, page),
        "entries": entries(evidence, page, _worth_listing(evidence)),
        "dead_letters": [_clipped(letter) for letter in evidence.dead_letters[:_MOST_DEAD_LETTERS]],
        "missing": (*summary.drift, *evidence.missing),
        "thumbnail_px": THUMBNAIL_PX,
        **_configuration(shop, brand, run),
        "index_link": relative_link(run.report, join(root, "index.html"), root),
        "files": _files(run, BrandPaths(root, brand), summary),
    }
    storage.write_bytes(run.report, render("report.html", **values))
    return run.report


def _words(summary: RunSummary) -> dict[str, Any]:
    return {
        "summary": summary,
        "status_words": STATUS_WORDS[summary.status],
        "headline": headline(summary),
        "readers_see": what_readers_see(summary),
        "accounting_sentence": summary.accounting.sentence(),
        "accounting_problem": _accounting_problem(summary.accounting),
        "segments": accounting_segments(summary.accounting),
        "took": _took(summary),
        "reasons": _by_count(summary.dead_letters_by_reason),
        "gate_reasons": _by_count(summary.gate.failed_by_reason),
    }


def _by_count(reasons: dict[str, int]) -> list[tuple[str, int]]:
    ordered = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    return [(clip(reason, 40), count) for reason, count in ordered[:30]]


def _stage_bars(root: str, summary: RunSummary) -> list[StageBar]:
    """Stages that all brands share by their progress, the run's own as its summary has them."""
    seconds: dict[str, float] = {}
    for stage in ("ingest", "preprocess"):
        shared = stage_seconds(night_progress(root, summary.date, stage))
        if shared is not None and stage not in summary.seconds:
            seconds[stage] = shared
    seconds.update({clip(stage, 40): value for stage, value in list(summary.seconds.items())[:30]})
    return stage_bars(seconds)


def _accounting_problem(accounting: Accounting) -> str:
    try:
        accounting.check()
    except RestyleError as error:
        return str(error)
    return ""


def _took(summary: RunSummary) -> str:
    begun, ended = moment(summary.started_at), moment(summary.finished_at)
    return duration_words((ended - begun).total_seconds()) if begun and ended else ""


def _thresholds(summary: RunSummary, brand: BrandSettings) -> dict[str, float]:
    """Those that the run was judged by; today's settings only where the summary names none."""
    return summary.gate.thresholds or brand.thresholds().numbers


def _references(brand: BrandSettings, limits: ImageLimits, budget: PictureBudget) -> tuple[list[Thumbnail], int]:
    files = [uri for uri in storage.list_files(brand.references_uri) if uri.lower().endswith(PICTURE_ENDINGS)]
    shown = (thumbnail(uri, limits, _REFERENCE_PX) for uri in spread(files, _MOST_REFERENCES))
    return [picture for picture in shown if picture.data_uri and budget.take(picture)], len(files)


def _by_category(pairs: Gallery, evidence: Evidence) -> list[CategoryPairs]:
    in_all: dict[str, int] = defaultdict(int)
    for candidate in evidence.candidates():
        in_all[clip(candidate.category, 60)] += not candidate.urgent
    groups: dict[str, list[Pair]] = defaultdict(list)
    for pair in pairs.sample:
        groups[pair.entry.category].append(pair)
    return [CategoryPairs(name, tuple(group), in_all[name]) for name, group in groups.items()]


def _histograms(evidence: Evidence, page: Page) -> list[Histogram]:
    figures = evidence.figures()
    if figures is None:
        return []
    charts = (
        histogram("MS-SSIM", figures.ms_ssim, page.thresholds.get("min_ms_ssim")),
        histogram("Edge F1", figures.edge_f1, page.thresholds.get("min_edge_f1")),
        histogram("White kept", figures.white_kept, page.thresholds.get("min_white_kept")),
    )
    return [chart for chart in charts if chart]


def _worth_listing(evidence: Evidence) -> list[int]:
    """Failures first, then as many others as the page holds."""
    candidates = sorted(evidence.candidates(), key=lambda c: (not c.urgent, c))
    return [candidate.position for candidate in candidates[:_MOST_ENTRIES]]


def _clipped(letter: DeadLetter) -> DeadLetter:
    return replace(
        letter,
        product_id=clip(letter.product_id, 80),
        image_id=clip(letter.image_id, 80),
        stage=clip(letter.stage, 30),
        reason=clip(letter.reason, 60),
        message=clip(letter.message, 300),
    )


def _configuration(shop: Shop, brand: str, run: RunPaths) -> dict[str, Any]:
    try:
        values, stored = json.loads(storage.read_bytes(run.configuration)), True
    except (FileNotFoundError, ValueError):
        values, stored = shop.resolved(), False
    if isinstance(values, dict) and isinstance(values.get("brands"), dict):
        values = {**values, "brands": {name: one for name, one in values["brands"].items() if name == brand}}
    text = json.dumps(values, indent=2, ensure_ascii=False)
    return {"configuration": clip(text, _MOST_CONFIGURATION), "configuration_stored": stored}


def _files(run: RunPaths, paths: BrandPaths, summary: RunSummary) -> list[tuple[str, str]]:
    """Names and links of the artifacts that are there, for those who want all of it."""
    named: Sequence[tuple[str, str]] = (
        ("Summary (JSON)", run.summary),
        ("Rows of the release (Parquet)", paths.release_rows(summary.release_id) if summary.release_id else ""),
        ("Manifest of the release (JSON)", paths.manifest(summary.release_id) if summary.release_id else ""),
        ("Verdicts (Parquet)", run.verdicts),
        ("Dead letters of restyling (JSON lines)", run.restyle_dead_letters),
    )
    return [(name, relative_link(run.report, uri, run.root)) for name, uri in named if uri and storage.exists(uri)]
