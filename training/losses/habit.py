"""Habit: a hand departs from the usual shares of its layers only where that brings it nearer to the brand."""

from __future__ import annotations

from typing import Any

from keras import ops

from training.models.views import weighted_mean


def habit_loss(shares: Any, usual: Any, most: Any, weights: Any) -> Any:
    """Squared distance of shares [N,H,W,K] from the usual ones [K], each relative to the most it can be; summed over K.

    Args:
        shares: of the layers.
        usual: where they should be without a reason.
        most: their upper ends.
        weights: product mask [N,H,W,1].
    """
    distance = ops.sum(ops.square((shares - usual) / most), axis=-1, keepdims=True)
    return weighted_mean(distance, weights)
