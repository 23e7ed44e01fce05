"""Result rows to verdict rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import apache_beam as beam

from pipelines.core.contracts import ResultRow, VerdictRow
from pipelines.core.progress import ProgressLog
from pipelines.transforms.threads import default_threads


class VerifyImages(beam.PTransform):  # type: ignore[misc]
    """PCollection of tuples of ResultRow -> PCollection of VerdictRow.

    Args:
        verify: picklable; the verdict on one row, never an error. Called from several threads.
        progress: told of every finished tuple; a failed image counts as failed.
    """

    def __init__(self, verify: Callable[[ResultRow], VerdictRow], progress: ProgressLog) -> None:
        super().__init__()
        self._verify = _Verify(verify, progress)

    def expand(self, rows: Any) -> Any:
        """Apply."""
        return rows | beam.ParDo(self._verify)


class _Verify(beam.DoFn):  # type: ignore[misc]
    def __init__(self, verify: Callable[[ResultRow], VerdictRow], progress: ProgressLog) -> None:
        self._verify = verify
        self._progress = progress
        self._passed = beam.metrics.Metrics.counter("verify", "passed")
        self._failed = beam.metrics.Metrics.counter("verify", "failed")

    def process(self, rows: Sequence[ResultRow]) -> Iterator[VerdictRow]:
        with ThreadPoolExecutor(default_threads()) as pool:
            verdicts = list(pool.map(self._verify, rows))
        passed = sum(verdict.passed for verdict in verdicts)
        self._passed.inc(passed)
        self._failed.inc(len(verdicts) - passed)
        self._progress.advance(done=len(verdicts), failed=len(verdicts) - passed)
        yield from verdicts
