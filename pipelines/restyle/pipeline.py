"""Beam graph of the restyle job: plan -> batches of whole products -> model -> results and dead letters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.core.contracts import PlanRow, ResultRow
from pipelines.core.paths import RunPaths
from pipelines.core.progress import ProgressLog
from pipelines.core.tables import read_rows
from pipelines.restyle.batching import bounded_batches, by_product
from pipelines.restyle.fragments import Fragments, OpenRemembering
from pipelines.restyle.worker import RestyleTask
from pipelines.transforms.restyle_images import DEAD_LETTERS, RESULTS, RestyleImages
from pipelines.transforms.row_artifacts import WriteJsonLines, WriteTable

BATCHES: Final = "batches"


def run_pipeline(paths: RunPaths, task: RestyleTask, progress: ProgressLog, options: PipelineOptions) -> None:
    """Run the job to its end; the artifacts of `paths` are written when it returns.

    The graph carries the plan's name alone, so that it stays small for any catalog; rows are shuffled, pixels never.
    """
    fragments = Fragments.of_run(paths)
    with beam.Pipeline(options=options) as pipeline:
        work = (
            pipeline
            | "Plan" >> beam.Create([paths.plan])
            | "Batches" >> beam.FlatMap(_read_batches, fragments).with_outputs(RESULTS, main=BATCHES)
        )
        outcomes = (
            work[BATCHES]
            | "Spread" >> beam.Reshuffle()
            | "Restyle" >> RestyleImages(OpenRemembering(task.open, fragments), progress)
        )
        results = (outcomes[RESULTS], work[RESULTS]) | "AllResults" >> beam.Flatten()
        results | "WriteResults" >> WriteTable(paths.results, ResultRow)
        outcomes[DEAD_LETTERS] | "WriteDeadLetters" >> WriteJsonLines(paths.restyle_dead_letters)


def _read_batches(plan_uri: str, fragments: Fragments) -> Iterator[Any]:
    """Batches of what is left to do; what an earlier try of the run finished goes straight to the results."""
    finished = fragments.finished()
    planned = read_rows(plan_uri, PlanRow)
    for row in planned:
        if row.work_key in finished:
            yield beam.pvalue.TaggedOutput(RESULTS, finished[row.work_key])
    left = [row for row in planned if row.work_key not in finished]
    products = by_product(left, lambda row: row.product_id)
    yield from bounded_batches(products, lambda row: row.height_px * row.width_px)
