"""The restyle job around its Beam graph: what to do, whether to start, and whether every image is accounted for."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from pipelines.core.contracts import DeadLetter, PlanRow, ResultRow
from pipelines.core.errors import RestyleError
from pipelines.core.paths import BrandPaths, RunPaths, checked_date
from pipelines.core.progress import ProgressLog
from pipelines.core.settings import BrandSettings, Shop, load_shop
from pipelines.core.tables import read_json_lines, read_rows, write_json_lines, write_rows
from pipelines.images.decode import DecodeLimits
from pipelines.images.encode import EncodeOptions
from pipelines.restyle.ladder import FULL
from pipelines.restyle.model_pin import ModelPin, check_pinned, read_pin
from pipelines.restyle.worker import RestyleTask
from pipelines.transforms.job_options import RunJobOptions, beam_options, merged_flags

OUR_OWN_REASONS: Final = frozenset({"model-failed", "write-failed"})
SYSTEMIC_IMAGES: Final = 8
"""So many images that all fail by our own doing, and none that succeeds, are a broken machine, not broken images."""


def restyle(options: RunJobOptions) -> dict[str, Any]:
    """Compute what the plan asks for and return the summary.

    Raises:
        RestyleError: any of its kinds; nothing is then to be published.
    """
    started = time.monotonic()
    shop = load_shop(options.settings)
    brand = shop.brand(options.brand)
    paths = RunPaths(shop.settings.output_uri, checked_date(options.date), brand.brand, options.run_id)
    flags = merged_flags(shop.settings.jobs.beam_options, options.beam_flags)
    beam = beam_options(flags) if flags else None
    plan = read_rows(paths.plan, PlanRow)
    if not plan:
        return _nothing_to_compute(paths, dry_run=options.dry_run)
    task = task_of(shop, brand, paths)
    if options.dry_run:
        return {"dry_run": True, "images": len(plan), "megapixels": _megapixels(plan), **_pin_summary(task)}
    progress = ProgressLog(paths.progress("restyle"))
    progress.begin("restyle", len(plan))

    from pipelines.restyle.pipeline import run_pipeline

    run_pipeline(paths, task, progress, beam or beam_options(()))
    results = read_rows(paths.results, ResultRow)
    dead_letters = read_json_lines(paths.restyle_dead_letters, DeadLetter)
    check_accounts(plan, results, dead_letters)
    return {**_summary(results, dead_letters, time.monotonic() - started), **_pin_summary(task)}


def check_accounts(plan: Sequence[PlanRow], results: Sequence[ResultRow], dead_letters: Sequence[DeadLetter]) -> None:
    """RestyleError unless every image of the plan has exactly one outcome and not all failed by our own doing."""
    planned = Counter(row.image_id for row in plan)
    answered = Counter([row.image_id for row in results] + [letter.image_id for letter in dead_letters])
    if planned != answered:
        odd = sorted((planned - answered) + (answered - planned))
        raise RestyleError(
            f"accounting: {len(plan)} images planned, {len(results)} results + {len(dead_letters)} dead letters; "
            f"these have no outcome or more than one: {', '.join(odd[:5])}{' ...' if len(odd) > 5 else ''}. "
            "Run the stage again; if it persists, report it with the run folder."
        )
    if not results and len(plan) >= SYSTEMIC_IMAGES and {letter.reason for letter in dead_letters} <= OUR_OWN_REASONS:
        raise RestyleError(
            f"all {len(plan)} images failed, the first with: {dead_letters[0].message}. Nothing is wrong with the "
            "images as such; mend the worker or the output storage and run the stage again."
        )


def task_of(shop: Shop, brand: BrandSettings, paths: RunPaths) -> RestyleTask:
    """What the workers of a run are told: its pinned model, and the brand's look and output."""
    pin = read_pin(paths.model_pin)
    others = tuple(ModelPin(model.uri, model.sha256) for model in brand.models)
    look = brand.look()
    check_pinned((pin, *others), look)
    return RestyleTask(
        pin=pin,
        look=look,
        limits=DecodeLimits(**shop.settings.images.model_dump()),
        output=EncodeOptions(brand.output.format, brand.output.quality),
        objects=BrandPaths(paths.root, brand.brand),
        thresholds=brand.thresholds(),
        strengths=(FULL, *brand.gate.retry_strengths),
        others=others,
    )


def _nothing_to_compute(paths: RunPaths, *, dry_run: bool) -> dict[str, Any]:
    if dry_run:
        return {"dry_run": True, "images": 0, "message": "nothing to compute"}
    ProgressLog(paths.progress("restyle")).begin("restyle", 0)
    write_rows(paths.results, [], ResultRow)
    write_json_lines(paths.restyle_dead_letters, [])
    return {**_summary([], [], 0.0), "message": "nothing to compute"}


def _summary(results: Sequence[ResultRow], dead_letters: Sequence[DeadLetter], seconds: float) -> dict[str, Any]:
    done = len(results) + len(dead_letters)
    return {
        "computed": len(results),
        "at_lower_strength": sum(row.strength < FULL for row in results),
        "dead_letters": len(dead_letters),
        "by_reason": dict(sorted(Counter(letter.reason for letter in dead_letters).items())),
        "seconds": round(seconds, 2),
        "images_per_second": round(done / seconds, 3) if seconds else 0.0,
    }


def _megapixels(plan: Sequence[PlanRow]) -> float:
    return round(sum(row.width_px * row.height_px for row in plan) / 1e6, 3)


def _pin_summary(task: RestyleTask) -> dict[str, str]:
    return {"bundle_sha256": task.pin.bundle_sha256}
