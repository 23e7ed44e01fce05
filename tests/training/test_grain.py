from __future__ import annotations

import numpy as np
import pytest

from training.grain import GRAIN_PX, grain


def test_window_is_part_of_the_whole() -> None:
    whole = grain(300, 280)
    np.testing.assert_array_equal(grain(40, 60, 200, 212), whole[200:240, 212:272])
    np.testing.assert_array_equal(whole[GRAIN_PX:], whole[: 300 - GRAIN_PX])


def test_mean_and_spread() -> None:
    field = grain(GRAIN_PX, GRAIN_PX)
    assert field.mean() == pytest.approx(0, abs=0.02)
    assert field.std() == pytest.approx(1, abs=0.02)
    assert field.dtype == np.float32
