"""Numbers to the geometry of small SVG charts. Pure; the template draws."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipelines.core.accounting import Accounting

_LOWER_ENDS = (0.99, 0.95, 0.9, 0.8, 0.5, 0.0)


@dataclass(frozen=True)
class Segment:
    """One part of the accounting bar, in units of the bar's width. `kind` is the field of Accounting."""

    kind: str
    label: str
    count: int
    x: float
    width: float


@dataclass(frozen=True)
class StageBar:
    """One stage's time; `width` in 0..100, the longest stage is 100."""

    stage: str
    seconds: float
    share: float
    width: float


@dataclass(frozen=True)
class HistogramBin:
    """Counts of one bin, split at the threshold. Heights in 0..1, the highest bin is 1."""

    x: float
    width: float
    passed: int
    failed: int
    passed_height: float
    failed_height: float


@dataclass(frozen=True)
class Histogram:
    """Distribution of one figure. Positions in 0..1 of the axis from `low` to 1."""

    name: str
    low: float
    bins: tuple[HistogramBin, ...]
    threshold: float | None
    threshold_x: float
    total: int
    below: int
    median: float
    highest: int


def accounting_segments(accounting: Accounting, width: float = 1000.0, least: float = 5.0) -> list[Segment]:
    """The four outcomes as a stacked bar; what is not zero stays visible (at least `least` wide)."""
    parts = [
        ("restyled", "restyled", accounting.restyled),
        ("reused", "reused", accounting.reused),
        ("kept_original", "kept original", accounting.kept_original),
        ("dead_letters", "dead letters", accounting.dead_letters),
    ]
    total = sum(count for _, _, count in parts)
    widths = [max(least, count / total * width) if count else 0.0 for _, _, count in parts]
    scale = width / sum(widths) if total else 0.0
    segments, x = [], 0.0
    for (kind, label, count), wide in zip(parts, widths, strict=True):
        segments.append(Segment(kind, label, count, round(x, 2), round(wide * scale, 2)))
        x += wide * scale
    return segments


def stage_bars(seconds: Mapping[str, float]) -> list[StageBar]:
    """Times by stage in the order given."""
    usable = {stage: value for stage, value in seconds.items() if np.isfinite(value) and value >= 0}
    total, longest = sum(usable.values()) or 1.0, max(usable.values(), default=1.0) or 1.0
    return [StageBar(stage, value, value / total, round(100 * value / longest, 2)) for stage, value in usable.items()]


def histogram(name: str, values: Iterable[float], threshold: float | None, bins: int = 30) -> Histogram | None:
    """Distribution of figures in 0..1, or None when there is none that is finite.

    The axis ends at 1 and begins at the highest round number that still shows every figure and the threshold.
    """
    figures = np.asarray([value for value in values if np.isfinite(value)], dtype=np.float64).clip(0.0, 1.0)
    if not figures.size:
        return None
    least = min(float(figures.min()), 1.0 if threshold is None else threshold)
    low = next(end for end in _LOWER_ENDS if end < least or end == 0.0)
    edges = np.linspace(low, 1.0, bins + 1)
    cut = -1.0 if threshold is None else threshold
    failed = np.histogram(figures[figures < cut], edges)[0]
    passed = np.histogram(figures[figures >= cut], edges)[0]
    return Histogram(
        name=name,
        low=low,
        bins=_bins(passed, failed),
        threshold=threshold,
        threshold_x=0.0 if threshold is None else (threshold - low) / (1.0 - low),
        total=int(figures.size),
        below=int(failed.sum()),
        median=float(np.median(figures)),
        highest=int((passed + failed).max()),
    )


def _bins(passed: npt.NDArray[np.int_], failed: npt.NDArray[np.int_]) -> tuple[HistogramBin, ...]:
    highest = int((passed + failed).max())
    counts: Sequence[tuple[int, int]] = list(zip(passed.tolist(), failed.tolist(), strict=True))
    return tuple(
        HistogramBin(
            x=round(index / len(counts), 5),
            width=round(1 / len(counts), 5),
            passed=good,
            failed=bad,
            passed_height=round(good / highest, 5),
            failed_height=round(bad / highest, 5),
        )
        for index, (good, bad) in enumerate(counts)
    )
