"""AlexNet with drawn weights: the right shapes, any features; enough for what must hold in every network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

_SHAPES = ((11, 11, 3, 64), (5, 5, 64, 192), (3, 3, 192, 384), (3, 3, 384, 256), (3, 3, 256, 256))


def write_alexnet(path: Path) -> Path:
    """Weights as `training.metrics.alexnet.AlexNet.load` reads them; always the same."""
    random = np.random.default_rng(12)
    arrays = {}
    for layer, shape in enumerate(_SHAPES):
        spread = np.sqrt(2 / np.prod(shape[:3]))
        arrays[f"AlexNet_0/Conv_{layer}/kernel"] = random.normal(0, spread, shape).astype(np.float32)
        arrays[f"AlexNet_0/Conv_{layer}/bias"] = random.normal(0, 0.1, shape[-1]).astype(np.float32)
        arrays[f"NetLinLayer_{layer}/Conv_0/kernel"] = random.random((1, 1, shape[-1], 1)).astype(np.float32)
    save_file(arrays, path)
    return path
