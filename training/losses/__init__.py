"""One loss a file."""

from training.losses.adversarial import discriminator_loss, generator_loss
from training.losses.content import content_loss
from training.losses.distillation import distillation_loss
from training.losses.edge import edge_loss
from training.losses.flat_background import flat_background_loss
from training.losses.habit import habit_loss
from training.losses.identity import identity_loss
from training.losses.reconstruction import reconstruction_loss
from training.losses.style import style_loss, style_statistics
from training.losses.tone import tone_loss
from training.losses.value_range import range_loss

__all__ = [
    "content_loss",
    "discriminator_loss",
    "distillation_loss",
    "edge_loss",
    "flat_background_loss",
    "generator_loss",
    "habit_loss",
    "identity_loss",
    "range_loss",
    "reconstruction_loss",
    "style_loss",
    "style_statistics",
    "tone_loss",
]
