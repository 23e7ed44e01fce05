"""AlexNet: features that no loss of ours trains against, so that figures taken in them cannot be trained for."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from keras import ops
from numpy.typing import NDArray

from pipelines.core.errors import MissingArtifact

Floats = NDArray[np.float32]
Features = tuple[Floats, ...]
"""relu1 to relu5 of one picture, each [h,w,C]; strides 4, 8, 16, 16, 16 pixels."""

LAYERS: Final = 5
LEAST_SIDE_PX: Final = 32
_STRIDES: Final = (4, 1, 1, 1, 1)
_MARGINS: Final = (2, 2, 1, 1, 1)
_POOL_BEFORE: Final = (1, 2)
# Of pictures in -1..1, as LPIPS 0.1 scales them.
_SHIFT: Final = np.array([-0.030, -0.088, -0.188], np.float32)
_SCALE: Final = np.array([0.458, 0.448, 0.450], np.float32)


class AlexNet:
    """Convolutions of AlexNet (Krizhevsky 2014, "One weird trick") with the heads of LPIPS (Zhang et al. 2018).

    Args:
        kernels: five kernels, HWIO.
        biases: their biases.
        heads: five vectors [C], none below 0: how much each channel's difference counts in LPIPS.
    """

    def __init__(self, kernels: list[Floats], biases: list[Floats], heads: list[Floats]) -> None:
        self._kernels: list[Any] = [ops.convert_to_tensor(kernel) for kernel in kernels]
        self._biases: list[Any] = [ops.convert_to_tensor(bias) for bias in biases]
        self.heads = heads

    @classmethod
    def load(cls, path: Path) -> AlexNet:
        """Read safetensors with `AlexNet_0/Conv_N/kernel`, `.../bias` and `NetLinLayer_N/Conv_0/kernel`, N 0..4.

        Raises:
            MissingArtifact: the file is missing, is not safetensors, or lacks a tensor.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        try:
            stored = load_file(path)
            kernels = [np.asarray(stored[f"AlexNet_0/Conv_{n}/kernel"], np.float32) for n in range(LAYERS)]
            biases = [np.asarray(stored[f"AlexNet_0/Conv_{n}/bias"], np.float32) for n in range(LAYERS)]
            heads = [np.asarray(stored[f"NetLinLayer_{n}/Conv_0/kernel"], np.float32).ravel() for n in range(LAYERS)]
        except (OSError, SafetensorError, KeyError) as error:
            raise MissingArtifact(
                f"AlexNet {path}: expected safetensors with AlexNet_0/Conv_0/kernel .. NetLinLayer_4/Conv_0/kernel, "
                f"received {error!r}; name another file or leave the option out"
            ) from error
        return cls(kernels, biases, heads)

    def features(self, rgb: NDArray[np.uint8]) -> Features:
        """Features of uint8 [H,W,3], both sides at least 32 px.

        Raises:
            ValueError: the picture is smaller.
        """
        if min(rgb.shape[:2]) < LEAST_SIDE_PX:
            raise ValueError(f"rgb: expected sides of at least {LEAST_SIDE_PX} px, received {list(rgb.shape[:2])}")
        x: Any = ops.convert_to_tensor(((rgb.astype(np.float32) / np.float32(127.5) - 1 - _SHIFT) / _SCALE)[None])
        found = []
        for layer in range(LAYERS):
            if layer in _POOL_BEFORE:
                x = ops.max_pool(x, 3, strides=2, padding="valid", data_format="channels_last")
            margin = _MARGINS[layer]
            x = ops.pad(x, [[0, 0], [margin, margin], [margin, margin], [0, 0]])
            kernel, stride = self._kernels[layer], _STRIDES[layer]
            x = ops.conv(x, kernel, strides=stride, padding="valid", data_format="channels_last")
            x = ops.relu(x + self._biases[layer])
            found.append(np.asarray(x, np.float32)[0])
        return tuple(found)
