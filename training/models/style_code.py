"""From statistics of a brand's references to its style code."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from training.config import Architecture


class StyleMapping(keras.Model):  # type: ignore[misc]
    """[N,2*channels] feature statistics, averaged over several references -> [N,code_size], each of unit mean square.

    The zero code is kept for "photo": the generator must give the picture back under it.
    """

    def __init__(self, architecture: Architecture, *, name: str = "mapping") -> None:
        super().__init__(dtype="float32", autocast=False, name=name)
        self.norm = keras.layers.LayerNormalization(dtype="float32", name="norm")
        start = keras.initializers.GlorotUniform(seed=17)
        self.hidden = keras.layers.Dense(
            128, activation="leaky_relu", dtype="float32", name="hidden", kernel_initializer=start
        )
        start = keras.initializers.GlorotUniform(seed=18)
        self.code = keras.layers.Dense(architecture.code_size, dtype="float32", name="code", kernel_initializer=start)

    def call(self, statistics: Any) -> Any:
        """Style codes."""
        code = self.code(self.hidden(self.norm(statistics)))
        return code * ops.rsqrt(ops.mean(ops.square(code), axis=-1, keepdims=True) + 1e-6)
