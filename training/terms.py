"""What a step plays for: the loss terms of one batch, as pure functions on Keras ops."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from training.config import TrainingConfig


@dataclasses.dataclass(frozen=True)
class Batch:
    """Arrays of one step; B pictures, B references of the same brands.

    Attributes:
        pictures: uint8 [B,c,c,3], colour-mapped inside the product.
        weights: uint8 [B,c,c,1], product mask 0..255.
        layers: float16 [B,c,c,5], what the hand can lay on the pictures (see `pipelines.images.hand_layers`).
        references: uint8 [B,c,c,3].
        reference_layers: float16 [B,c,c,5], the same for the references.
        style: float32 [B,2C], encoder statistics of a few references each.
        brands: int32 [B], row in the table of style targets.
    """

    pictures: np.ndarray
    weights: np.ndarray
    layers: np.ndarray
    references: np.ndarray
    reference_layers: np.ndarray
    style: np.ndarray
    brands: np.ndarray

    def arrays(self) -> tuple[np.ndarray, ...]:
        """In the order the step takes them; the first axis of each counts the batch."""
        return (
            self.pictures,
            self.weights,
            self.layers,
            self.references,
            self.reference_layers,
            self.style,
            self.brands,
        )


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
    "habit",
    "value_range",
)


@dataclasses.dataclass(frozen=True)
class Draft:
    """What the generator made of one batch.

    Attributes:
        terms: every term of `TERMS` but the adversarial one.
        shown: float32 [B,c,c,3], the pictures to be judged.
        codes: float32 [B,S], under which they are judged.
    """

    terms: dict[str, Any]
    shown: Any
    codes: Any


def prepared(arrays: Sequence[Any]) -> tuple[Any, ...]:
    """`Batch.arrays()` as tensors: uint8 becomes float32 in 0..1, float16 float32, the rest stays."""
    import keras
    from keras import ops

    tensors = []
    for tensor in map(ops.convert_to_tensor, arrays):
        kind = keras.backend.standardize_dtype(tensor.dtype)
        scale = 255.0 if kind == "uint8" else 1.0
        tensors.append(ops.cast(tensor, "float32") / scale if kind in ("uint8", "float16") else tensor)
    return tuple(tensors)


def change_of(marks: Any, layers: Any) -> Any:
    """What marks [N,H,W,5] on layers [N,H,W,5] add to luminance, [N,H,W,1].

    Luminance alone: colour is the colour map's under every policy, a hand that paints chroma smears it over edges.
    """
    from keras import ops

    return ops.sum(marks * layers, axis=-1, keepdims=True)


def draft_of(gan: Any, perceptual: Any, config: TrainingConfig, targets: StyleTargets, tensors: Sequence[Any]) -> Draft:
    """Paint the batch and measure all terms but the adversarial one."""
    from keras import ops

    from training import losses as loss
    from training.models.generator import MOST, USUAL
    from training.models.views import perceptual_view, shrink

    pictures, weights, layers, references, reference_layers, style, brands = tensors
    weigh, count = config.losses, config.schedule.batch
    few = max(1, count // 4)
    codes = gan.mapping(style)
    features = gan.encoder(ops.concatenate([pictures, references[:few]], axis=0))
    marks = gan.generator(features, ops.concatenate([codes, codes[:few]], axis=0))
    change = change_of(marks[:count], layers)
    shown = pictures + change * weights
    step = config.schedule.perceptual_step
    seen = perceptual.features(perceptual_view(shrink(shown, step), colour=False))
    before = perceptual.features(perceptual_view(shrink(pictures, step), colour=False))
    wanted = {
        name: (ops.take(mean, brands, axis=0), ops.take(spread, brands, axis=0))
        for name, (mean, spread) in targets.items()
    }
    content = loss.content_loss(seen, before, perceptual.content_layers, weights)
    terms = {
        "content": ops.relu(content - weigh.content_budget),
        "style": loss.style_loss(loss.style_statistics(seen, weights), wanted),
        "reconstruction": loss.reconstruction_loss(gan.generator.photo(features[:few]), pictures[:few]),
        "identity": loss.identity_loss(change_of(marks[count:], reference_layers[:few])),
        "flat_background": loss.flat_background_loss(pictures + change * (1 - weights), pictures),
        "edge": loss.edge_loss(shown, pictures, weights),
        "tone": ops.relu(loss.tone_loss(shown, pictures, weights) - weigh.tone_budget),
        "habit": loss.habit_loss(marks[:count], USUAL, MOST, weights),
        "value_range": loss.range_loss(shown),
    }
    return Draft(terms, shown, codes)


def judgement(gan: Any, draft: Draft, tensors: Sequence[Any]) -> tuple[Any, Any, Any]:
    """The discriminator's loss on a draft, its accuracy on references and on restyled pictures.

    No gradient reaches the generator from here. The discriminator is called with `training=True`, once.
    """
    from keras import ops

    from training import losses as loss
    from training.models.views import judged_view

    _, weights, _, references, *_ = tensors
    views = ops.stop_gradient(ops.concatenate([judged_view(references), judged_view(draft.shown)], axis=0))
    fixed = ops.stop_gradient(draft.codes)
    verdicts = gan.discriminator(views, ops.concatenate([fixed, fixed], axis=0), training=True)
    count = references.shape[0]
    real, fake = [v[:count] for v in verdicts], [v[count:] for v in verdicts]
    right_real = ops.mean(ops.stack([ops.mean(ops.cast(v > 0.5, "float32")) for v in real]))
    right_fake = ops.mean(ops.stack([ops.mean(ops.cast(v < 0.5, "float32")) for v in fake]))
    return loss.discriminator_loss(real, fake, weights), right_real, right_fake


def adversarial_term(gan: Any, draft: Draft, tensors: Sequence[Any]) -> Any:
    """How far the draft is from passing for the brand's own."""
    from training import losses as loss
    from training.models.views import judged_view

    return loss.generator_loss(gan.discriminator(judged_view(draft.shown), draft.codes), tensors[1])
