"""Medians with bootstrap intervals (Efron 1979)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

_RESAMPLES: Final = 1000


@dataclass(frozen=True)
class Estimate:
    """A median over pictures and the percentile interval in which 95 % of resampled medians lie."""

    median: float
    low: float
    high: float
    pictures: int


def median_with_interval(values: Sequence[float], seed: int = 0) -> Estimate:
    """Median of finite values; the same values give the same interval.

    Raises:
        ValueError: no values, or one that is not finite.
    """
    array = np.asarray(values, np.float64)
    if array.size == 0 or not np.isfinite(array).all():
        raise ValueError(f"values: expected finite numbers, received {list(values)}")
    random = np.random.default_rng([seed, 29])
    medians = np.median(array[random.integers(0, array.size, (_RESAMPLES, array.size))], axis=1)
    low, high = np.quantile(medians, (0.025, 0.975))
    return Estimate(float(np.median(array)), float(low), float(high), int(array.size))
