from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.images.geometry import Box
from training.tiles import STEP_PX, snapped, tiles

steps = st.integers(1, 40).map(lambda n: STEP_PX * n)


@given(height=steps, width=steps, tile=steps, halo=st.integers(0, 12).map(lambda n: STEP_PX * n))
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
        assert all(value % STEP_PX == 0 for value in part.window)
    assert (seen == 1).all()


def test_sizes_must_fit_the_stem() -> None:
    with pytest.raises(ValueError, match=f"tile_px: expected a multiple of {STEP_PX}, received 30"):
        list(tiles(64, 64, 30, 8))


@given(height=steps, width=steps, data=st.data())
def test_a_snapped_box_holds_its_box_and_tiles_cover_just_it(height: int, width: int, data: st.DataObject) -> None:
    top, left = data.draw(st.integers(0, height - 1)), data.draw(st.integers(0, width - 1))
    box = Box(top, left, data.draw(st.integers(top + 1, height)), data.draw(st.integers(left + 1, width)))
    around = snapped(box, height, width)
    assert 0 <= around.top <= max(0, box.top - STEP_PX)
    assert 0 <= around.left <= max(0, box.left - STEP_PX)
    assert min(height, box.bottom + STEP_PX) <= around.bottom <= height
    assert min(width, box.right + STEP_PX) <= around.right <= width
    seen = np.zeros((height, width), int)
    for part in tiles(height, width, 48, 16, around):
        first, second, third, fourth = part.core
        seen[first:third, second:fourth] += 1
    assert seen.sum() == (around.bottom - around.top) * (around.right - around.left)
    assert (seen[around.top : around.bottom, around.left : around.right] == 1).all()
