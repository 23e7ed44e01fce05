"""Beam graph of the preprocess job: snapshot -> shards of rows -> shard files, facts, dead letters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.core import storage
from pipelines.core.contracts import ImageFacts, SnapshotRow
from pipelines.core.paths import NightPaths
from pipelines.core.progress import ProgressLog
from pipelines.core.tables import read_rows
from pipelines.core.uris import join
from pipelines.preprocess.dataset_files import (
    DATASET_INFO,
    FEATURES_INFO,
    ShardFile,
    dataset_info,
    features_info,
    shard_name,
)
from pipelines.preprocess.prepare import PrepareTask
from pipelines.preprocess.splits import Shard, assign_shards
from pipelines.preprocess.tfrecord import framed_all
from pipelines.transforms.prepare_images import DEAD_LETTERS, FACTS, SHARD_FILES, PrepareShards
from pipelines.transforms.row_artifacts import WriteJsonLines, WriteTable


@dataclass(frozen=True)
class WriteShard:
    """Writes the examples of one shard, atomically, under a name that its inputs decide."""

    folder: str
    edition: str

    def __call__(self, shard: Shard, examples: Sequence[bytes]) -> ShardFile:
        """Write and describe the file."""
        storage.write_bytes(join(self.folder, shard_name(shard, self.edition)), framed_all(examples))
        return ShardFile(shard, len(examples), sum(map(len, examples)))


def run_pipeline(
    night: NightPaths,
    task: PrepareTask,
    images_per_shard: int,
    edition: str,
    progress: ProgressLog,
    options: PipelineOptions,
) -> Any:
    """Run the job to its end and return Beam's result; the night's artifacts are written by then.

    The graph carries the snapshot's name alone; rows are grouped by shard, pixels never leave their worker.
    """
    pipeline = beam.Pipeline(options=options)
    shards = (
        pipeline
        | "Snapshot" >> beam.Create([night.snapshot])
        | "AssignShards" >> beam.FlatMap(_keyed_rows, images_per_shard)
        | "GroupByShard" >> beam.GroupByKey()
        | "InOrder" >> beam.Map(_in_order)
    )
    outcomes = shards | "Prepare" >> PrepareShards(task, WriteShard(night.dataset, edition), progress)
    outcomes[FACTS] | "WriteFacts" >> WriteTable(night.facts, ImageFacts)
    outcomes[DEAD_LETTERS] | "WriteDeadLetters" >> WriteJsonLines(night.preprocess_dead_letters)
    (
        outcomes[SHARD_FILES]
        | "GatherShards" >> beam.CombineGlobally(beam.combiners.ToListCombineFn())
        | "WriteDatasetInfo" >> beam.Map(_write_dataset_info, night.dataset, edition)
    )
    result = pipeline.run()
    result.wait_until_finish()
    return result


def _keyed_rows(snapshot_uri: str, images_per_shard: int) -> Iterator[tuple[str, tuple[Shard, int, SnapshotRow]]]:
    for shard, rows in assign_shards(read_rows(snapshot_uri, SnapshotRow), images_per_shard):
        for place, row in enumerate(rows):
            yield f"{shard.split}/{shard.index:05d}", (shard, place, row)


def _in_order(
    element: tuple[str, Iterable[tuple[Shard, int, SnapshotRow]]],
) -> tuple[Shard, tuple[SnapshotRow, ...]]:
    """Grouping keeps no order; the place in the shard restores it."""
    members = sorted(element[1], key=lambda member: member[1])
    return members[0][0], tuple(row for _, _, row in members)


def _write_dataset_info(files: list[ShardFile], folder: str, edition: str) -> None:
    storage.write_bytes(join(folder, FEATURES_INFO), features_info())
    storage.write_bytes(join(folder, DATASET_INFO), dataset_info(files, edition))
