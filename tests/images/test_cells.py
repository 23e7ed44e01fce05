from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.images.cells import product_cells
from pipelines.images.colour import srgb8_to_lab


@given(st.integers(1, 90), st.integers(1, 90), st.integers(0, 2**31))
@settings(max_examples=40, deadline=None)
def test_cells_hold_the_product_and_nothing_else(height: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    weights = (rng.uniform(size=(height, width)) > 0.4).astype(np.float32)
    weights[rng.integers(height), rng.integers(width)] = 1
    rgb = np.where(weights[..., None] > 0, (120, 60, 200), rng.integers(0, 256, (height, width, 3))).astype(np.uint8)
    cells = product_cells(rgb, 255 - rgb, weights)
    expected = srgb8_to_lab(np.array([[120, 60, 200], [135, 195, 55]], np.uint8))
    assert 1 <= len(cells.weights) <= 33 * 33
    assert cells.weights.sum() == pytest.approx(1, abs=1e-4)
    assert cells.before == pytest.approx(np.broadcast_to(expected[0], cells.before.shape), abs=0.05)
    assert cells.after == pytest.approx(np.broadcast_to(expected[1], cells.after.shape), abs=0.05)
    assert np.array(cells.means) == pytest.approx(expected, abs=0.05)


def test_cells_weigh_what_they_hold() -> None:
    rgb = np.zeros((64, 64, 3), np.uint8)
    rgb[:, 32:] = 255
    weights = np.ones((64, 64), np.float32)
    weights[:, 32:] = 0.5
    cells = product_cells(rgb, rgb, weights)
    assert cells.means[0][0] == pytest.approx(100 / 3, abs=0.01)


def test_a_thin_product_has_cells_too() -> None:
    weights = np.zeros((512, 512), np.float32)
    weights[:, 100] = 0.5
    assert len(product_cells(np.zeros((512, 512, 3), np.uint8), np.zeros((512, 512, 3), np.uint8), weights).weights)


def test_wrong_sizes_and_empty_masks_are_named() -> None:
    rgb = np.zeros((8, 8, 3), np.uint8)
    with pytest.raises(ValueError, match="expected the size of before"):
        product_cells(rgb, rgb[1:], np.ones((8, 8), np.float32))
    with pytest.raises(ValueError, match="expected some above 0"):
        product_cells(rgb, rgb, np.zeros((8, 8), np.float32))
