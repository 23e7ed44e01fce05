"""Perceptual features: the space in which content is kept and style is measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Protocol

import keras
import numpy as np
from keras import ops

from pipelines.core.errors import ModelBundleError
from training.models.encoder import ContentEncoder
from training.models.layers import space_to_depth

VGG_MEAN: Final = (0.485, 0.456, 0.406)
VGG_STD: Final = (0.229, 0.224, 0.225)
VGG_CONVS: Final = 8
_POOL_BEFORE: Final = (2, 4, 7)
_TAPS: Final = {3: "relu2_2", 6: "relu3_3", 7: "relu4_1"}
_KERAS_NAMES: Final = (
    "block1_conv1",
    "block1_conv2",
    "block2_conv1",
    "block2_conv2",
    "block3_conv1",
    "block3_conv2",
    "block3_conv3",
    "block4_conv1",
)


FEATURE_SCALE: Final = 4.0
"""Encoder features spread about 0.25, as pixels do; the heads learn faster from units."""


class PerceptualNetwork(Protocol):
    """Pictures in 0..1 to named feature maps; `content_layers` are the ones in which content is compared."""

    content_layers: tuple[str, ...]
    source: str

    def features(self, pictures: Any) -> dict[str, Any]:
        """[N,H,W,3] -> name -> float32 or bfloat16 [N,h,w,C]."""


class Vgg16:
    """VGG16 up to relu4_1 (Simonyan and Zisserman 2015), frozen.

    Args:
        kernels: eight HWIO kernels for RGB in 0..1 normalised with the ImageNet mean and spread.
        biases: their biases.
        dtype: what it computes in.
    """

    content_layers = ("relu3_3", "relu4_1")

    def __init__(
        self, kernels: list[np.ndarray], biases: list[np.ndarray], *, dtype: str = "float32", source: str
    ) -> None:
        self.kernels = [ops.cast(ops.convert_to_tensor(k.astype(np.float32)), dtype) for k in kernels]
        self.biases = [ops.cast(ops.convert_to_tensor(b.astype(np.float32)), dtype) for b in biases]
        self.dtype = dtype
        self.source = source

    def features(self, pictures: Any) -> dict[str, Any]:
        """relu2_2 (half), relu3_3 (quarter), relu4_1 (an eighth)."""
        mean = ops.reshape(ops.convert_to_tensor(VGG_MEAN, "float32"), (1, 1, 1, 3))
        std = ops.reshape(ops.convert_to_tensor(VGG_STD, "float32"), (1, 1, 1, 3))
        x = ops.cast((ops.cast(pictures, "float32") - mean) / std, self.dtype)
        found = {}
        for index, (kernel, bias) in enumerate(zip(self.kernels, self.biases, strict=True)):
            if index in _POOL_BEFORE:
                x = ops.max_pool(x, 2, strides=2, padding="valid")
            x = ops.relu(ops.conv(x, kernel, padding="same") + bias)
            if index in _TAPS:
                found[_TAPS[index]] = x
        return found


class EncoderPerceptual:
    """The base checkpoint's own frozen encoder with its distilled heads: needs no download.

    During base training linear heads on the encoder's features learn to predict normalised VGG16 features; a frozen
    copy of encoder and heads is then a small perceptual space of its own.
    """

    content_layers = ("head2", "head3")
    source = "encoder"

    def __init__(self, encoder: ContentEncoder, heads: DistillationHeads) -> None:
        self.encoder = encoder
        self.heads = heads

    def features(self, pictures: Any) -> dict[str, Any]:
        """The trunk and the predicted relu2_2 and relu3_3, all at a quarter of the side."""
        trunk = self.encoder(ops.cast(pictures, "float32"))
        head2, head3 = self.heads(trunk)
        return {"trunk": trunk, "head2": ops.relu(head2), "head3": ops.relu(head3)}


class DistillationHeads(keras.Model):  # type: ignore[misc]
    """1x1 heads from encoder features to normalised VGG16 relu2_2 and relu3_3 at a quarter of the side."""

    def __init__(self, *, dtype: str = "float32", name: str = "heads") -> None:
        super().__init__(dtype="float32", autocast=False, name=name)
        starts = [keras.initializers.GlorotUniform(seed=seed) for seed in (19, 20)]
        self.head2 = keras.layers.Dense(128, dtype=dtype, name="head2", kernel_initializer=starts[0])
        self.head3 = keras.layers.Dense(256, dtype=dtype, name="head3", kernel_initializer=starts[1])

    def call(self, features: Any) -> tuple[Any, Any]:
        """[N,h,w,C] -> [N,h,w,128], [N,h,w,256]."""
        features = ops.cast(features, "float32") * FEATURE_SCALE
        return self.head2(features), self.head3(features)


def load_vgg16(path: Path, *, dtype: str = "float32") -> Vgg16:
    """VGG16 from a safetensors file with `conv0/kernel` .. `conv7/bias`, kernels HWIO, normalised RGB.

    Raises:
        ModelBundleError: the file is missing or lacks one of the tensors.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="numpy") as stored:
            kernels = [stored.get_tensor(f"conv{index}/kernel") for index in range(VGG_CONVS)]
            biases = [stored.get_tensor(f"conv{index}/bias") for index in range(VGG_CONVS)]
    except (OSError, SafetensorError) as error:
        raise ModelBundleError(
            f"perceptual network {path}: expected safetensors with conv0/kernel .. conv7/bias: {error}"
        ) from error
    return Vgg16(kernels, biases, dtype=dtype, source=f"vgg16:{path.name}")


def download_vgg16(*, dtype: str = "float32") -> Vgg16:
    """VGG16 from `keras.applications` (downloaded once), turned to plain RGB input.

    Keras' ImageNet weights expect BGR in 0..255 less the mean; folded here into the first kernel and bias.
    """
    model = keras.applications.VGG16(include_top=False, weights="imagenet")
    pairs = [[np.asarray(v) for v in model.get_layer(name).get_weights()] for name in _KERAS_NAMES]
    kernels, biases = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    rgb = kernels[0][:, :, ::-1, :]
    # Keras: sum k * (255 x - m_keras); ours: sum k' * (x - mean) / std with m_keras = 255 mean to half a grey level.
    kernels[0] = rgb * (255.0 * np.asarray(VGG_STD, np.float32))[None, None, :, None]
    return Vgg16(kernels, biases, dtype=dtype, source="vgg16:keras.applications")


def quarter(feature: Any, side: int) -> Any:
    """Average a VGG feature map down to `side` rows (a whole fraction)."""
    step = int(feature.shape[1]) // side
    if step == 1:
        return feature
    folded = space_to_depth(feature, step)
    shape = (-1, int(folded.shape[1]), int(folded.shape[2]), step * step, int(feature.shape[-1]))
    return ops.mean(ops.reshape(folded, shape), axis=3)
