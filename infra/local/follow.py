"""Follows one night through the three DAGs and prints what happens, with real counts from the jobs' progress files."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from infra.local.api import AirflowApi, DagRun, TaskRun
from pipelines.core.errors import RestyleError
from pipelines.core.paths import BrandPaths, RunPaths, night_progress
from pipelines.core.progress import Progress, read_progress
from pipelines.core.settings import Shop

CHAIN = ("catalog_preprocess", "style_training", "catalog_restyle")
WAITING = "awaiting_input"
DONE = ("success", "failed", "skipped", "upstream_failed")


@dataclass
class Follower:
    """Prints each change once.

    Args:
        api: logged-in client.
        shop: whose output root holds the progress files.
        date: the night.
        say: where lines go.
    """

    api: AirflowApi
    shop: Shop
    date: str
    say: Callable[[str], None]
    check_alive: Callable[[], None]
    seen: dict[str, str] = field(default_factory=dict)
    began_at: float = field(default_factory=time.time)

    def follow(self, first: DagRun, before: dict[str, set[str]], interval_s: float = 1.0) -> DagRun:
        """Wait for the whole chain; returns the last DAG's run.

        Args:
            first: the run of the first DAG.
            before: run ids of the later DAGs from before the first was triggered.

        Raises RestyleError with the end of the failed task's log when a run fails.
        """
        run = first
        for dag_id in CHAIN:
            if dag_id != first.dag_id:
                run = self._new_run(dag_id, before[dag_id], interval_s)
            self._finish(run, interval_s)
        return run

    def _new_run(self, dag_id: str, before: set[str], interval_s: float, patience_s: float = 120.0) -> DagRun:
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            self.check_alive()
            for run in self.api.runs(dag_id):
                if run.partition_key == self.date and run.run_id not in before:
                    return run
            time.sleep(interval_s)
        raise RestyleError(f"{dag_id}: no run for {self.date} began within {patience_s:.0f} s; see its page.")

    def _finish(self, run: DagRun, interval_s: float) -> None:
        while True:
            self.check_alive()
            tasks = self.api.tasks(run)
            for task in tasks:
                self._show(run, task)
            state = next(known.state for known in self.api.runs(run.dag_id) if known.run_id == run.run_id)
            if state == "failed":
                raise RestyleError(self._failure(run, tasks))
            if state == "success":
                return
            time.sleep(interval_s)

    def _show(self, run: DagRun, task: TaskRun) -> None:
        if task.state not in (*DONE, WAITING, "running", "up_for_retry"):
            return
        brand = "" if task.map_index < 0 else f" [{self._brand(task)}]"
        key, name = (
            f"{run.run_id}/{task.task_id}/{task.map_index}",
            f"{run.dag_id} · {task.task_id.split('.')[-1]}{brand}",
        )
        text = self._counts(run, task) if task.state == "running" else task.state
        if task.state == WAITING:
            text = "waits for a yes or no; answer in Airflow's Required Actions"
        if self.seen.get(key) != text:
            self.seen[key] = text
            self.say(f"{name}: {text}")

    def _brand(self, task: TaskRun) -> str:
        brands = list(self.shop.brands)
        return brands[task.map_index] if task.map_index < len(brands) else task.label

    def _counts(self, run: DagRun, task: TaskRun) -> str:
        root, stage = self.shop.settings.output_uri, task.task_id.split(".")[-1]
        if stage == "train":
            return _training_counts(Path(BrandPaths(root, self._brand(task)).models), self.began_at)
        if stage in {"ingest", "preprocess"}:
            return _text(read_progress(night_progress(root, self.date, stage)))
        if stage in {"restyle", "verify"}:
            return _text(read_progress(RunPaths(root, self.date, self._brand(task), run.run_id).progress(stage)))
        return "running"

    def _failure(self, run: DagRun, tasks: list[TaskRun]) -> str:
        failed = min((task for task in tasks if task.state == "failed"), key=lambda task: task.end_date)
        end = "\n".join(self.api.log(run, failed).splitlines()[-15:])
        return f"{run.dag_id} · {failed.task_id} failed. The end of its log:\n{end}"


def _text(progress: Progress | None) -> str:
    """Counts in steps of a tenth, so that a long job does not fill the screen."""
    if progress is None or not progress.total:
        return "running"
    step = max(1, progress.total // 10)
    done = progress.done if progress.done == progress.total else progress.done // step * step
    failed = f", {progress.failed} failed" if progress.failed and done == progress.total else ""
    return f"{done} of {progress.total} images{failed}"


def _training_counts(models: Path, since: float) -> str:
    """From the progress file that a training has written since then, in steps of a twentieth."""
    files = [file for file in models.glob("training/*/progress.json") if file.stat().st_mtime >= since]
    if not files:
        return "running"
    progress = json.loads(max(files, key=lambda file: file.stat().st_mtime).read_text())
    share = progress["done"] / max(1, progress["total"])
    return f"{int(share * 20) * 5} % of {progress['total']} images seen"
