"""The page at the output root: each brand's current release and its latest runs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from pipelines.core import storage
from pipelines.core.errors import RestyleError
from pipelines.core.paths import BrandPaths
from pipelines.core.settings import Shop
from pipelines.core.uris import join, parent
from pipelines.monitor.charts import Segment, accounting_segments
from pipelines.monitor.headline import STATUS_WORDS
from pipelines.monitor.links import relative_link
from pipelines.monitor.rendering import render
from pipelines.monitor.summary import RunSummary, read_summary

_MOST_RUNS: Final = 14
_SUMMARY: Final = "/summary.json"


@dataclass(frozen=True)
class RunLine:
    """One run of a brand; `link` is empty where it has no report."""

    summary: RunSummary
    status_words: str
    link: str
    segments: tuple[Segment, ...]


@dataclass(frozen=True)
class BrandLines:
    """One brand: what shops read now (`current` is empty before the first release) and its runs, latest first."""

    name: str
    current: str
    current_date: str
    runs: tuple[RunLine, ...]
    runs_in_all: int


def write_index(shop: Shop) -> str:
    """Write `index.html` at the output root from what is there; returns its URI."""
    root = shop.settings.output_uri
    uri = join(root, "index.html")
    files = storage.list_files(join(root, "runs"))
    reports = {file for file in files if file.endswith("/report.html")}
    summaries = [file for file in files if file.endswith(_SUMMARY)]
    brands = [_brand_lines(root, uri, name, summaries, reports) for name in shop.brands]
    storage.write_bytes(uri, render("index.html", shop=shop.settings.shop, brands=brands))
    return uri


def _brand_lines(root: str, page: str, brand: str, summaries: list[str], reports: set[str]) -> BrandLines:
    """`summaries` lie at runs/DATE/BRAND/RUN/summary.json."""
    own = [uri for uri in summaries if uri.split("/")[-3:-2] == [brand]]
    dated = sorted(own, key=lambda uri: uri.split("/")[-4], reverse=True)
    # Several runs of one date are told apart by when they ended, so a few more than are shown are read.
    lines = [line for uri in dated[: 3 * _MOST_RUNS] if (line := _run_line(root, page, uri, reports))]
    lines.sort(key=lambda line: (line.summary.date, line.summary.finished_at, line.summary.run_id), reverse=True)
    pointer = _pointer(BrandPaths(root, brand).current)
    return BrandLines(
        brand, str(pointer.get("release_id", "")), str(pointer.get("date", "")), tuple(lines[:_MOST_RUNS]), len(own)
    )


def _run_line(root: str, page: str, uri: str, reports: set[str]) -> RunLine | None:
    """None for a summary that cannot be read: one odd run must not hide the others."""
    try:
        summary = read_summary(uri)
    except RestyleError:
        return None
    report = join(parent(uri), "report.html")
    link = relative_link(page, report, root) if report in reports else ""
    return RunLine(summary, STATUS_WORDS[summary.status], link, tuple(accounting_segments(summary.accounting)))


def _pointer(uri: str) -> dict[str, Any]:
    try:
        values = json.loads(storage.read_bytes(uri))
    except (FileNotFoundError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}
