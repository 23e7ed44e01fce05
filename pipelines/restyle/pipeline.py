"""Beam graph of the restyle job: plan -> batches of one size -> model -> results and dead letters."""

from __future__ import annotations

from collections.abc import Iterator

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.core.contracts import PlanRow, ResultRow
from pipelines.core.paths import RunPaths
from pipelines.core.progress import ProgressLog
from pipelines.core.tables import read_rows
from pipelines.restyle.batching import bounded_batches
from pipelines.restyle.worker import RestyleTask
from pipelines.transforms.restyle_images import DEAD_LETTERS, RESULTS, RestyleImages
from pipelines.transforms.row_artifacts import WriteJsonLines, WriteTable


def run_pipeline(paths: RunPaths, task: RestyleTask, progress: ProgressLog, options: PipelineOptions) -> None:
    """Run the job to its end; the artifacts of `paths` are written when it returns.

    The graph carries the plan's name alone, so that it stays small for any catalog; rows are shuffled, pixels never.
    """
    with beam.Pipeline(options=options) as pipeline:
        outcomes = (
            pipeline
            | "Plan" >> beam.Create([paths.plan])
            | "Batches" >> beam.FlatMap(_read_batches)
            | "Spread" >> beam.Reshuffle()
            | "Restyle" >> RestyleImages(task.open, progress)
        )
        outcomes[RESULTS] | "WriteResults" >> WriteTable(paths.results, ResultRow)
        outcomes[DEAD_LETTERS] | "WriteDeadLetters" >> WriteJsonLines(paths.restyle_dead_letters)


def _read_batches(plan_uri: str) -> Iterator[tuple[PlanRow, ...]]:
    return bounded_batches(read_rows(plan_uri, PlanRow), lambda row: (row.height_px, row.width_px))
