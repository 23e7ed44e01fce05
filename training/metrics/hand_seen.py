"""Hand seen: how much of the change is the drawing hand rather than the colour map."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def hand_seen(
    mapped: Sequence[NDArray[np.uint8]], after: Sequence[NDArray[np.uint8]], weights: Sequence[NDArray[np.float32]]
) -> float:
    """Root mean square of the luminance between colour map alone and full look, inside the product, in 0..255 levels.

    Below 1 nobody sees it: a model that does nothing keeps every product and closes no gap.
    """
    total, weight = 0.0, 0.0
    for a, b, mask in zip(mapped, after, weights, strict=True):
        change = (b.astype(np.float32) - a) @ _LUMA
        total += float((change**2 * mask).sum())
        weight += float(mask.sum())
    return float(np.sqrt(total / max(weight, 1e-6)))
