"""Beam graph of the verify job: results -> judgements by product -> verdicts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.core.contracts import ResultRow, VerdictRow
from pipelines.core.paths import RunPaths
from pipelines.core.progress import ProgressLog
from pipelines.core.tables import read_rows
from pipelines.transforms.row_artifacts import WriteTable
from pipelines.transforms.verify_images import VerifyImages
from pipelines.verify.worker import VerifyTask

ROWS_TOGETHER: Final = 8
"""Rows that go to one worker together, enough for its threads."""


def run_pipeline(paths: RunPaths, task: VerifyTask, progress: ProgressLog, options: PipelineOptions) -> None:
    """Run the job to its end; the verdicts of `paths` are written when it returns."""
    with beam.Pipeline(options=options) as pipeline:
        (
            pipeline
            | "Results" >> beam.Create([paths.results])
            | "Rows" >> beam.FlatMap(_read_results)
            | "Spread" >> beam.Reshuffle()
            | "Verify" >> VerifyImages(task.judge, task.conclude, progress)
            | "WriteVerdicts" >> WriteTable(paths.verdicts, VerdictRow)
        )


def _read_results(uri: str) -> Iterator[tuple[ResultRow, ...]]:
    rows = read_rows(uri, ResultRow)
    return (tuple(rows[start : start + ROWS_TOGETHER]) for start in range(0, len(rows), ROWS_TOGETHER))
