"""Content: the product must stay the product in perceptual features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from keras import ops

from training.models.views import weighted_mean


def content_loss(output: Mapping[str, Any], content: Mapping[str, Any], layers: Sequence[str], weights: Any) -> Any:
    """Mean squared difference of features inside the product, relative to the content's own energy.

    After Johnson et al. 2016; the division makes layers and perceptual networks comparable (0: same, 1: unrelated).

    Args:
        output: perceptual features of the restyled pictures.
        content: those of the pictures before the hand.
        layers: names to compare.
        weights: product mask [N,H,W,1].
    """
    total = 0.0
    for name in layers:
        before = ops.stop_gradient(ops.cast(content[name], "float32"))
        difference = ops.square(ops.cast(output[name], "float32") - before)
        total = total + weighted_mean(difference, weights) / (weighted_mean(ops.square(before), weights) + 1e-4)
    return total
