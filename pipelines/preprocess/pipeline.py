"""Beam graph of the preprocess job: work parts -> units -> facts and dead letters; shards are stored on the way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.metrics.metric import MetricsFilter
from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.core.contracts import ImageFacts
from pipelines.core.progress import ProgressLog
from pipelines.core.tables import Part, read_part
from pipelines.preprocess.plan import PreparationWork, ShardWork
from pipelines.preprocess.sample import CatalogImage, beyond
from pipelines.preprocess.unit import Unit, UnitTask, chunked
from pipelines.transforms.prepare_images import DEAD_LETTERS, FACTS, PrepareImages
from pipelines.transforms.row_artifacts import WriteJsonLines, WriteParts
from pipelines.transforms.running import run_to_end


@dataclass(frozen=True)
class ReportedTo:
    """URIs of the ImageFacts table, of the folder of its parts, and of the dead letters that the work leaves."""

    facts: str
    facts_parts: str
    dead_letters: str


def run_pipeline(
    work: PreparationWork,
    task: UnitTask,
    reports: ReportedTo,
    buckets: int,
    progress: ProgressLog,
    options: PipelineOptions,
) -> dict[str, int]:
    """Run the job to its end and return its counters; the reports are written by then.

    Args:
        work: what is to be prepared.
        task: does it.
        reports: where outcomes go.
        buckets: of the facts table.
        progress: told of every new image.
        options: Beam's.
    """
    pipeline = beam.Pipeline(options=options)
    measured = (
        pipeline
        | "ImagesToMeasure" >> beam.Create(work.measure)
        | "MeasureUnits" >> beam.FlatMap(_units_to_measure, work.sample_end, work.images_per_unit)
    )
    shards = pipeline | "ShardsToMake" >> beam.Create(work.shards) | "ShardUnits" >> beam.Map(_shard_unit)
    outcomes = (
        (measured, shards)
        | "Units" >> beam.Flatten()
        | "Spread" >> beam.Reshuffle()
        | "Prepare" >> PrepareImages(task, progress)
    )
    outcomes[FACTS] | "WriteFacts" >> WriteParts(reports.facts, reports.facts_parts, ImageFacts, buckets)
    outcomes[DEAD_LETTERS] | "WriteDeadLetters" >> WriteJsonLines(reports.dead_letters)
    return _counters(run_to_end(pipeline, "preprocess"))


def _units_to_measure(part: Part, sample_end: float, length: int) -> Iterator[Unit]:
    yield from chunked(_images(beyond(read_part(part, CatalogImage), sample_end)), length)


def _shard_unit(work: ShardWork) -> Unit:
    return Unit(tuple(_images(read_part(work.images, CatalogImage))), work.shard, work.earlier)


def _images(table: Any) -> Iterator[CatalogImage]:
    return (CatalogImage(**values) for values in table.to_pylist())


def _counters(result: Any) -> dict[str, int]:
    found = result.metrics().query(MetricsFilter().with_namespace("preprocess"))["counters"]
    return {counter.key.metric.name: counter.result for counter in sorted(found, key=lambda c: c.key.metric.name)}
