"""Edges: seams, labels and outlines of the product may gain contrast, never lose it."""

from __future__ import annotations

from typing import Any

from keras import ops

from training.models.layers import pad_edge
from training.models.views import luminance, shrink, weighted_mean


def gradient(light: Any) -> tuple[Any, Any]:
    """Central differences of [N,H,W,1]."""
    padded = pad_edge(light)
    across = (padded[:, 1:-1, 2:] - padded[:, 1:-1, :-2]) / 2.0
    down = (padded[:, 2:, 1:-1] - padded[:, :-2, 1:-1]) / 2.0
    return across, down


def edge_loss(output: Any, picture: Any, weights: Any) -> Any:
    """Share of the picture's edges (at half resolution, inside the product) that the output has lost.

    The output's gradient is projected on the picture's own direction: an edge counts as kept when it is still there
    with its sign; strokes beside it cost nothing.
    """
    before = gradient(shrink(luminance(picture), 2))
    after = gradient(shrink(luminance(output), 2))
    strength = ops.sqrt(ops.square(before[0]) + ops.square(before[1]) + 1e-8)
    along = (before[0] * after[0] + before[1] * after[1]) / strength
    lost = ops.relu(strength - along) * strength
    return weighted_mean(lost, weights) / (weighted_mean(ops.square(strength), weights) + 1e-4)
