"""Generator: content features and a style code to a picture."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from training.config import Architecture
from training.models.encoder import pixel_identity
from training.models.layers import Grain, ModulatedConv, PaddedConv, depth_to_space, leaky, space_to_depth


class Generator(keras.Model):  # type: ignore[misc]
    """Features [N,H/4,W/4,C], picture [N,H,W,3] in 0..1, grain [N,H,W,1], code [N,S] -> picture [N,H,W,3], float32.

    Two readouts are added: the trunk's pixel channels (linear, identity at the start: the autoencoder) and a detail
    head that grows in two pixel shuffles of 2, with the picture itself as a skip at half resolution. Both are
    sub-pixel, never transposed convolutions. Grain enters at both scales as far as the code asks for it, under the
    neutral code not at all.
    """

    def __init__(self, architecture: Architecture, *, dtype: str = "float32", name: str = "generator") -> None:
        super().__init__(dtype="float32", autocast=False, name=name)
        width, detail = architecture.channels, architecture.detail_channels
        self.first, self.second = [], []
        for index in range(architecture.generator_blocks):
            self.first.append(ModulatedConv(width, gain=1.4, dtype=dtype, name=f"block{index}_a"))
            self.second.append(ModulatedConv(width, gain=0.03, dtype=dtype, name=f"block{index}_b"))
        self.readout = keras.layers.Dense(48, dtype=dtype, name="readout", kernel_initializer=pixel_identity(width, 48))
        self.grow = PaddedConv(4 * detail, dtype=dtype, name="grow")
        self.detail = ModulatedConv(detail, gain=1.0, dtype=dtype, name="detail")
        self.coarse_grain = Grain(width, dtype=dtype, name="coarse_grain")
        self.fine_grain = Grain(detail, dtype=dtype, name="fine_grain")
        self.paint = PaddedConv(12, gain=0.02, dtype=dtype, name="paint")

    def call(self, features: Any, picture: Any, grain: Any, code: Any) -> Any:
        """The picture in the hand that `code` describes."""
        x = features + self.coarse_grain(space_to_depth(grain, 4), code)
        for first, second in zip(self.first, self.second, strict=True):
            x = x + second(leaky(first(x, code)), code)
        whole = depth_to_space(self.readout(x), 4)
        half = depth_to_space(self.grow(leaky(x)), 2) + self.fine_grain(space_to_depth(grain, 2), code)
        skip = space_to_depth(ops.cast(picture, half.dtype) - 0.5, 2)
        half = leaky(self.detail(ops.concatenate([half, skip], axis=-1), code))
        fine = depth_to_space(self.paint(half), 2)
        return ops.cast(whole, "float32") + ops.cast(fine, "float32") + 0.5
