"""The slow reference: gradient descent on the pixels of the colour-mapped photo (Gatys, Ecker, Bethge 2016)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipelines.core.errors import InputError
from pipelines.images.geometry import pad_to_multiple
from training.data import ContentPicture
from training.references import Reference

Pixels = NDArray[np.uint8]
Wanted = Mapping[str, tuple[Any, Any]]
_GRID_PX = 8


@dataclass(frozen=True)
class OptimisationSettings:
    """Adam steps on the pixels, their size in 0..1 units, and the weight of style beside content."""

    steps: int = 100
    rate: float = 0.02
    style_weight: float = 1.0


def wanted_statistics(references: Sequence[Reference], perceptual: Any) -> Wanted:
    """Mean and spread of perceptual features, averaged over references; what the optimisation steers to."""
    from training.losses import style_statistics

    rows: dict[str, list[tuple[NDArray[np.float32], NDArray[np.float32]]]] = {}
    for reference in references:
        picture, inside = _padded(reference.rgb), _padded_weights(reference.weights)
        for name, (mean, spread) in style_statistics(perceptual.features(picture), inside).items():
            rows.setdefault(name, []).append((np.asarray(mean), np.asarray(spread)))
    return {
        name: (np.mean([mean for mean, _ in row], axis=0), np.mean([spread for _, spread in row], axis=0))
        for name, row in rows.items()
    }


def optimise(
    picture: ContentPicture,
    mapped: Pixels,
    wanted: Wanted,
    perceptual: Any,
    settings: OptimisationSettings | None = None,
) -> Pixels:
    """One picture, optimised for content and style losses inside its product; the background keeps its bytes.

    Args:
        picture: the photo.
        mapped: the same with the colour map alone: where the descent starts, and whose content is kept.
        wanted: see `wanted_statistics`.
        perceptual: see `training.models.perceptual`.
        settings: number and size of steps.

    Raises:
        InputError: Keras runs on another backend than TensorFlow.
    """
    import keras

    if keras.backend.backend() != "tensorflow":
        raise InputError(
            f"optimisation: expected Keras on tensorflow, received {keras.backend.backend()}; "
            "set KERAS_BACKEND=tensorflow or leave the optimisation out"
        )
    import tensorflow as tf

    from training.losses import content_loss, style_loss, style_statistics

    chosen = settings or OptimisationSettings()
    start, inside = _padded(mapped), tf.constant(_padded_weights(picture.weights))
    content = perceptual.features(tf.constant(start))
    pixels = tf.Variable(start)
    adam = keras.optimizers.Adam(chosen.rate)

    @tf.function(jit_compile=False)  # type: ignore[untyped-decorator]
    def step() -> Any:
        with tf.GradientTape() as tape:
            seen = perceptual.features(pixels)
            loss = content_loss(seen, content, perceptual.content_layers, inside)
            loss += chosen.style_weight * style_loss(style_statistics(seen, inside), wanted)
        adam.apply([tape.gradient(loss, pixels)], [pixels])
        pixels.assign(tf.clip_by_value(pixels, 0.0, 1.0))
        return loss

    for _ in range(chosen.steps):
        step()
    height, width = picture.weights.shape
    painted = np.asarray(pixels.numpy())[0, :height, :width] * np.float32(255)
    blended: NDArray[np.float32] = picture.rgb + (painted - picture.rgb) * picture.weights[..., None]
    return np.asarray(np.rint(blended.clip(0, 255)), np.uint8)


def _padded(rgb: Pixels) -> NDArray[np.float32]:
    return (pad_to_multiple(rgb, _GRID_PX).astype(np.float32) / np.float32(255))[None]


def _padded_weights(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    """Weights over the padded picture; what is padded is no product."""
    height, width = (-side % _GRID_PX for side in weights.shape)
    return np.pad(weights, ((0, height), (0, width)))[None, ..., None]
