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
        """In the order the step takes them; the first axis of each counts the batch."""
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
    """`Batch.arrays()` as tensors: uint8 becomes float32 in 0..1, the rest stays."""
    import keras
    from keras import ops

    found = map(ops.convert_to_tensor, arrays)
    return tuple(
        ops.cast(x, "float32") / 255.0 if keras.backend.standardize_dtype(x.dtype) == "uint8" else x for x in found
    )


def shown_pictures(restyled: Any, pictures: Any, weights: Any) -> Any:
    """What a viewer will see: the hand's change of luminance, inside the product only.

    Colour is the colour map's under every policy: a residual that may paint chroma smears it over edges.
    """
    from training.models.views import luminance

    return pictures + luminance(restyled - pictures) * weights


def draft_of(gan: Any, perceptual: Any, config: TrainingConfig, targets: StyleTargets, tensors: Sequence[Any]) -> Draft:
    """Paint the batch and measure all terms but the adversarial one."""
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
    return Draft(terms, shown, codes)


def judgement(gan: Any, draft: Draft, tensors: Sequence[Any]) -> tuple[Any, Any, Any]:
    """The discriminator's loss on a draft, its accuracy on references and on restyled pictures.

    No gradient reaches the generator from here. The discriminator is called with `training=True`, once.
    """
    from keras import ops

    from training import losses as loss
    from training.models.views import hand_view

    _, weights, references, *_ = tensors
    views = ops.stop_gradient(ops.concatenate([hand_view(references), hand_view(draft.shown)], axis=0))
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
    from training.models.views import hand_view

    return loss.generator_loss(gan.discriminator(hand_view(draft.shown), draft.codes), tensors[1])
