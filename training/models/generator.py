"""Generator: content features and a style code to the marks of a hand."""

from __future__ import annotations

from typing import Any, Final

import keras
import numpy as np
from keras import ops

from pipelines.images.hand_layers import LAYERS
from training.config import Architecture
from training.models.encoder import pixel_identity
from training.models.layers import ModulatedConv, PaddedConv, depth_to_space, doubled, leaky, space_to_depth

MOST: Final = np.array([1.0, 1.0, 0.70, 0.55, 1.0], np.float32)
"""Largest share of each layer (see `pipelines.images.hand_layers`)."""
USUAL: Final = np.array([0.90, 0.20, 0.38, 0.10, 0.62], np.float32)
"""Shares from which training starts: ironed surfaces, a contour, the brand's texture."""
MARKS: Final = len(LAYERS)


class Generator(keras.Model):  # type: ignore[misc]
    """Features [N,H/4,W/4,C] and code [N,S] -> marks [N,H,W,5], float32: the share of each layer.

    The trunk works at an eighth of the side, where form and shading are in sight, and joins the encoder's features at
    a quarter. Marks are enlarged bilinearly: they cannot stamp a pattern; every stroke comes from a layer that follows
    the product. Under the zero code there are no marks at all.

    `photo` is the other half of an autoencoder: it gives the picture back from the features.
    """

    def __init__(self, architecture: Architecture, *, dtype: str = "float32", name: str = "generator") -> None:
        super().__init__(dtype="float32", autocast=False, name=name)
        width, trunk = architecture.channels, architecture.trunk_channels
        self.readout = keras.layers.Dense(48, dtype=dtype, name="readout", kernel_initializer=pixel_identity(width, 48))
        self.readout.build((None, width))
        start = keras.initializers.GlorotUniform
        self.down = keras.layers.Dense(trunk, dtype=dtype, name="down", kernel_initializer=start(seed=21))
        self.first, self.second = [], []
        for index in range(architecture.generator_blocks):
            self.first.append(ModulatedConv(trunk, gain=1.4, dtype=dtype, name=f"block{index}_a"))
            self.second.append(ModulatedConv(trunk, gain=0.2, dtype=dtype, name=f"block{index}_b"))
        self.up = keras.layers.Dense(4 * width, dtype=dtype, name="up", kernel_initializer=start(seed=22))
        self.join = ModulatedConv(width, gain=1.4, dtype=dtype, name="join")
        self.marks = PaddedConv(MARKS, gain=0.1, dtype=dtype, name="marks")
        self.habit = keras.layers.Dense(
            MARKS, dtype="float32", name="habit", kernel_initializer="zeros", use_bias=False
        )

    def call(self, features: Any, code: Any) -> Any:
        """The marks of the hand that `code` describes."""
        x = self.down(space_to_depth(features, 2))
        for first, second in zip(self.first, self.second, strict=True):
            x = x + second(leaky(first(x, code)), code)
        joined = features + depth_to_space(self.up(leaky(x)), 2)
        painted = ops.cast(self.marks(leaky(self.join(leaky(joined), code))), "float32")
        painted = painted + self.habit(code)[:, None, None, :] + np.log(USUAL / (MOST - USUAL))
        shares = doubled(doubled(ops.sigmoid(painted) * MOST))
        present = ops.minimum(ops.mean(ops.square(ops.cast(code, "float32")), axis=-1), 1.0)
        return shares * present[:, None, None, None]

    def photo(self, features: Any) -> Any:
        """The picture that the features were made of, float32 [N,H,W,3] in about 0..1."""
        return ops.cast(depth_to_space(self.readout(features), 4), "float32") + 0.5
