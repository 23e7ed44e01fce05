"""Batches of plan rows to result rows and dead letters."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

import apache_beam as beam
from apache_beam.utils.shared import Shared

from pipelines.core.contracts import DeadLetter, PlanRow, ResultRow
from pipelines.core.progress import ProgressLog

RESULTS = "results"
DEAD_LETTERS = "dead_letters"


class BatchWorker(Protocol):
    """Answers each row of a batch with a result or a dead letter; raises for nothing that one image can cause."""

    def __call__(self, rows: Sequence[PlanRow]) -> Sequence[ResultRow | DeadLetter]:
        """One outcome per row."""
        ...


class RestyleImages(beam.PTransform):  # type: ignore[misc]
    """PCollection of tuples of PlanRow -> outputs `results` (ResultRow) and `dead_letters` (DeadLetter).

    Args:
        open_worker: picklable; loads the model. Called once per process, whatever the number of threads.
        progress: told of every finished batch.
    """

    def __init__(self, open_worker: Callable[[], BatchWorker], progress: ProgressLog) -> None:
        super().__init__()
        self._restyle = _Restyle(open_worker, progress)

    def expand(self, batches: Any) -> Any:
        """Apply."""
        return batches | beam.ParDo(self._restyle).with_outputs(DEAD_LETTERS, main=RESULTS)


class _Restyle(beam.DoFn):  # type: ignore[misc]
    def __init__(self, open_worker: Callable[[], BatchWorker], progress: ProgressLog) -> None:
        self._open_worker = open_worker
        self._progress = progress
        self._shared = Shared()
        self._computed = beam.metrics.Metrics.counter("restyle", "computed")
        self._failed = beam.metrics.Metrics.counter("restyle", "dead_letters")

    def setup(self) -> None:
        self._worker = self._shared.acquire(self._open_worker)

    def process(self, rows: Sequence[PlanRow]) -> Iterator[Any]:
        failed = 0
        for outcome in self._worker(rows):
            if isinstance(outcome, DeadLetter):
                failed += 1
                yield beam.pvalue.TaggedOutput(DEAD_LETTERS, outcome)
            else:
                yield outcome
        self._computed.inc(len(rows) - failed)
        self._failed.inc(failed)
        self._progress.advance(done=len(rows), failed=failed)
