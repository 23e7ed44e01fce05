"""Content encoder: pixels to features at a quarter of the side, losing nothing at the start."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from training.config import Architecture
from training.models.layers import PaddedConv, leaky, space_to_depth


class ContentEncoder(keras.Model):  # type: ignore[misc]
    """[N,H,W,3] in 0..1 -> features [N,H/4,W/4,channels]; H and W divisible by 4.

    Space-to-depth keeps every pixel: the first 48 channels of the trunk are the 48 pixel values of a 4 x 4 cell, and
    the residual blocks add to them. With a generator that reads them out again the pair is an autoencoder from the
    first step.
    """

    def __init__(self, architecture: Architecture, *, dtype: str = "float32", name: str = "encoder") -> None:
        super().__init__(dtype="float32", autocast=False, name=name)
        width = architecture.channels
        self.stem = keras.layers.Dense(width, dtype=dtype, name="stem", kernel_initializer=pixel_identity(48, width))
        self.first, self.second = [], []
        for index in range(architecture.encoder_blocks):
            self.first.append(PaddedConv(width, dtype=dtype, name=f"block{index}_a"))
            self.second.append(PaddedConv(width, gain=0.3, dtype=dtype, name=f"block{index}_b"))

    def call(self, x: Any) -> Any:
        """Features of pictures in 0..1."""
        x = self.stem(space_to_depth(x - 0.5, 4))
        for first, second in zip(self.first, self.second, strict=True):
            x = x + second(leaky(first(x)))
        return x


def pixel_identity(rows: int, columns: int) -> Any:
    """Initializer of a [rows, columns] matrix that carries the shared channels through and mixes the rest a little."""

    def build(shape: tuple[int, ...], dtype: Any = None, **_: Any) -> Any:
        matrix = np.eye(rows, columns, dtype=np.float32)
        if columns > rows:
            random = np.random.default_rng(rows * 1009 + columns)
            matrix[:, rows:] = random.normal(0.0, rows**-0.5, (rows, columns - rows))
        return ops.convert_to_tensor(matrix.reshape(shape), dtype=dtype)

    return build


def feature_statistics(features: Any) -> Any:
    """Mean and spread of each channel over the picture, [N,h,w,C] -> float32 [N,2C]: what a style code is made of."""
    features = ops.cast(features, "float32")
    mean = ops.mean(features, axis=(1, 2))
    spread = ops.sqrt(ops.var(features, axis=(1, 2)) + 1e-6)
    return ops.concatenate([mean, spread], axis=-1)
