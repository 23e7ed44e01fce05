"""Grid: no pattern that repeats with the 4 px cells of the network may be drawn."""

from __future__ import annotations

from typing import Any

from keras import ops

from training.models.layers import space_to_depth
from training.models.views import luminance

CELL_PX = 4
WINDOW_CELLS = 8


def grid_loss(output: Any, picture: Any) -> Any:
    """Spread over the 16 places in a cell of the change's mean over 8 x 8 cells; in tenths of the range.

    Strokes lie differently in every cell and average out; a checkerboard (Odena et al. 2016) lies the same in all.
    """
    change = space_to_depth(luminance(output) - luminance(picture), CELL_PX)
    window = min(WINDOW_CELLS, int(change.shape[1]), int(change.shape[2]))
    means = ops.average_pool(change, window, strides=max(1, window // 2), padding="valid")
    phase = means - ops.mean(means, axis=-1, keepdims=True)
    return ops.mean(ops.sqrt(ops.mean(ops.square(phase), axis=-1) + 1e-8)) * 10.0
