from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipelines.images.colour import LabStatistics
from training.bundle import BrandStyle, ModelBundle, ReferenceStyle, write_bundle
from training.config import Architecture


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real model bundle of the smallest networks, untrained."""
    return write_small_bundle(tmp_path_factory.mktemp("model") / "bundle")


def write_small_bundle(folder: Path) -> Path:
    """The smallest networks, untrained: their hand is slight, their colours are the brand's."""
    import keras

    from training.models.style_gan import INFERENCE_PARTS, StyleGan

    keras.utils.set_random_seed(7)
    architecture = Architecture(channels=48, encoder_blocks=1, generator_blocks=1, working_px=96)
    gan = StyleGan(architecture, parts=INFERENCE_PARTS)
    # A small code: the grain of an untrained generator grows with it.
    code = tuple((0.1 * np.random.default_rng(7).normal(size=architecture.code_size)).tolist())
    look = LabStatistics((45.0, 12.0, 20.0), (14.0, 6.0, 8.0), 24.0, 1e5)
    other = LabStatistics((70.0, -15.0, -20.0), (20.0, 8.0, 8.0), 26.0, 1e5)
    zero = (0.0,) * architecture.code_size
    paper = np.zeros((64, 64), np.float32)
    paper[30:34, 30:34] = 0.25
    model = ModelBundle(
        architecture=architecture,
        brands={
            "inkwell": BrandStyle(code, look, "keep-hue", {"poster.jpg": ReferenceStyle(zero, other)}),
            "gilded": BrandStyle(zero, other, "full"),
        },
        weights=gan.arrays(*INFERENCE_PARTS),
        parts=INFERENCE_PARTS,
        created_by="test",
        textures={"inkwell": paper},
    )
    write_bundle(model, folder)
    return folder
