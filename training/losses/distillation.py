"""Distillation: the encoder learns to see as VGG16 does, so that later runs need no download."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from keras import ops

from training.models.perceptual import quarter


def distillation_loss(heads: tuple[Any, Any], teacher: Mapping[str, Any]) -> Any:
    """Mean squared error of predicted relu2_2 and relu3_3 over the teacher's variance (0: perfect, 1: its mean).

    Args:
        heads: predictions [N,h,w,128] and [N,h,w,256] at a quarter of the picture's side, in units of the teacher's
            own scale (see `teacher_scale`).
        teacher: VGG16 features of the same pictures.
    """
    total = 0.0
    for predicted, name in zip(heads, ("relu2_2", "relu3_3"), strict=True):
        wanted = ops.cast(quarter(teacher[name], int(predicted.shape[1])), "float32")
        wanted = ops.stop_gradient(wanted) * TEACHER_SCALE[name]
        error = ops.mean(ops.square(ops.cast(predicted, "float32") - wanted))
        total = total + error / (ops.mean(ops.var(wanted, axis=(0, 1, 2))) + 1e-4)
    return total / 2.0


TEACHER_SCALE = {"relu2_2": 0.5, "relu3_3": 0.3}
"""Brings VGG16's activations (spread about 2 and 3 on photos) near 1."""
