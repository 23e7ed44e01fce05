"""One training step: discriminator and generator in turn, compiled once."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from training.config import TrainingConfig


@dataclasses.dataclass(frozen=True)
class Batch:
    """Arrays of one step; B pictures, B references of the same brands.

    Attributes:
        pictures: uint8 [B,c,c,3], colour-mapped inside the product.
        weights: uint8 [B,c,c,1], product mask 0..255.
        references: uint8 [B,c,c,3].
        grain: float32 [B,c,c,1], windows of the fixed field (see `training.grain`).
        style: float32 [B,2C], encoder statistics of a few references each.
        brands: int32 [B], row in the table of style targets.
    """

    pictures: np.ndarray
    weights: np.ndarray
    references: np.ndarray
    grain: np.ndarray
    style: np.ndarray
    brands: np.ndarray

    def arrays(self) -> tuple[np.ndarray, ...]:
        """In the order the step takes them."""
        return self.pictures, self.weights, self.references, self.grain, self.style, self.brands


StyleTargets = dict[str, tuple[np.ndarray, np.ndarray]]
"""Layer -> (mean [brands,C], spread [brands,C]) of the perceptual features of each brand's references."""

TERMS = (
    "content",
    "style",
    "adversarial",
    "reconstruction",
    "identity",
    "flat_background",
    "edge",
    "tone",
    "grid",
    "value_range",
)
NUMBERS = (*TERMS, "generator", "discriminator", "real_accuracy", "fake_accuracy")


def shown_pictures(restyled: Any, pictures: Any, weights: Any) -> Any:
    """What a viewer will see: the hand's change of luminance, inside the product only.

    Colour is the colour map's under every policy: a residual that may paint chroma smears it over edges.
    """
    from training.models.views import luminance

    return pictures + luminance(restyled - pictures) * weights


def generator_terms(
    gan: Any, perceptual: Any, config: TrainingConfig, targets: StyleTargets, tensors: Sequence[Any]
) -> tuple[dict[str, Any], Any, Any]:
    """All terms but the adversarial one, the pictures to be judged, and the codes."""
    from keras import ops

    from training import losses as loss
    from training.models.views import perceptual_view

    pictures, weights, references, grain, style, brands = tensors
    few = max(1, config.schedule.batch // 4)
    codes = gan.mapping(style)
    inputs = ops.concatenate([pictures, pictures[:few], references[:few]], axis=0)
    all_codes = ops.concatenate([codes, ops.zeros_like(codes[:few]), codes[:few]], axis=0)
    features = gan.encoder(inputs)
    grains = ops.concatenate([grain, grain[:few], grain[:few]], axis=0)
    painted = gan.generator(features, inputs, grains, all_codes)
    count = config.schedule.batch
    restyled, photo, own = painted[:count], painted[count : count + few], painted[count + few :]
    shown = shown_pictures(restyled, pictures, weights)
    seen = perceptual.features(perceptual_view(shown, colour=False))
    before = perceptual.features(perceptual_view(pictures, colour=False))
    wanted = {
        name: (ops.take(mean, brands, axis=0), ops.take(spread, brands, axis=0))
        for name, (mean, spread) in targets.items()
    }
    terms = {
        "content": loss.content_loss(seen, before, perceptual.content_layers, weights),
        "style": loss.style_loss(loss.style_statistics(seen, weights), wanted),
        "reconstruction": loss.reconstruction_loss(photo, inputs[:few]),
        "identity": loss.identity_loss(own, references[:few]),
        "flat_background": loss.flat_background_loss(restyled, pictures),
        "edge": loss.edge_loss(shown, pictures, weights),
        "tone": loss.tone_loss(shown, pictures, weights),
        "grid": loss.grid_loss(shown, pictures),
        "value_range": loss.range_loss(painted),
    }
    return terms, shown, codes


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

    from training import losses as loss
    from training.models.views import hand_view

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

    def step(pictures: Any, weights: Any, references: Any, grain: Any, style: Any, brands: Any, decay: Any) -> Any:
        pictures = tf.cast(pictures, tf.float32) / 255.0
        references = tf.cast(references, tf.float32) / 255.0
        weights = tf.cast(weights, tf.float32) / 255.0
        with tf.GradientTape() as tape:
            tensors = (pictures, weights, references, grain, style, brands)
            terms, shown, codes = generator_terms(gan, perceptual, config, targets, tensors)
            fake_view = hand_view(shown)
            with tf.GradientTape() as judge:
                views = tf.stop_gradient(tf.concat([hand_view(references), fake_view], axis=0))
                fixed = tf.stop_gradient(codes)
                verdicts = gan.discriminator(views, tf.concat([fixed, fixed], axis=0), training=True)
                count = config.schedule.batch
                real, fake = [v[:count] for v in verdicts], [v[count:] for v in verdicts]
                judged = loss.discriminator_loss(real, fake, weights)
            gradients = judge.gradient(judged, judging)
            on_discriminator.apply(gradients, judging)
            terms["adversarial"] = loss.generator_loss(gan.discriminator(fake_view, codes), weights)
            total = sum(getattr(weigh, name) * terms[name] for name in TERMS)
        on_generator.apply(tape.gradient(total, learning), learning)
        for average, variable in zip(averages, followed, strict=True):
            average.assign(average * decay + variable.value * (1.0 - decay))
        right_real = tf.reduce_mean([tf.reduce_mean(tf.cast(v > 0.5, tf.float32)) for v in real])
        right_fake = tf.reduce_mean([tf.reduce_mean(tf.cast(v < 0.5, tf.float32)) for v in fake])
        return tf.stack([*(terms[name] for name in TERMS), total, judged, right_real, right_fake])

    return tf.function(step, jit_compile=False)  # type: ignore[no-any-return]
