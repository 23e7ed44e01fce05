"""The encoder's own schooling, before the game begins: to see as VGG16 does, and to lose no pixel."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from training.compiled import Differentiate, compiled
from training.config import Schedule
from training.prefetch import prefetched
from training.sampling import BatchSampler
from training.terms import prepared

_LOG_STEPS = 50
_PIXELS = 10.0


def teach_encoder(
    gan: Any,
    teacher: Any,
    sampler: BatchSampler,
    schedule: Schedule,
    report: Callable[[int, dict[str, float]], None],
) -> None:
    """Train encoder, distillation heads and the generator's pixel readout for `schedule.encoder_images`.

    Half of each batch are products in colour, half references in the grey view of their hand: later runs look at both.

    Args:
        gan: networks.
        teacher: VGG16.
        sampler: draws the batches.
        schedule: length and learning rate.
        report: called with images done and mean losses.
    """
    import keras

    rate, batch = schedule.encoder_rate, 2 * schedule.batch
    optimizer = keras.optimizers.Adam(rate, beta_1=0.9, beta_2=0.99, global_clipnorm=2.0)
    step = build_encoder_step(gan, teacher, optimizer)
    last = math.ceil(schedule.encoder_images / batch)
    nothing = [np.zeros((1, 2), np.float32) for _ in sampler.brands]
    window: list[Any] = []
    # Negative numbers would repeat no batch of the game, but seeds must not be negative: the far end serves as well.
    for number, drawn in prefetched(sampler, range(2**31, 2**31 + last), nothing):
        done = number - 2**31 + 1
        optimizer.learning_rate = rate * (1.0 - 0.95 * done / last)
        window.append(np.asarray(step(drawn.pictures, drawn.references)))
        if len(window) == _LOG_STEPS or done == last:
            distillation, pixels = (float(value) for value in np.mean(window, axis=0))
            report(done * batch, {"distillation": distillation, "pixels": pixels})
            window = []


def build_encoder_step(gan: Any, teacher: Any, optimizer: Any) -> Callable[..., Any]:
    """Compile: products and references, uint8 [B,c,c,3] each -> float32 (distillation, pixels)."""
    from keras import ops

    from training import losses as loss
    from training.models.views import perceptual_view

    learning = gan.variables("encoder", "heads", trainable=True) + gan.generator.readout.trainable_variables
    optimizer.build(learning)

    def step(differentiate: Differentiate, *arrays: Any) -> Any:
        pictures, references = prepared(arrays)
        drawn = perceptual_view(references, colour=False)
        inputs = ops.concatenate([pictures, drawn], axis=0)
        wanted = teacher.features(inputs)

        def school() -> tuple[Any, Any]:
            features = gan.encoder(inputs)
            distillation = loss.distillation_loss(gan.heads(features), wanted)
            kept = loss.reconstruction_loss(gan.generator.photo(features), inputs)
            return distillation + _PIXELS * kept, ops.stack([distillation, kept])

        _, numbers, gradients = differentiate(school, learning)
        optimizer.apply(gradients, learning)
        return numbers

    return compiled(step, [*learning, *optimizer.variables])
