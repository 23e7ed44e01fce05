"""Units of images to facts and dead letters; what else a unit makes, it stores itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Generic, Protocol, TypeVar

import apache_beam as beam

from pipelines.core.contracts import DeadLetter, ImageFacts
from pipelines.core.progress import ProgressLog

FACTS = "facts"
DEAD_LETTERS = "dead_letters"

Unit = TypeVar("Unit")


class Prepared(Protocol):
    """What came of a unit. `counts` are added to the job's counters."""

    @property
    def facts(self) -> Sequence[ImageFacts]:
        """Of its readable images."""
        ...

    @property
    def dead_letters(self) -> Sequence[DeadLetter]:
        """Of the others."""
        ...

    @property
    def counts(self) -> Mapping[str, int]:
        """Names and numbers."""
        ...


class PrepareImages(beam.PTransform, Generic[Unit]):  # type: ignore[misc]
    """PCollection of units -> outputs `facts` (ImageFacts) and `dead_letters` (DeadLetter).

    Pixels never leave their worker. Everything is a function of the unit, so that a retried one does the same again.

    Args:
        work: picklable; does a unit and tells the progress of every image. Raises for nothing that one image can cause.
        progress: where that is told.
    """

    def __init__(self, work: Callable[[Unit, ProgressLog], Prepared], progress: ProgressLog) -> None:
        super().__init__()
        self._dofn = _PrepareImages(work, progress)

    def expand(self, units: Any) -> Any:
        """Apply."""
        return units | beam.ParDo(self._dofn).with_outputs(DEAD_LETTERS, main=FACTS)


class _PrepareImages(beam.DoFn):  # type: ignore[misc]
    def __init__(self, work: Any, progress: ProgressLog) -> None:
        self._work = work
        self._progress = progress

    def process(self, unit: Any) -> Iterator[Any]:
        outcome: Prepared = self._work(unit, self._progress)
        for letter in outcome.dead_letters:
            yield beam.pvalue.TaggedOutput(DEAD_LETTERS, letter)
        yield from outcome.facts
        for name, count in outcome.counts.items():
            beam.metrics.Metrics.counter("preprocess", name).inc(count)
