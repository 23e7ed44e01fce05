"""Named training recipes. Durations: two CPU cores with bfloat16 matrix units, four to six times that without."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Final

from pipelines.core.errors import SettingsError
from training.config import Architecture, LossWeights, Schedule, TrainingConfig


def smoke() -> TrainingConfig:
    """Seconds: tiny networks and crops, for tests. Expect nothing but falling losses.

    `python -m training.train --preset smoke --init none ...`
    """
    return TrainingConfig(
        preset="smoke",
        architecture=Architecture(
            channels=52,
            trunk_channels=16,
            code_size=8,
            encoder_blocks=1,
            generator_blocks=1,
            discriminator_channels=(8, 16),
            working_px=128,
        ),
        losses=LossWeights(),
        schedule=Schedule(
            images=96,
            epoch_images=48,
            batch=2,
            crop_px=64,
            content_px=88,
            reference_px=88,
            content_limit=32,
            train_encoder=True,
            ema_decay=0.9,
            preview_pictures=2,
        ),
    )


def quick() -> TrainingConfig:
    """About two minutes from the base checkpoint: a new brand's hand, good enough to judge the look.

    `python -m training.train --preset quick --content DATASET --style REFERENCES --brand NAME --out BUNDLE`
    """
    return TrainingConfig(
        preset="quick",
        architecture=Architecture(),
        losses=LossWeights(),
        schedule=Schedule(images=1_600, epoch_images=800, content_limit=300, crop_px=128),
    )


def standard() -> TrainingConfig:
    """About 10 minutes from the base checkpoint.

    `python -m training.train --preset standard --content DATASET --style REFERENCES --brand NAME --out BUNDLE`
    """
    return TrainingConfig(
        preset="standard",
        architecture=Architecture(),
        losses=LossWeights(),
        schedule=Schedule(
            images=9_000,
            epoch_images=1_500,
            content_limit=1_000,
            crop_px=128,
            ema_decay=0.998,
        ),
    )


def base() -> TrainingConfig:
    """About an hour from nothing: many looks at once, the encoder learns and distils VGG16.

    `python -m training.train_base --content POOL --style FOLDER_OF_BRANDS --perceptual VGG16 --out BUNDLE`
    """
    return TrainingConfig(
        preset="base",
        architecture=Architecture(),
        losses=LossWeights(),
        schedule=Schedule(
            images=60_000,
            epoch_images=2_000,
            content_limit=900,
            crop_px=128,
            encoder_images=12_000,
            ema_decay=0.998,
        ),
    )


PRESETS: Final[dict[str, Callable[[], TrainingConfig]]] = {
    preset.__name__: preset for preset in (smoke, quick, standard, base)
}


def preset(name: str, *, colour_policy: str, seed: int) -> TrainingConfig:
    """A preset with the brand's colour policy and the run's seed in.

    Raises:
        SettingsError: no such preset.
    """
    if name not in PRESETS:
        raise SettingsError(f"preset: expected one of {', '.join(PRESETS)}, received {name!r}")
    return dataclasses.replace(PRESETS[name](), colour_policy=colour_policy, seed=seed)
