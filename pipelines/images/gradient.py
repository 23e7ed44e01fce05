"""Steepness of a picture."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


def gradient_magnitude(values: Floats) -> Floats:
    """Sobel magnitude of float32 [H, W], edge values repeated; a step of A levels has A on both of its sides."""
    padded = np.pad(values, 1, mode="edge")
    across = padded[:, 2:] - padded[:, :-2]
    down = padded[2:] - padded[:-2]
    gradient_x = (across[:-2] + 2 * across[1:-1] + across[2:]) / 4
    gradient_y = (down[:, :-2] + 2 * down[:, 1:-1] + down[:, 2:]) / 4
    return np.asarray(np.hypot(gradient_x, gradient_y), np.float32)
