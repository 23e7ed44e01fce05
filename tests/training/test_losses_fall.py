"""Each loss goes down when its own gradient is followed: none is a constant, none points the wrong way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from training import losses
from training.models.style_gan import StyleGan
from training.models.views import luminance
from training.presets import smoke

random = np.random.default_rng(4)
SMOOTH = np.repeat(np.repeat(random.uniform(0.1, 0.8, (1, 8, 8, 3)), 8, axis=1), 8, axis=2).astype(np.float32)
PICTURE = SMOOTH.copy()
PICTURE[:, :24] = 1.0
START = np.clip(PICTURE + 0.06 + random.normal(0, 0.08, PICTURE.shape), -0.1, 1.1).astype(np.float32)
DRAWN = np.indices((64, 64)).sum(axis=0)[None, :, :, None] % 4 < 2
REFERENCE = np.repeat(DRAWN, 3, axis=-1).astype(np.float32)
WEIGHTS = np.ones((1, 64, 64, 1), np.float32)


@pytest.fixture(scope="module")
def gan() -> StyleGan:
    return StyleGan(smoke().architecture, parts=("encoder", "mapping", "generator", "discriminator"))


Loss = Callable[[StyleGan, Any], Any]


def content(gan: StyleGan, y: Any) -> Any:
    return losses.content_loss({"a": gan.encoder(y)}, {"a": gan.encoder(PICTURE)}, ("a",), WEIGHTS)


def style(gan: StyleGan, y: Any) -> Any:
    wanted = losses.style_statistics({"a": gan.encoder(REFERENCE)})
    return losses.style_loss(losses.style_statistics({"a": gan.encoder(y)}, WEIGHTS), wanted)


def adversarial(gan: StyleGan, y: Any) -> Any:
    code = np.ones((1, gan.architecture.code_size), np.float32)
    return losses.generator_loss(gan.discriminator(luminance(y), code), WEIGHTS)


SIMPLE: dict[str, Loss] = {
    "reconstruction": lambda _, y: losses.reconstruction_loss(y, PICTURE),
    "identity": lambda _, y: losses.identity_loss(y - PICTURE),
    "flat_background": lambda _, y: losses.flat_background_loss(y, PICTURE),
    "edge": lambda _, y: losses.edge_loss(y, SMOOTH, WEIGHTS),
    "tone": lambda _, y: losses.tone_loss(y, PICTURE, WEIGHTS),
    "habit": lambda _, y: losses.habit_loss(y, np.float32([0.3, 0.2, 0.1]), np.float32([1.0, 0.5, 1.0]), WEIGHTS),
    "value_range": lambda _, y: losses.range_loss(y),
    "content": content,
    "style": style,
    "adversarial": adversarial,
}


@pytest.mark.parametrize("name", sorted(SIMPLE))
def test_following_the_gradient_lowers_the_loss(gan: StyleGan, name: str) -> None:
    import tensorflow as tf

    y = tf.Variable(START)
    values = []
    for _ in range(12):
        with tf.GradientTape() as tape:
            value = SIMPLE[name](gan, y)
        gradient = tape.gradient(value, y)
        y.assign_sub(0.01 * gradient / (tf.reduce_max(tf.abs(gradient)) + 1e-12))
        values.append(float(value))
    assert values[0] > 0
    assert values[-1] < values[0]


def test_discriminator_learns_to_tell_apart(gan: StyleGan) -> None:
    import keras
    import tensorflow as tf

    code = np.ones((1, gan.architecture.code_size), np.float32)
    learning = gan.variables("discriminator", trainable=True)
    optimizer = keras.optimizers.Adam(2e-3)
    values = []
    for _ in range(15):
        with tf.GradientTape() as tape:
            real = gan.discriminator(luminance(REFERENCE) - 0.5, code, training=True)
            fake = gan.discriminator(luminance(PICTURE) - 0.5, code, training=True)
            value = losses.discriminator_loss(real, fake, WEIGHTS)
        optimizer.apply(tape.gradient(value, learning), learning)
        values.append(float(value))
    assert values[-1] < 0.8 * values[0]
