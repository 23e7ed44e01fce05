"""Least-squares adversarial game (Mao et al. 2017), played inside the product mask."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras import ops

from training.models.views import weighted_mean


def discriminator_loss(real: Sequence[Any], fake: Sequence[Any], weights: Any) -> Any:
    """Real patches to 1, restyled ones inside the product to 0; summed over scales.

    Args:
        real: verdicts on references, one [N,h,w,1] a scale.
        fake: verdicts on restyled pictures.
        weights: product mask [N,H,W,1] of the restyled pictures.
    """
    total = 0.0
    for on_real, on_fake in zip(real, fake, strict=True):
        total = total + ops.mean(ops.square(on_real - 1.0)) + weighted_mean(ops.square(on_fake), weights)
    return total


def generator_loss(fake: Sequence[Any], weights: Any) -> Any:
    """Restyled patches inside the product should pass for the brand's own; summed over scales."""
    total = 0.0
    for on_fake in fake:
        total = total + weighted_mean(ops.square(on_fake - 1.0), weights)
    return total
