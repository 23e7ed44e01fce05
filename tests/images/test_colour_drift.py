from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from printed_goods import blotched, graded, jar, product_of, rotated_hue

from pipelines.core.looks import ColourPolicy
from pipelines.images.cells import ProductCells, product_cells
from pipelines.images.colour import LabStatistics, delta_e2000
from pipelines.images.colour_drift import colour_drift
from pipelines.images.look import fit_colour_map

POLICIES: tuple[ColourPolicy, ...] = get_args(ColourPolicy)
JAR = jar()


def _cells(seed: int = 0, count: int = 80) -> ProductCells:
    """A few plain colours with some shading."""
    rng = np.random.default_rng(seed)
    colours = np.array([[40, 45, 25], [75, 5, 60], [55, -30, 10], [35, 10, -40], [85, 0, 3]], np.float32)
    before = colours[rng.integers(len(colours), size=count)]
    before = before + rng.normal(0, (4, 1, 1), (count, 3)).astype(np.float32)
    weights = rng.uniform(0.2, 1, count).astype(np.float32)
    return ProductCells(before, before.copy(), weights / weights.sum())


def _after(cells: ProductCells, after: np.ndarray) -> ProductCells:
    return ProductCells(cells.before, after.astype(np.float32), cells.weights)


@pytest.mark.parametrize("policy", POLICIES)
def test_an_untouched_product_has_not_drifted(policy: ColourPolicy) -> None:
    assert colour_drift(_cells(), policy) == pytest.approx(0, abs=0.05)
    assert colour_drift(product_cells(JAR, JAR, product_of(JAR)), policy) == pytest.approx(0, abs=0.05)


@given(st.sampled_from(POLICIES), st.floats(-15, 10), st.floats(0.8, 1.0))
@settings(max_examples=30, deadline=None)
def test_lightness_may_move_as_one_under_every_policy(policy: ColourPolicy, shift: float, gain: float) -> None:
    cells = _cells()
    after = cells.before.copy()
    after[:, 0] = 50 + gain * (after[:, 0] - 50) + shift
    assert colour_drift(_after(cells, after), policy) < 1


def test_hue_that_turns_breaks_two_policies_and_the_more_the_further() -> None:
    cells = _cells()
    drifts = []
    for degrees in (0, 15, 30, 60, 120):
        cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
        after = cells.before.copy()
        after[:, 1:] = cells.before[:, 1:] @ np.array([[cos, sin], [-sin, cos]])
        turned = _after(cells, after)
        drifts.append([colour_drift(turned, policy) for policy in ("keep-hue", "luminance")])
        # Colours are still as far apart as they were.
        assert colour_drift(turned, "full") < 5
    assert np.array(drifts) == pytest.approx(np.sort(drifts, axis=0))
    assert min(drifts[2]) > 6


def test_chroma_may_fall_by_one_factor_only_where_hue_is_promised() -> None:
    cells = _cells()
    muted = _after(cells, cells.before * np.array([1, 0.7, 0.7]))
    assert colour_drift(muted, "keep-hue") < 1
    assert colour_drift(muted, "luminance") > 4
    grey = _after(cells, cells.before * np.array([1, 0, 0]))
    assert colour_drift(grey, "keep-hue") > 10


def test_a_slight_tint_is_no_turn_of_hue_but_a_strong_one_is() -> None:
    cells = _cells()
    assert colour_drift(_after(cells, cells.before + np.array([0, 2, 3])), "keep-hue") < 1
    assert colour_drift(_after(cells, cells.before + np.array([0, 12, 20])), "keep-hue") > 6


def test_colours_that_become_one_are_missed_under_every_policy() -> None:
    cells = _cells()
    one = np.repeat(cells.weights[None] @ cells.before, len(cells.before), axis=0)
    assert colour_drift(_after(cells, one), "full") > 9
    assert colour_drift(_after(cells, one), "keep-hue") > 9


@pytest.mark.parametrize("policy", POLICIES)
def test_blotches_are_found_and_the_more_the_stronger(policy: ColourPolicy) -> None:
    found = [colour_drift(product_cells(JAR, blotched(JAR, a), product_of(JAR)), policy) for a in (0, 25, 50, 100)]
    assert found == sorted(found)
    assert found[-1] > 8


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("brand", [(45.0, 12.0, 20.0), (70.0, -15.0, -20.0), (30.0, 0.0, 0.0)])
def test_our_own_colour_maps_keep_what_their_policy_promises(
    policy: ColourPolicy, brand: tuple[float, float, float]
) -> None:
    weights = product_of(JAR)
    product = LabStatistics((55.0, 15.0, 25.0), (18.0, 12.0, 12.0), 30.0, 1e4)
    look = fit_colour_map(product, LabStatistics(brand, (15.0, 7.0, 7.0), 22.0, 1e4), policy)
    assert colour_drift(product_cells(JAR, look.apply(JAR, weights), weights), policy) < 6


def test_an_honest_look_passes_where_swapped_channels_do_not() -> None:
    weights = product_of(JAR)
    assert colour_drift(product_cells(JAR, graded(JAR), weights), "keep-hue") < 4
    assert colour_drift(product_cells(JAR, rotated_hue(JAR), weights), "keep-hue") > 15


@given(st.integers(1, 40), st.integers(0, 2**31), st.sampled_from(POLICIES))
@settings(max_examples=40, deadline=None)
def test_the_order_of_cells_does_not_matter(count: int, seed: int, policy: ColourPolicy) -> None:
    rng = np.random.default_rng(seed)
    before, after = rng.uniform((0, -60, -60), (100, 60, 60), (2, count, 3)).astype(np.float32)
    weights = np.full(count, 1 / count, np.float32)
    order = rng.permutation(count)
    whole = colour_drift(ProductCells(before, after, weights), policy)
    assert np.isfinite(whole)
    assert colour_drift(ProductCells(before[order], after[order], weights), policy) == pytest.approx(whole, abs=0.02)


def test_the_lightness_factor_is_that_of_the_standard() -> None:
    grey, lighter = np.array([50.0, 0, 0], np.float32), np.array([60.0, 0, 0], np.float32)
    assert delta_e2000(grey, lighter, lightness_factor=2) == pytest.approx(float(delta_e2000(grey, lighter)) / 2)
    red = np.array([50.0, 40, 0], np.float32)
    assert delta_e2000(grey, red, lightness_factor=2) == delta_e2000(grey, red)
