from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.images.cells import Lab
from pipelines.images.view_agreement import views_drift

COLOURS = st.tuples(st.floats(0, 100), st.floats(-60, 60), st.floats(-60, 60))
PAIRS = st.lists(st.tuples(COLOURS, COLOURS), max_size=6)


def test_the_odd_view_drifts_farthest() -> None:
    before = [(50.0, 10.0, 10.0)] * 4
    drifts = views_drift(before, [*before[:3], (70.0, 10.0, 10.0)])
    assert drifts[3] > 10
    assert drifts[:3] == pytest.approx([drifts[3] / 3] * 3)


def test_views_that_come_closer_or_move_together_do_not_drift() -> None:
    before = [(50.0, 10.0, 10.0), (60.0, 0.0, 20.0)]
    assert views_drift(before, [(55.0, 5.0, 15.0)] * 2) == [0.0, 0.0]
    assert views_drift(before, before) == [0.0, 0.0]


def test_one_view_agrees_with_itself() -> None:
    assert views_drift([(50.0, 0.0, 0.0)], [(0.0, 0.0, 0.0)]) == [0.0]
    assert views_drift([], []) == []
    with pytest.raises(ValueError, match="expected 1 views, received 0"):
        views_drift([(50.0, 0.0, 0.0)], [])


@given(PAIRS, st.randoms(use_true_random=False))
def test_the_order_of_views_does_not_matter(pairs: list[tuple[Lab, Lab]], random: object) -> None:
    order = list(range(len(pairs)))
    random.shuffle(order)  # type: ignore[attr-defined]
    whole = views_drift([before for before, _ in pairs], [after for _, after in pairs])
    turned = views_drift([pairs[index][0] for index in order], [pairs[index][1] for index in order])
    assert turned == pytest.approx([whole[index] for index in order], abs=1e-4)
    assert (np.array(whole) >= 0).all()


@given(COLOURS, COLOURS, COLOURS, COLOURS)
def test_two_views_drift_exactly_alike(a: Lab, b: Lab, c: Lab, d: Lab) -> None:
    one, other = views_drift([a, b], [c, d])
    assert one == other
