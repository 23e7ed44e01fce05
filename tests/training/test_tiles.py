from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.tiles import tiles

fours = st.integers(1, 60).map(lambda n: 4 * n)


@given(height=fours, width=fours, tile=fours, halo=st.integers(0, 12).map(lambda n: 4 * n))
def test_cores_cover_every_pixel_once_and_windows_hold_their_neighbours(
    height: int, width: int, tile: int, halo: int
) -> None:
    seen = np.zeros((height, width), int)
    for part in tiles(height, width, tile, halo):
        top, left, bottom, right = part.core
        seen[top:bottom, left:right] += 1
        above, before, below, after = part.window
        assert above == max(0, top - halo)
        assert before == max(0, left - halo)
        assert below == min(height, bottom + halo)
        assert after == min(width, right + halo)
        assert all(value % 4 == 0 for value in part.window)
    assert (seen == 1).all()


def test_sizes_must_fit_the_stem() -> None:
    with pytest.raises(ValueError, match="tile_px: expected a multiple of 4, received 30"):
        list(tiles(64, 64, 30, 8))
