"""Shards of snapshot rows to shard files, facts and dead letters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Generic, Protocol, TypeVar

import apache_beam as beam

from pipelines.core.contracts import DeadLetter, ImageFacts, SnapshotRow
from pipelines.core.progress import ProgressLog
from pipelines.transforms.threads import default_threads

FACTS = "facts"
DEAD_LETTERS = "dead_letters"
SHARD_FILES = "shard_files"

ShardKey = TypeVar("ShardKey")


class Prepared(Protocol):
    """Facts of one image, and its serialized example if it is for training."""

    @property
    def facts(self) -> ImageFacts:
        """What was learnt of the image."""
        ...

    @property
    def example(self) -> bytes | None:
        """The serialized example."""
        ...


class PrepareShards(beam.PTransform, Generic[ShardKey]):  # type: ignore[misc]
    """PCollection of (shard, rows) -> outputs `shard_files`, `facts` (ImageFacts) and `dead_letters` (DeadLetter).

    A worker holds the examples of one shard, and the pixels of a few images. Everything is a function of the
    shard's rows, so that a retried shard writes the same file again.

    Args:
        prepare: picklable; one image's facts and example, or its dead letter, never an error.
        write: picklable; writes a shard's examples and returns what is to be remembered of the file.
        progress: told of every image.
    """

    def __init__(
        self,
        prepare: Callable[[SnapshotRow], Prepared | DeadLetter],
        write: Callable[[ShardKey, Sequence[bytes]], Any],
        progress: ProgressLog,
    ) -> None:
        super().__init__()
        self._dofn = _PrepareShard(prepare, write, progress)

    def expand(self, shards: Any) -> Any:
        """Apply."""
        return shards | beam.ParDo(self._dofn).with_outputs(FACTS, DEAD_LETTERS, main=SHARD_FILES)


class _PrepareShard(beam.DoFn):  # type: ignore[misc]
    def __init__(self, prepare: Any, write: Any, progress: ProgressLog) -> None:
        self._prepare = prepare
        self._write = write
        self._progress = progress

    def process(self, element: tuple[Any, Sequence[SnapshotRow]]) -> Iterator[Any]:
        shard, rows = element
        examples: list[bytes] = []
        outcomes: Counter[str] = Counter()
        with ThreadPoolExecutor(default_threads()) as pool:
            for outcome in pool.map(self._prepared, rows):
                if isinstance(outcome, DeadLetter):
                    outcomes[f"dead_letters/{outcome.reason}"] += 1
                    yield beam.pvalue.TaggedOutput(DEAD_LETTERS, outcome)
                    continue
                if outcome.example is None:
                    outcomes["not_for_training"] += 1
                else:
                    outcomes["examples"] += 1
                    examples.append(outcome.example)
                yield beam.pvalue.TaggedOutput(FACTS, outcome.facts)
        yield self._write(shard, examples)
        for name, count in outcomes.items():
            beam.metrics.Metrics.counter("preprocess", name).inc(count)

    def _prepared(self, row: SnapshotRow) -> Prepared | DeadLetter:
        outcome: Prepared | DeadLetter = self._prepare(row)
        self._progress.advance(done=1, failed=int(isinstance(outcome, DeadLetter)))
        return outcome
