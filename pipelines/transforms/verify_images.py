"""Result rows to verdict rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

import apache_beam as beam

from pipelines.core.contracts import ResultRow, VerdictRow
from pipelines.core.progress import ProgressLog
from pipelines.transforms.threads import default_threads


class Judgement(Protocol):
    """What is said of one result by itself: a few numbers, never pixels."""

    @property
    def passed(self) -> bool:
        """Whether it may be published as far as it alone is concerned."""
        ...


class VerifyImages(beam.PTransform):  # type: ignore[misc]
    """PCollection of tuples of ResultRow -> PCollection of VerdictRow.

    Args:
        judge: picklable; says of one row what there is to say, never an error. Called from several threads.
        conclude: picklable; verdicts on all rows of one product and what was said of them.
        progress: told of every finished tuple, and of what fails only beside the other views of its product.
    """

    def __init__(
        self,
        judge: Callable[[ResultRow], Judgement],
        conclude: Callable[[Sequence[tuple[ResultRow, Any]]], Sequence[VerdictRow]],
        progress: ProgressLog,
    ) -> None:
        super().__init__()
        self._judge = _Judge(judge, progress)
        self._conclude = _Conclude(conclude, progress)

    def expand(self, rows: Any) -> Any:
        """Apply."""
        return (
            rows
            | "Judge" >> beam.ParDo(self._judge)
            | "ByProduct" >> beam.GroupByKey()
            | "Conclude" >> beam.ParDo(self._conclude)
        )


class _Judge(beam.DoFn):  # type: ignore[misc]
    """Tuples of rows -> (product, (row, judgement)). A row of no product stands for itself."""

    def __init__(self, judge: Callable[[ResultRow], Judgement], progress: ProgressLog) -> None:
        self._judge = judge
        self._progress = progress

    def process(self, rows: Sequence[ResultRow]) -> Iterator[tuple[str, tuple[ResultRow, Judgement]]]:
        with ThreadPoolExecutor(default_threads()) as pool:
            judgements = list(pool.map(self._judge, rows))
        self._progress.advance(done=len(rows), failed=sum(not judgement.passed for judgement in judgements))
        for row, judgement in zip(rows, judgements, strict=True):
            yield row.product_id or row.image_id, (row, judgement)


class _Conclude(beam.DoFn):  # type: ignore[misc]
    def __init__(
        self, conclude: Callable[[Sequence[tuple[ResultRow, Any]]], Sequence[VerdictRow]], progress: ProgressLog
    ) -> None:
        self._conclude = conclude
        self._progress = progress
        self._passed = beam.metrics.Metrics.counter("verify", "passed")
        self._failed = beam.metrics.Metrics.counter("verify", "failed")

    def process(self, element: tuple[str, Iterable[tuple[ResultRow, Judgement]]]) -> Iterator[VerdictRow]:
        views = list(element[1])
        verdicts = self._conclude(views)
        passed = sum(verdict.passed for verdict in verdicts)
        self._passed.inc(passed)
        self._failed.inc(len(verdicts) - passed)
        if late := sum(judgement.passed for _, judgement in views) - passed:
            self._progress.advance(failed=late)
        yield from verdicts
