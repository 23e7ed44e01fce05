"""One training step: discriminator and generator in turn, compiled once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from training.config import TrainingConfig
from training.terms import TERMS, StyleTargets, adversarial_term, draft_of, judgement, prepared

NUMBERS = (*TERMS, "generator", "discriminator", "real_accuracy", "fake_accuracy")


def build_step(
    gan: Any,
    perceptual: Any,
    config: TrainingConfig,
    targets: StyleTargets,
    optimizers: tuple[Any, Any],
    averages: Sequence[Any],
) -> Callable[..., Any]:
    """Compile the step: arrays of a `Batch` and the averages' decay -> float32 vector in the order `NUMBERS`.

    The discriminator learns first on this step's pictures, then the generator against it. `averages` are updated as
    exponential moving averages of encoder, mapping and generator.
    """
    import tensorflow as tf

    weigh = config.losses
    parts = ["mapping", "generator"]
    if config.schedule.train_encoder:
        parts.append("encoder")
    learning = gan.variables(*parts, trainable=True)
    judging = gan.variables("discriminator", trainable=True)
    followed = gan.variables("encoder", "mapping", "generator")
    on_generator, on_discriminator = optimizers
    on_generator.build(learning)
    on_discriminator.build(judging)

    def step(*given: Any) -> Any:
        *arrays, decay = given
        tensors = prepared(arrays)
        with tf.GradientTape() as tape:
            draft = draft_of(gan, perceptual, config, targets, tensors)
            with tf.GradientTape() as judge:
                judged, right_real, right_fake = judgement(gan, draft, tensors)
            on_discriminator.apply(judge.gradient(judged, judging), judging)
            terms = {**draft.terms, "adversarial": adversarial_term(gan, draft, tensors)}
            total = sum(getattr(weigh, name) * terms[name] for name in TERMS)
        on_generator.apply(tape.gradient(total, learning), learning)
        for average, variable in zip(averages, followed, strict=True):
            average.assign(average * decay + variable.value * (1.0 - decay))
        return tf.stack([*(terms[name] for name in TERMS), total, judged, right_real, right_fake])

    return tf.function(step, jit_compile=False)  # type: ignore[no-any-return]
