"""What a training run is made of: architecture, loss weights, schedule. Stored whole in checkpoints."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Final, TypeVar

from pipelines.core.errors import ModelBundleError

ARCHITECTURE_VERSION: Final = 2
"""Raised whenever weights of an older layout no longer fit the code."""

COLOUR_POLICIES: Final = ("keep-hue", "full", "luminance")

_T = TypeVar("_T")


@dataclasses.dataclass(frozen=True)
class Architecture:
    """Sizes of the networks.

    `working_px` is the long side at which the brand's hand is drawn: larger pictures get its marks enlarged, so that a
    stroke keeps its size relative to the picture and a 1500 px photo costs no more than a small one.
    """

    version: int = ARCHITECTURE_VERSION
    channels: int = 64
    trunk_channels: int = 96
    code_size: int = 64
    encoder_blocks: int = 2
    generator_blocks: int = 3
    discriminator_channels: tuple[int, ...] = (32, 64, 128, 128)
    working_px: int = 336

    @property
    def receptive_px(self) -> int:
        """Pixels on each side that one output pixel can see, rounded up to the trunk's step of 8."""
        quarter, eighth = 2 * self.encoder_blocks + 2, 2 * self.generator_blocks
        return 8 * (eighth + -(-(4 * (quarter + 1)) // 8) + 1)


@dataclasses.dataclass(frozen=True)
class LossWeights:
    """Weight of each term in the generator's sum, and how much of some is free.

    A product's content and tone are protected by budgets rather than by a tug of war: up to them a hand costs nothing,
    beyond them every stroke is dear.
    """

    content: float = 4.0
    style: float = 2.0
    adversarial: float = 2.0
    reconstruction: float = 10.0
    identity: float = 0.5
    flat_background: float = 20.0
    edge: float = 2.0
    tone: float = 4.0
    habit: float = 0.7
    value_range: float = 5.0
    content_budget: float = 0.6
    tone_budget: float = 0.15


@dataclasses.dataclass(frozen=True)
class Schedule:
    """How long and in which steps. Training is counted in images, so that batch size and machine do not matter.

    `encoder_images` come before the `images` of the game: on them the encoder learns to see as VGG16 does and to keep
    every pixel. From then on it is frozen unless `train_encoder`, so that the space in which the generator works, and
    in which later runs measure content and style, stays what it is.
    """

    images: int = 20_000
    epoch_images: int = 2_000
    batch: int = 4
    crop_px: int = 128
    content_px: int = 400
    reference_px: int = 400
    content_limit: int = 1_000
    generator_rate: float = 5e-4
    discriminator_rate: float = 4e-4
    encoder_images: int = 0
    encoder_rate: float = 2e-3
    ema_decay: float = 0.995
    train_encoder: bool = False
    preview_pictures: int = 6
    perceptual_step: int = 2


@dataclasses.dataclass(frozen=True)
class TrainingConfig:
    """One run, resolved: written to `config.json` in the run folder before the first step."""

    preset: str
    architecture: Architecture
    losses: LossWeights
    schedule: Schedule
    colour_policy: str = "keep-hue"
    seed: int = 0


def to_json(value: Any) -> dict[str, Any]:
    """Plain dictionary of a frozen dataclass of this module."""
    return dataclasses.asdict(value)


def from_json(kind: type[_T], fields: Mapping[str, Any]) -> _T:
    """Rebuild `kind` from `to_json`'s dictionary.

    Raises:
        ModelBundleError: unknown or missing fields, or an architecture version this code does not know.
    """
    known = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(fields) - set(known))
    if unknown:
        raise ModelBundleError(
            f"{kind.__name__}: unknown fields {', '.join(unknown)}; this model was written by a newer version"
        )
    nested = {"architecture": Architecture, "losses": LossWeights, "schedule": Schedule}
    values: dict[str, Any] = {}
    for name, value in fields.items():
        if name in nested and isinstance(value, Mapping):
            values[name] = from_json(nested[name], value)
        else:
            values[name] = tuple(value) if isinstance(value, list) else value
    try:
        built = kind(**values)
    except TypeError as error:
        raise ModelBundleError(f"{kind.__name__}: {error}") from error
    if isinstance(built, Architecture) and built.version != ARCHITECTURE_VERSION:
        raise ModelBundleError(
            f"architecture version: expected {ARCHITECTURE_VERSION}, received {built.version}; "
            "train the brand again with this release"
        )
    return built
