"""Tone: light and shade belong to the colour map; the hand may not brighten or darken a whole region."""

from __future__ import annotations

from typing import Any

from keras import ops

from training.models.views import luminance, shrink, weighted_mean

REGION_PX = 16


def tone_loss(output: Any, picture: Any, weights: Any) -> Any:
    """Mean absolute change of luminance averaged over 16 px cells inside the product, in tenths of the range.

    Strokes average out within a cell; blotches, the usual failure of a heavy style weight, do not.
    """
    change = shrink(luminance(output) - luminance(picture), REGION_PX)
    return weighted_mean(ops.abs(change), weights) * 10.0
