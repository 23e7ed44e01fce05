from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.restyle.ladder import Rung, climb_down

STRENGTHS = (1.0, 0.6, 0.3)
View = tuple[int, float]
"""Which view, and the strength up to which it passes."""


def _attempt(products: Sequence[Sequence[View]], strength: float) -> list[Rung[tuple[View, float]]]:
    rungs = []
    for views in products:
        passed = sum(strength <= most for _, most in views)
        rungs.append(Rung([(view, strength) for view in views], passed, len(views) - passed))
    return rungs


def _kept(*products: Sequence[float], strengths: Sequence[float] = STRENGTHS) -> list[float]:
    kept = climb_down([list(enumerate(product)) for product in products], strengths, _attempt)
    for views, attempts in zip(products, kept, strict=True):
        assert [view for view, _ in attempts] == list(enumerate(views))
        assert len({strength for _, strength in attempts}) <= 1
    return [attempts[0][1] for attempts in kept]


@pytest.mark.parametrize(
    ("views", "strength"),
    [
        ([1.0, 1.0], 1.0),
        ([1.0, 0.7], 0.6),
        ([0.4, 0.7], 0.3),
        ([0.0], 0.3),
        ([0.0, 0.0], 0.3),
        ([1.0, 1.0, 0.0], 1.0),
        ([1.0, 0.6, 0.0], 0.6),
    ],
)
def test_a_product_is_kept_at_the_strength_at_which_most_views_pass(views: list[float], strength: float) -> None:
    assert _kept(views) == [strength]


def test_without_retries_there_is_one_attempt() -> None:
    assert _kept([0.0], [1.0], strengths=(1.0,)) == [1.0, 1.0]
    assert climb_down([], STRENGTHS, _attempt) == []


@given(st.lists(st.lists(st.sampled_from([0.0, 0.3, 0.5, 0.6, 1.0]), min_size=1, max_size=5), max_size=6))
def test_a_product_does_not_depend_on_those_beside_it(products: list[list[float]]) -> None:
    assert _kept(*products) == [strength for product in products for strength in _kept(product)]


@given(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=1, max_size=6))
def test_only_products_that_fail_are_drawn_again(most: list[float]) -> None:
    drawn: list[tuple[float, int]] = []

    def attempt(products: Sequence[Sequence[View]], strength: float) -> list[Rung[tuple[View, float]]]:
        drawn.append((strength, len(products)))
        return _attempt(products, strength)

    climb_down([[(0, value)] for value in most], STRENGTHS, attempt)
    expected = [len(most), sum(value < 1 for value in most), sum(value < 0.6 for value in most)]
    assert drawn == [(s, count) for s, count in zip(STRENGTHS, expected, strict=True) if count]
