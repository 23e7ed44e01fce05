"""Building blocks: padded, modulated and spectrally normalised convolutions. Tensors are NHWC."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

LEAK = 0.2


def space_to_depth(x: Any, step: int) -> Any:
    """Fold `step` x `step` pixels into channels: [N,H,W,C] -> [N,H/step,W/step,step*step*C]; H and W divisible."""
    return ops.space_to_depth(x, step, data_format="channels_last")


def depth_to_space(x: Any, step: int) -> Any:
    """Inverse of `space_to_depth` (sub-pixel convolution, Shi et al. 2016)."""
    return ops.depth_to_space(x, step, data_format="channels_last")


def pad_edge(x: Any, size: int = 1) -> Any:
    """Mirror the border (the edge pixel included), so that no frame of zeros darkens the picture's rim."""
    return ops.pad(x, ((0, 0), (size, size), (size, size), (0, 0)), mode="symmetric")


def doubled(x: Any) -> Any:
    """Twice the side, bilinear, [N,h,w,C] -> [N,2h,2w,C]: smooth, so that no pattern of cells can come through."""
    padded = pad_edge(x)
    across = [0.75 * padded[:, :, 1:-1] + 0.25 * beside for beside in (padded[:, :, :-2], padded[:, :, 2:])]
    places = [
        0.75 * half[:, 1:-1] + 0.25 * half[:, beside] for beside in (slice(None, -2), slice(2, None)) for half in across
    ]
    return depth_to_space(ops.concatenate(places, axis=-1), 2)


def leaky(x: Any) -> Any:
    """Leaky ReLU, slope 0.2."""
    return ops.leaky_relu(x, LEAK)


class PaddedConv(keras.layers.Layer):  # type: ignore[misc]
    """3x3 convolution with mirrored border, optionally after a smaller start (`gain`)."""

    def __init__(self, filters: int, *, gain: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.filters = filters
        self.gain = gain

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create kernel [3,3,in,filters] and bias."""
        channels = int(input_shape[-1] or 0)
        spread = self.gain * (2.0 / (9 * channels)) ** 0.5
        start = keras.initializers.RandomNormal(stddev=spread, seed=_seed_of(self.name, channels))
        self.kernel = self.add_weight(name="kernel", shape=(3, 3, channels, self.filters), initializer=start)
        self.bias = self.add_weight(name="bias", shape=(self.filters,), initializer="zeros")

    def call(self, x: Any) -> Any:
        """[N,H,W,in] -> [N,H,W,filters]."""
        return ops.conv(pad_edge(x), self.kernel, padding="valid") + self.bias


class ModulatedConv(keras.layers.Layer):  # type: ignore[misc]
    """3x3 convolution whose weights are scaled by a style code and demodulated.

    Karras et al., "Analyzing and Improving the Image Quality of StyleGAN" (2020), section 2.2, in the equivalent form:
    scale the input, convolve once for the whole batch, scale the output. No statistic of the image enters, so a tile
    gives the same result as the whole picture.
    """

    def __init__(self, filters: int, *, gain: float = 1.0, **kwargs: Any) -> None:
        super().__init__(autocast=False, **kwargs)
        self.filters = filters
        self.gain = gain

    def build(self, x_shape: tuple[int | None, ...], code_shape: tuple[int | None, ...]) -> None:
        """Create kernel, bias, and the affine map from the code to one scale an input channel."""
        channels, code = int(x_shape[-1] or 0), int(code_shape[-1] or 0)
        seed = _seed_of(self.name, channels)
        start = keras.initializers.RandomNormal(stddev=(1.0 / (9 * channels)) ** 0.5, seed=seed)
        self.kernel = self.add_weight(
            autocast=False, name="kernel", shape=(3, 3, channels, self.filters), initializer=start
        )
        self.bias = self.add_weight(autocast=False, name="bias", shape=(self.filters,), initializer="zeros")
        small = keras.initializers.RandomNormal(stddev=code**-0.5, seed=seed + 1)
        self.affine = self.add_weight(autocast=False, name="affine", shape=(code, channels), initializer=small)
        self.affine_bias = self.add_weight(autocast=False, name="affine_bias", shape=(channels,), initializer="ones")
        self.output_gain = self.add_weight(
            autocast=False,
            name="output_gain",
            shape=(self.filters,),
            initializer=keras.initializers.Constant(self.gain),
        )

    def call(self, x: Any, code: Any) -> Any:
        """[N,H,W,in], [N,code] -> [N,H,W,filters]."""
        scale = ops.matmul(ops.cast(code, "float32"), self.affine) + self.affine_bias
        energy = ops.sum(ops.square(self.kernel), axis=(0, 1))
        demodulate = ops.rsqrt(ops.matmul(ops.square(scale), energy) + 1e-6) * self.output_gain
        x = ops.cast(x, self.compute_dtype)
        x = x * ops.cast(scale[:, None, None, :], x.dtype)
        x = ops.conv(pad_edge(x), ops.cast(self.kernel, x.dtype), padding="valid")
        return x * ops.cast(demodulate[:, None, None, :], x.dtype) + ops.cast(self.bias, x.dtype)


class SpectralConv(keras.layers.Layer):  # type: ignore[misc]
    """Convolution divided by its largest singular value (Miyato et al. 2018), one power iteration a training call."""

    def __init__(self, filters: int, size: int, *, strides: int = 1, **kwargs: Any) -> None:
        super().__init__(autocast=False, **kwargs)
        self.filters = filters
        self.size = size
        self.strides = strides

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create kernel, bias and the running left singular vector."""
        channels = int(input_shape[-1] or 0)
        seed = _seed_of(self.name, channels)
        start = keras.initializers.RandomNormal(stddev=(2.0 / (self.size**2 * channels)) ** 0.5, seed=seed)
        shape = (self.size, self.size, channels, self.filters)
        self.kernel = self.add_weight(autocast=False, name="kernel", shape=shape, initializer=start)
        self.bias = self.add_weight(autocast=False, name="bias", shape=(self.filters,), initializer="zeros")
        self.vector = self.add_weight(
            autocast=False,
            name="vector",
            shape=(1, self.filters),
            initializer=keras.initializers.RandomNormal(seed=seed + 1),
            trainable=False,
            dtype="float32",
        )

    def call(self, x: Any, *, training: bool = False) -> Any:
        """[N,H,W,in] -> [N,ceil(H/strides),ceil(W/strides),filters]."""
        x = ops.cast(x, self.compute_dtype)
        matrix = ops.reshape(self.kernel, (-1, self.filters))
        left = ops.stop_gradient(ops.convert_to_tensor(self.vector))
        fixed = ops.stop_gradient(matrix)
        right = _unit(ops.matmul(left, ops.transpose(fixed)))
        left = _unit(ops.matmul(right, fixed))
        if training:
            self.vector.assign(left)
        sigma = ops.sum(ops.matmul(right, matrix) * left)
        kernel = ops.cast(self.kernel / (sigma + 1e-6), x.dtype)
        return ops.conv(x, kernel, strides=self.strides, padding="same") + ops.cast(self.bias, x.dtype)


def _unit(x: Any) -> Any:
    return x * ops.rsqrt(ops.sum(ops.square(x)) + 1e-12)


def _seed_of(name: str, channels: int) -> int:
    """A start that depends on the layer's name alone, so that a fresh network is the same on every machine."""
    return sum((index + 1) * ord(letter) for index, letter in enumerate(name)) * 1009 + channels
