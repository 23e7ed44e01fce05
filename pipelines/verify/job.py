"""The verify job around its Beam graph. It judges images; whether a batch is published is decided elsewhere."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from statistics import median
from typing import Any, Final

from pipelines.core.contracts import ResultRow, VerdictRow
from pipelines.core.errors import RestyleError
from pipelines.core.paths import RunPaths, checked_date
from pipelines.core.progress import ProgressLog
from pipelines.core.settings import load_shop
from pipelines.core.tables import read_rows, write_rows
from pipelines.images.decode import DecodeLimits
from pipelines.images.fidelity import REASONS_WITH_FIGURES
from pipelines.transforms.job_options import RunJobOptions, beam_options, merged_flags
from pipelines.verify.worker import VerifyTask

FIGURES: Final = ("ms_ssim", "edge_f1", "white_kept", "colour_drift", "text_kept", "views_drift")
"""Columns of `VerdictRow` that the summary gives medians of."""


def verify(options: RunJobOptions) -> dict[str, Any]:
    """Judge every result of the run and return the summary.

    Raises:
        RestyleError: any of its kinds; nothing is then to be published.
    """
    started = time.monotonic()
    shop = load_shop(options.settings)
    brand = shop.brand(options.brand)
    paths = RunPaths(shop.settings.output_uri, checked_date(options.date), brand.brand, options.run_id)
    flags = merged_flags(shop.settings.jobs.beam_options, options.beam_flags)
    beam = beam_options(flags) if flags else None
    results = read_rows(paths.results, ResultRow)
    task = VerifyTask(brand.thresholds(), DecodeLimits(**shop.settings.images.model_dump()))
    if options.dry_run:
        return {"dry_run": True, "images": len(results), "thresholds": task.thresholds.resolved()}
    progress = ProgressLog(paths.progress("verify"))
    progress.begin("verify", len(results))
    if not results:
        write_rows(paths.verdicts, [], VerdictRow)
        return {**summarise([], 0.0), "message": "nothing to verify"}

    from pipelines.verify.pipeline import run_pipeline

    run_pipeline(paths, task, progress, beam or beam_options(()))
    verdicts = read_rows(paths.verdicts, VerdictRow)
    if sorted(row.image_id for row in verdicts) != sorted(row.image_id for row in results):
        raise RestyleError(
            f"accounting: {len(results)} results, {len(verdicts)} verdicts, and they do not name the same images. "
            "Run the stage again; if it persists, report it with the run folder."
        )
    return summarise(verdicts, time.monotonic() - started)


def summarise(verdicts: Sequence[VerdictRow], seconds: float) -> dict[str, Any]:
    """Counts by reason, and medians of the figures over the images that could be measured."""
    failures = Counter(row.reason for row in verdicts if not row.passed)
    measured = [row for row in verdicts if row.passed or row.reason in REASONS_WITH_FIGURES]
    figures = {name: [getattr(row, name) for row in measured] for name in FIGURES}
    return {
        "images": len(verdicts),
        "passed": sum(row.passed for row in verdicts),
        "failed": sum(failures.values()),
        "by_reason": dict(sorted(failures.items())),
        "medians": {name: round(median(values), 4) if values else None for name, values in figures.items()},
        "seconds": round(seconds, 2),
        "images_per_second": round(len(verdicts) / seconds, 3) if seconds else 0.0,
    }
