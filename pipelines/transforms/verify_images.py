"""Result rows to verdict rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import apache_beam as beam

from pipelines.core.contracts import ResultRow, VerdictRow
from pipelines.core.progress import ProgressLog


class VerifyImages(beam.PTransform):  # type: ignore[misc]
    """PCollection of ResultRow -> PCollection of VerdictRow.

    Args:
        verify: picklable; the verdict on one row, never an error.
        progress: told of every verdict; a failed image counts as failed.
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

    def process(self, row: ResultRow) -> Iterator[VerdictRow]:
        verdict = self._verify(row)
        (self._passed if verdict.passed else self._failed).inc()
        self._progress.advance(done=1, failed=int(not verdict.passed))
        yield verdict
