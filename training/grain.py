"""Grain: one fixed random field, the paper on which every hand draws.

A convolution that works on cells of 4 x 4 px can put nothing but a pattern of period 4 on a plain surface. Grain gives
strokes somewhere to start. It is the same field for every picture, bound to pixel positions: no randomness at run time,
and a tile sees the grain that the whole picture would.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

GRAIN_PX: Final = 256


def grain(height_px: int, width_px: int, top_px: int = 0, left_px: int = 0) -> NDArray[np.float32]:
    """float32 [height,width,1], mean 0 and spread 1, the window of the endless field that begins at (top, left)."""
    rows = np.arange(top_px, top_px + height_px) % GRAIN_PX
    columns = np.arange(left_px, left_px + width_px) % GRAIN_PX
    return _field()[np.ix_(rows, columns)][..., None]


@lru_cache(maxsize=1)
def _field() -> NDArray[np.float32]:
    return np.random.default_rng(20).standard_normal((GRAIN_PX, GRAIN_PX)).astype(np.float32)
