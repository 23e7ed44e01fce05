"""Patch discriminator at two scales, told which brand it judges."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from training.config import Architecture
from training.models.layers import SpectralConv, leaky
from training.models.views import shrink


class PatchDiscriminator(keras.Model):  # type: ignore[misc]
    """Views [N,H,W,1] and codes [N,S] -> verdicts [N,H/8,W/8,1], float32; 1 means "from the brand's hand".

    Conditioned by projection (Miyato and Koyama 2018): the code weighs the last features, patch by patch.
    """

    def __init__(self, architecture: Architecture, *, dtype: str = "float32", name: str) -> None:
        super().__init__(dtype="float32", autocast=False, name=name)
        widths = architecture.discriminator_channels
        self.layers_down = [
            SpectralConv(width, 4, strides=2 if index < len(widths) - 1 else 1, dtype=dtype, name=f"conv{index}")
            for index, width in enumerate(widths)
        ]
        self.verdict = SpectralConv(1, 3, dtype=dtype, name="verdict")
        self.project = keras.layers.Dense(
            widths[-1], use_bias=False, kernel_initializer="zeros", dtype="float32", name="project"
        )

    def call(self, view: Any, code: Any, *, training: bool = False) -> Any:
        """Patch verdicts."""
        x = view
        for layer in self.layers_down:
            x = leaky(layer(x, training=training))
        general = ops.cast(self.verdict(x, training=training), "float32")
        direction = self.project(ops.stop_gradient(code))[:, None, None, :]
        mean = ops.mean(ops.cast(x, "float32") * direction, axis=-1, keepdims=True)
        return general + mean


class TwoScaleDiscriminator(keras.Model):  # type: ignore[misc]
    """One patch discriminator on the view and one on its half."""

    def __init__(self, architecture: Architecture, *, dtype: str = "float32", name: str = "discriminator") -> None:
        super().__init__(dtype="float32", autocast=False, name=name)
        self.whole = PatchDiscriminator(architecture, dtype=dtype, name="whole")
        self.half = PatchDiscriminator(architecture, dtype=dtype, name="half")

    def call(self, view: Any, code: Any, *, training: bool = False) -> list[Any]:
        """Verdicts at full and half resolution."""
        return [self.whole(view, code, training=training), self.half(shrink(view, 2), code, training=training)]
