"""The classic fast style network: Johnson, Alahi and Fei-Fei (2016) with instance norm (Ulyanov 2017)."""

from __future__ import annotations

from typing import Any

import keras
from keras import layers, ops


class InstanceNorm(layers.Layer):
    """Each channel of each picture to mean 0 and spread 1, then a learnt scale and shift."""

    def build(self, shape: tuple[int | None, ...]) -> None:
        self.scale = self.add_weight(name="scale", shape=(shape[-1],), initializer="ones")
        self.shift = self.add_weight(name="shift", shape=(shape[-1],), initializer="zeros")

    def call(self, x: Any) -> Any:
        mean, variance = ops.moments(x, axes=(1, 2), keepdims=True)
        factor = ops.rsqrt(variance + 1e-5) * self.scale
        return x * factor + (self.shift - mean * factor)


def classic_network(dtype: str) -> keras.Model:
    """Pictures [N,H,W,3] in 0..1 -> the same; H and W divisible by 4.

    Args:
        dtype: "float32" or "mixed_bfloat16".
    """

    def conv(x: Any, filters: int, size: int, strides: int = 1) -> Any:
        return InstanceNorm(dtype=dtype)(layers.Conv2D(filters, size, strides, "same", use_bias=False, dtype=dtype)(x))

    picture = keras.Input((None, None, 3), dtype="float32")
    x = ops.relu(conv(picture, 32, 9))
    x = ops.relu(conv(x, 64, 3, 2))
    x = ops.relu(conv(x, 128, 3, 2))
    for _ in range(5):
        x = x + conv(ops.relu(conv(x, 128, 3)), 128, 3)
    for filters in (64, 32):
        x = layers.UpSampling2D(2, interpolation="nearest", dtype=dtype)(x)
        x = ops.relu(conv(x, filters, 3))
    painted = ops.tanh(layers.Conv2D(3, 9, padding="same", dtype=dtype)(x))
    return keras.Model(picture, ops.cast(painted, "float32") * 0.5 + 0.5)
