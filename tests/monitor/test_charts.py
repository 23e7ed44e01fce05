from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.core.accounting import Accounting
from pipelines.monitor.charts import accounting_segments, histogram, stage_bars

counts = st.integers(0, 10**6)
shares = st.floats(0, 1)


@given(counts, counts, counts, counts)
def test_bar_shows_every_outcome_and_fills_its_width(restyled: int, reused: int, kept: int, dead: int) -> None:
    total = restyled + reused + kept + dead
    segments = accounting_segments(Accounting(total, restyled, reused, kept, dead))
    assert [segment.count for segment in segments] == [restyled, reused, kept, dead]
    assert all((segment.width > 1) == (segment.count > 0) for segment in segments)
    assert sum(segment.width for segment in segments) == pytest.approx(1000 if total else 0, abs=0.1)
    for left, right in itertools.pairwise(segments):
        assert right.x == pytest.approx(left.x + left.width, abs=0.02)


@given(st.lists(shares, min_size=1), shares)
def test_histogram_counts_every_figure_on_its_side_of_the_threshold(values: list[float], threshold: float) -> None:
    chart = histogram("MS-SSIM", values, threshold)
    assert chart is not None
    assert sum(b.passed + b.failed for b in chart.bins) == chart.total == len(values)
    assert sum(b.failed for b in chart.bins) == chart.below == sum(value < threshold for value in values)
    assert max(b.passed_height + b.failed_height for b in chart.bins) == pytest.approx(1, abs=1e-4)
    assert chart.low <= min(*values, threshold)
    assert 0 <= chart.threshold_x <= 1


def test_histogram_axis_fits_what_it_shows() -> None:
    near_one = histogram("White kept", [0.999, 0.998, math.nan], 0.995)
    assert near_one is not None
    assert (near_one.low, near_one.total) == (0.99, 2)
    low = histogram("White kept", [0.999, 0.3], 0.995)
    assert low is not None
    assert low.low == 0.0


def test_no_figures_no_histogram() -> None:
    assert histogram("MS-SSIM", [math.nan], 0.7) is None


def test_stage_times_in_their_order() -> None:
    bars = stage_bars({"restyle": 30.0, "verify": 10.0, "broken": math.nan, "instant": 0.0})
    assert [(bar.stage, bar.share, bar.width) for bar in bars] == [
        ("restyle", 0.75, 100.0),
        ("verify", 0.25, 33.33),
        ("instant", 0.0, 0.0),
    ]
    assert stage_bars({}) == []
