"""The preprocess job around its Beam graph: whether it is done already, what is new, how the night ends."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any, Final

from pipelines.core import storage
from pipelines.core.contracts import DeadLetter, ImageFacts, SnapshotRow
from pipelines.core.errors import RestyleError
from pipelines.core.partitions import write_index
from pipelines.core.paths import NightPaths, checked_date, night_progress
from pipelines.core.progress import ProgressLog
from pipelines.core.settings import Shop, load_shop
from pipelines.core.tables import ArtifactInfo, finished_info, read_json_lines, write_json_lines
from pipelines.core.uris import is_remote, join
from pipelines.images.decode import DecodeLimits
from pipelines.preprocess.catalog import open_catalog
from pipelines.preprocess.dataset_files import take_over_dataset
from pipelines.preprocess.finish import Outcomes, finish_night
from pipelines.preprocess.plan import Night, Plan, plan_night
from pipelines.preprocess.prepare import PrepareTask
from pipelines.preprocess.prepared import (
    EXAMPLES_TASK,
    FACTS_TASK,
    INPUTS,
    PreparedNight,
    lost_parts,
    nearest_prepared,
)
from pipelines.preprocess.retries import Retries, are_spent
from pipelines.preprocess.unit import UnitTask
from pipelines.transforms.job_options import NightJobOptions, beam_options, merged_flags

STAGE: Final = "preprocess"


def preprocess(options: NightJobOptions) -> dict[str, Any]:
    """Prepare the date's snapshot and return the summary.

    Raises:
        RestyleError: any of its kinds; the night's dataset is then not to be used.
    """
    started = time.monotonic()
    shop = load_shop(options.settings)
    paths = NightPaths(shop.settings.output_uri, checked_date(options.date))
    with _storage_errors():
        summary = _prepared(shop, paths, options)
        if options.dry_run or summary.get("already_complete"):
            return summary
        summary |= {"run_id": options.run_id, "seconds": round(time.monotonic() - started, 2)}
        storage.write_bytes(paths.preprocess_summary, f"{json.dumps(summary, indent=1)}\n".encode())
        _clear(paths.preprocess_work)
    return {**summary, "already_complete": False}


def inputs_sha256(snapshot_sha256: str, task: PrepareTask, shop: Shop) -> str:
    """sha256 of everything that decides the job's output."""
    parts = {
        "snapshot": snapshot_sha256,
        "task": task.examples_sha256,
        "dataset": shop.settings.dataset.resolved(),
        "max_attempts": shop.settings.retry.max_attempts,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _prepared(shop: Shop, paths: NightPaths, options: NightJobOptions) -> dict[str, Any]:
    """The night's summary but for its end."""
    flags = merged_flags(shop.settings.jobs.beam_options, options.beam_flags)
    # Loads Beam: only what somebody has typed is checked even if there should be nothing to do.
    beam = beam_options(flags) if options.beam_flags else None
    snapshot = finished_info(paths.snapshot, SnapshotRow)
    task = PrepareTask(DecodeLimits(**shop.settings.images.model_dump()), shop.settings.dataset.short_side_px)
    inputs = inputs_sha256(snapshot.sha256, task, shop)
    earlier = nearest_prepared(paths, task.facts_sha256)
    damaged = False
    if earlier and earlier.summary[INPUTS] == inputs:
        if earlier.night == paths and not (damaged := _is_damaged(earlier)):
            return _already_complete(earlier, dry_run=options.dry_run)
        if earlier.night != paths and not options.dry_run and (summary := _taken_over(earlier, paths, shop)):
            return summary
    night = _night(shop, paths, snapshot, task, earlier, suspicious=damaged)
    plan = plan_night(night, "" if options.dry_run else paths.preprocess_work)
    counts = {
        "prepared": plan.new,
        "listed": len(plan.listed),
        "taken_over": night.catalog.rows - plan.new - len(plan.listed),
    }
    if options.dry_run:
        shards = dict(Counter(shard.split for shard, _ in plan.shards))
        return {"dry_run": True, "images": night.catalog.rows, **counts, "shards": shards, "already_complete": False}
    progress = ProgressLog(night_progress(paths.root, paths.date, STAGE))
    progress.begin(STAGE, night.catalog.rows)
    progress.advance(done=night.catalog.rows - plan.new, failed=len(plan.listed))
    outcomes, counters = _work(night, plan, paths, progress, lambda: beam or beam_options(flags))
    return {
        **_head(paths),
        **finish_night(night, plan, outcomes, paths),
        **counts,
        "beam_counters": counters,
        INPUTS: inputs,
        FACTS_TASK: task.facts_sha256,
        EXAMPLES_TASK: task.examples_sha256,
    }


def _head(paths: NightPaths) -> dict[str, Any]:
    return {"stage": STAGE, "date": paths.date, "dataset": paths.dataset}


def _night(
    shop: Shop,
    paths: NightPaths,
    snapshot: ArtifactInfo,
    task: PrepareTask,
    earlier: PreparedNight | None,
    *,
    suspicious: bool,
) -> Night:
    before = earlier
    if before is None or before.night.date >= paths.date:
        before = nearest_prepared(paths, task.facts_sha256, before_only=True)
    return Night(
        catalog=open_catalog(paths.snapshot, snapshot),
        task=task,
        dataset=shop.settings.dataset,
        shard_store=paths.shards,
        earlier=earlier,
        retries=Retries.after(before.dead_letters if before else (), shop.settings.retry.max_attempts),
        suspicious=suspicious,
    )


def _work(
    night: Night, plan: Plan, paths: NightPaths, progress: ProgressLog, beam: Callable[[], Any]
) -> tuple[Outcomes, dict[str, int]]:
    """Let workers do what the plan leaves to do; Beam is loaded only if there is something."""
    if not plan.work:
        return Outcomes(), {}
    from pipelines.preprocess.pipeline import ReportedTo, run_pipeline

    work = paths.preprocess_work
    task = UnitTask(night.task, night.shard_store, join(work, "units"))
    reports = ReportedTo(join(work, "facts.parquet"), join(work, "facts"), join(work, "dead_letters.jsonl"))
    counters = run_pipeline(plan.work, task, reports, night.catalog.buckets, progress, beam())
    facts = finished_info(reports.facts, ImageFacts)
    return Outcomes(facts, read_json_lines(reports.dead_letters, DeadLetter)), counters


def _is_damaged(prepared: PreparedNight) -> bool:
    """Whether a file of the night is gone, or one of its tables altered."""
    tables = (*prepared.facts.parts, *prepared.candidates.parts)
    return bool(prepared.lost_files() or lost_parts(tables, read=True))


def _already_complete(prepared: PreparedNight, *, dry_run: bool) -> dict[str, Any]:
    if dry_run:
        images = prepared.summary["images"]
        return {"dry_run": True, "images": images, "prepared": 0, "taken_over": images, "already_complete": True}
    return {**prepared.summary, "already_complete": True, "message": "the same inputs are prepared already"}


def _taken_over(earlier: PreparedNight, paths: NightPaths, shop: Shop) -> dict[str, Any] | None:
    """Summary of a night on which nothing changed; None when there is something to try again, or a file is lost.

    Costs as much as there are parts and shards, whatever they hold.
    """
    tables = (*earlier.facts.parts, *earlier.candidates.parts)
    if not are_spent(earlier.dead_letters, shop.settings.retry.max_attempts) or lost_parts(tables, read=False):
        return None
    try:
        take_over_dataset(earlier.night.dataset, paths.dataset)
    except FileNotFoundError:
        return None
    images, failed = earlier.summary["images"], len(earlier.dead_letters)
    progress = ProgressLog(night_progress(paths.root, paths.date, STAGE))
    progress.begin(STAGE, images)
    progress.advance(done=images, failed=failed)
    write_index(paths.facts, earlier.facts)
    write_json_lines(paths.preprocess_dead_letters, earlier.dead_letters)
    write_index(paths.candidates, earlier.candidates)
    return {
        **earlier.summary,
        **_head(paths),
        "prepared": 0,
        "listed": failed,
        "taken_over": images - failed,
        "beam_counters": {},
        "message": f"nothing changed since {earlier.night.date}",
    }


def _clear(folder: str) -> None:
    if not is_remote(folder):
        shutil.rmtree(folder, ignore_errors=True)
    else:
        for uri in storage.list_files(folder):
            storage.delete(uri)


@contextlib.contextmanager
def _storage_errors() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        raise RestyleError(
            f"{STAGE}: {where}the storage failed: {error.strerror or error}. The night is not prepared, what was "
            "finished is kept; make room or mend the storage and run the stage again."
        ) from error
