"""Flat background: no texture may grow where the photo is flat and nearly white."""

from __future__ import annotations

from typing import Any

from keras import ops

from training.models.layers import pad_edge

WHITE = 0.93
FLAT = 0.02


def flat_weights(picture: Any) -> Any:
    """1 where all channels are above 0.93 and the 5 x 5 surroundings differ by less than 0.02; [N,H,W,1]."""
    darkest = ops.min(picture, axis=-1, keepdims=True)
    padded = pad_edge(darkest, 2)
    highest = ops.max_pool(padded, 5, strides=1, padding="valid")
    lowest = -ops.max_pool(-padded, 5, strides=1, padding="valid")
    quiet = ops.logical_and(lowest > WHITE, highest - lowest < FLAT)
    return ops.stop_gradient(ops.cast(quiet, "float32"))


def flat_background_loss(output: Any, picture: Any) -> Any:
    """Mean absolute change over flat, nearly white pixels; 0 when there are none."""
    weights = flat_weights(picture)
    change = ops.mean(ops.abs(output - picture), axis=-1, keepdims=True)
    return ops.sum(change * weights) / (ops.sum(weights) + 1.0)
