"""From trained weights to a model bundle."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from pipelines.images.colour import LabStatistics
from training.bundle import BrandStyle, ModelBundle
from training.config import TrainingConfig, to_json
from training.models.style_gan import TRAINING_PARTS, StyleGan

AVERAGE = "average/"
"""Prefix, in a checkpoint, of the moving averages of weights."""


def bundle_of(
    config: TrainingConfig,
    arrays: Mapping[str, NDArray[np.float32]],
    statistics: Mapping[str, LabStatistics],
    references: Mapping[str, NDArray[np.float32]],
    *,
    created_by: str,
    images: int,
    perceptual: str,
    metrics: Mapping[str, float],
) -> ModelBundle:
    """The averaged weights of a checkpoint, with every brand's code, as a model bundle.

    Args:
        config: of the run.
        arrays: of the checkpoint.
        statistics: colours of each brand's references.
        references: encoder statistics of each brand's references, float32 [references,2C].
        created_by: the command, without paths.
        images: trained on.
        perceptual: name of the perceptual network.
        metrics: figures at the end of training.

    Raises:
        ModelBundleError: weights are missing.
    """
    gan = StyleGan(config.architecture)
    gan.load_arrays({path: arrays.get(AVERAGE + path, array) for path, array in arrays.items()})
    styles = {}
    for name, rows in references.items():
        code = np.asarray(gan.mapping(rows.mean(axis=0, keepdims=True)))[0]
        styles[name] = BrandStyle(tuple(map(float, code)), statistics[name], config.colour_policy)
    return ModelBundle(
        architecture=config.architecture,
        brands=styles,
        weights=gan.arrays(),
        parts=TRAINING_PARTS,
        created_by=created_by,
        training={
            "preset": config.preset,
            "seed": config.seed,
            "images": images,
            "losses": to_json(config.losses),
            "perceptual": perceptual,
        },
        metrics=metrics,
    )
