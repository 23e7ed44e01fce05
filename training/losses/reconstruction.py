"""Reconstruction: under the neutral code the autoencoder gives the picture back."""

from __future__ import annotations

from typing import Any

from keras import ops


def reconstruction_loss(output: Any, picture: Any) -> Any:
    """Mean squared error of [N,H,W,3] in 0..1, in units of a tenth of the range squared (1 = ten per cent off)."""
    return ops.mean(ops.square(output - picture)) * 100.0
