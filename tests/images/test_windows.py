from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.images.gradient import gradient_magnitude
from pipelines.images.windows import box_mean, surroundings


@given(st.integers(1, 30), st.integers(1, 30), st.integers(1, 6), st.integers(0, 2**31))
@settings(max_examples=40)
def test_box_mean_is_the_mean_of_each_window(height: int, width: int, radius: int, seed: int) -> None:
    values = np.random.default_rng(seed).uniform(0, 255, (height, width)).astype(np.float32)
    padded = np.pad(values, radius, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (2 * radius + 1,) * 2)
    assert box_mean(values, radius) == pytest.approx(windows.mean(axis=(2, 3)), abs=1e-3)


def test_surroundings_see_the_inside_alone() -> None:
    values = np.full((80, 90), 40, np.float32)
    inside = np.zeros((80, 90), np.bool_)
    inside[20:60, 20:70] = True
    values[~inside] = 255
    found = surroundings(values, inside, 12)
    assert found.shape == values.shape
    assert found[24:56, 24:66] == pytest.approx(40, abs=0.5)
    assert found[0, 0] == 0


def test_gradient_of_a_step_is_its_height() -> None:
    step = np.zeros((9, 9), np.float32)
    step[:, 5:] = 60
    found = gradient_magnitude(step)
    assert (found[:, 4:6] == 60).all()
    assert (found[:, :4] == 0).all()
    assert np.array_equal(gradient_magnitude(step.T), found.T)
