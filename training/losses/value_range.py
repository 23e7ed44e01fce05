"""Range: values outside 0..1 would be cut when the picture is written."""

from __future__ import annotations

from typing import Any

from keras import ops


def range_loss(output: Any) -> Any:
    """Mean overshoot beyond 0..1."""
    return ops.mean(ops.relu(output - 1.0) + ops.relu(-output)) * 10.0
