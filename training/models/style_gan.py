"""The networks together: build, name, store and restore their weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from keras import ops

from pipelines.core.errors import ModelBundleError
from training.config import Architecture
from training.models.discriminator import TwoScaleDiscriminator
from training.models.encoder import ContentEncoder, feature_statistics
from training.models.generator import Generator
from training.models.perceptual import DistillationHeads
from training.models.style_code import StyleMapping

INFERENCE_PARTS = ("encoder", "generator")
TRAINING_PARTS = ("encoder", "mapping", "generator", "heads", "discriminator")


class StyleGan:
    """Encoder, style mapping, generator, and, for training, distillation heads and the discriminator.

    Args:
        architecture: sizes.
        dtype: "float32" or "mixed_bfloat16" (convolutions in bfloat16, weights and sums in float32).
        parts: names to build; `INFERENCE_PARTS` is enough to restyle.
    """

    def __init__(
        self,
        architecture: Architecture,
        *,
        dtype: str = "float32",
        parts: tuple[str, ...] = TRAINING_PARTS,
    ) -> None:
        self.architecture = architecture
        self.parts = parts
        self.encoder = ContentEncoder(architecture, dtype=dtype)
        self.generator = Generator(architecture, dtype=dtype)
        self.mapping = StyleMapping(architecture)
        self.heads = DistillationHeads(dtype=dtype)
        self.discriminator = TwoScaleDiscriminator(architecture, dtype=dtype)
        picture = np.zeros((1, 64, 64, 3), np.float32)
        code = np.zeros((1, architecture.code_size), np.float32)
        features = self.encoder(picture)
        self.generator(features, code)
        self.generator.photo(features)
        if "mapping" in parts:
            self.mapping(feature_statistics(features))
        if "heads" in parts:
            self.heads(features)
        if "discriminator" in parts:
            self.discriminator(picture[..., :1], code)

    def variables(self, *parts: str, trainable: bool = False) -> list[Any]:
        """Variables of the named parts (all built parts when none is named)."""
        found: list[Any] = []
        for part in parts or self.parts:
            model = getattr(self, part)
            found.extend(model.trainable_variables if trainable else model.variables)
        return found

    def arrays(self, *parts: str) -> dict[str, np.ndarray]:
        """Weights by path, float32."""
        return {v.path: np.asarray(ops.convert_to_numpy(ops.copy(v)), np.float32) for v in self.variables(*parts)}

    def load_arrays(self, arrays: Mapping[str, np.ndarray], *parts: str) -> None:
        """Put stored weights in place.

        Raises:
            ModelBundleError: a weight is missing or has another shape.
        """
        for variable in self.variables(*parts):
            stored = arrays.get(variable.path)
            if stored is None or tuple(stored.shape) != tuple(variable.shape):
                received = "nothing" if stored is None else f"shape {tuple(stored.shape)}"
                raise ModelBundleError(
                    f"weight {variable.path}: expected shape {tuple(variable.shape)}, received {received}; "
                    "the weights belong to another architecture"
                )
            variable.assign(np.asarray(stored, np.float32))

    def marks(self, pictures: Any, codes: Any) -> Any:
        """Pictures [N,H,W,3] in 0..1 (H, W divisible by 8) to the marks [N,H,W,5] of the hand of `codes` [N,S]."""
        return self.generator(self.encoder(pictures), codes)
