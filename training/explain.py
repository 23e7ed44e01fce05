"""Show where a look came from, as one image: `python -m training.explain PICTURE --model BUNDLE ...`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.core.errors import ImageRejected, InputError
from pipelines.core.jobs import run_job
from pipelines.images.colour import delta_e2000, lab_statistics, srgb8_to_lab
from pipelines.images.decode import DecodeLimits, decode_image
from pipelines.images.encode import flatten_on_white
from pipelines.images.mask import product_mask
from training.bundle import load_bundle
from training.config import COLOUR_POLICIES
from training.data import ContentPicture
from training.evaluate import add_alexnet
from training.evaluation.looks import Looks, Regime, at_measured_size
from training.files import write_bytes
from training.metrics.figures import MEASURED_PX, Picture, measured
from training.references import Brand, load_brand

Pixels = NDArray[np.uint8]
_NEAREST: Final = 3


@dataclass(frozen=True)
class Losses:
    """Losses of one picture, layer by layer, as the training counts them, without their weights.

    Attributes:
        content: of the look against the photo.
        style: of the photo, of the colour map alone and of the look, each against the brand's references.
    """

    content: dict[str, float]
    style: dict[str, dict[str, float]]


@dataclass(frozen=True)
class Explanation:
    """What the image shows.

    Attributes:
        photo: uint8 [H,W,3].
        mapped: with the colour map alone.
        look: the result.
        weights: the product, [H,W].
        losses: layer by layer.
        nearest: names, pictures and distances of the references nearest to the look, the nearest first.
        measure: what those distances are.
    """

    photo: Pixels
    mapped: Pixels
    look: Pixels
    weights: NDArray[np.float32]
    losses: Losses
    nearest: tuple[tuple[str, Pixels, float], ...]
    measure: str

    @property
    def colour_change(self) -> NDArray[np.float32]:
        """CIEDE2000 [H,W] that the colour map brought."""
        return delta_e2000(srgb8_to_lab(self.photo), srgb8_to_lab(self.mapped))

    @property
    def hand_change(self) -> NDArray[np.float32]:
        """CIEDE2000 [H,W] that the drawing hand brought."""
        return delta_e2000(srgb8_to_lab(self.mapped), srgb8_to_lab(self.look))


def main(argv: list[str] | None = None, prog: str = "python -m training.explain") -> int:
    """Entry point; the last line printed is a JSON summary."""
    parser = argparse.ArgumentParser(prog=prog, description="Show where a look came from, as one image.")
    parser.add_argument("picture", type=Path)
    parser.add_argument("--model", type=Path, required=True, help="model bundle")
    parser.add_argument("--brand", required=True)
    parser.add_argument("--references", type=Path, required=True, help="the brand's reference pictures")
    parser.add_argument("--out", type=Path, required=True, help="PNG to write")
    parser.add_argument("--strength", type=float, default=1.0)
    parser.add_argument("--colour", choices=COLOUR_POLICIES, help="default: the brand's own policy")
    parser.add_argument("--perceptual", default="auto", help="as for training.train")
    add_alexnet(parser)
    options = parser.parse_args(argv)
    return run_job(lambda: _job(options))


def _job(options: argparse.Namespace) -> dict[str, Any]:
    from training.evaluation.explanation_sheet import explanation_png
    from training.metrics.alexnet import AlexNet
    from training.perceptual_choice import choose_perceptual
    from training.train import shipped_bundle

    if not 0 <= options.strength <= 1:
        raise InputError(f"--strength: expected 0..1, received {options.strength}")
    bundle = load_bundle(options.model)
    bundle.brand(options.brand)
    picture = read_picture(options.picture)
    brand = load_brand(options.brand, options.references, MEASURED_PX)
    perceptual = choose_perceptual(options.perceptual, shipped_bundle() or bundle, dtype="float32")
    alexnet = AlexNet.load(options.alexnet) if options.alexnet else None
    looks = Looks(bundle, options.brand, [picture])
    regime = Regime(options.colour or looks.own_colour, options.strength)
    explained = explain(looks, regime, brand, perceptual, alexnet)
    write_bytes(options.out, explanation_png(explained, f"{options.brand}, {regime.name}"))
    return {
        "out": str(options.out),
        "content": {name: round(value, 4) for name, value in explained.losses.content.items()},
        "style": {
            of: {name: round(value, 4) for name, value in layers.items()}
            for of, layers in explained.losses.style.items()
        },
        "nearest": {name: round(distance, 4) for name, _, distance in explained.nearest},
    }


def read_picture(file: Path) -> ContentPicture:
    """A product picture at the size at which looks are measured.

    Raises:
        InputError: it cannot be read, or nothing of it is visible.
    """
    try:
        decoded = decode_image(file.read_bytes(), DecodeLimits())
    except (ImageRejected, OSError) as error:
        raise InputError(f"picture {file} cannot be used: {error}") from error
    mask = product_mask(decoded.rgb, decoded.alpha).weights
    rgb = decoded.rgb if decoded.alpha is None else flatten_on_white(decoded.rgb, decoded.alpha)
    return at_measured_size(ContentPicture(file.stem, file.name, rgb, mask, lab_statistics(rgb, mask)))


def explain(looks: Looks, regime: Regime, brand: Brand, perceptual: Any, alexnet: Any | None) -> Explanation:
    """Explain the first picture of `looks`.

    Args:
        looks: of the model.
        regime: colour policy and strength.
        brand: with its references.
        perceptual: in which losses are counted; see `training.models.perceptual`.
        alexnet: in which the nearest references are found; None takes the perceptual network's statistics.
    """
    picture = looks.pictures[0]
    mapped, look = looks.colour_only(regime)[0], looks.restyled(regime)[0]
    references = [(r.name, measured(r.rgb, r.weights)) for r in brand.references]
    losses = _losses(picture, mapped, look, [reference for _, reference in references], perceptual)
    shown = Picture(look, picture.weights)
    if alexnet is not None:
        distances = _by_patches(shown, references, alexnet)
        measure = "patch distance in AlexNet"
    else:
        distances = _by_statistics(shown, references, perceptual)
        measure = "distance of mean and spread"
    order = np.argsort([distance for _, _, distance in distances], kind="stable")[:_NEAREST]
    return Explanation(
        picture.rgb, mapped, look, picture.weights, losses, tuple(distances[int(i)] for i in order), measure
    )


def _losses(
    picture: ContentPicture, mapped: Pixels, look: Pixels, references: Sequence[Picture], perceptual: Any
) -> Losses:
    from training.losses import content_loss, style_loss, style_statistics
    from training.models.views import perceptual_view

    def features(rgb: Pixels, *, colour: bool) -> dict[str, Any]:
        found: dict[str, Any] = perceptual.features(perceptual_view(_batch(rgb), colour=colour))
        return found

    inside = _batch_weights(picture.weights)
    before, after = features(picture.rgb, colour=True), features(look, colour=True)
    content = {name: float(content_loss(after, before, (name,), inside)) for name in perceptual.content_layers}
    rows = [style_statistics(features(r.rgb, colour=False), _batch_weights(r.weights)) for r in references]
    wanted = {
        name: tuple(np.mean([np.asarray(row[name][part]) for row in rows], axis=0) for part in (0, 1))
        for name in rows[0]
    }
    style = {}
    for of, rgb in (("photo", picture.rgb), ("colour map alone", mapped), ("look", look)):
        seen = style_statistics(features(rgb, colour=False), inside)
        style[of] = {name: float(style_loss({name: seen[name]}, wanted)) for name in seen}
    return Losses(content, style)


def _by_patches(
    look: Picture, references: Sequence[tuple[str, Picture]], alexnet: Any
) -> list[tuple[str, Pixels, float]]:
    """How far the look's patches are from their nearest in each reference alone, averaged over layers."""
    from training.metrics.patch_hand import patch_bank, patch_distances

    seen = alexnet.features(look.rgb)
    found = []
    for name, reference in references:
        bank = patch_bank([(alexnet.features(reference.rgb), reference.weights)])
        found.append((name, reference.rgb, float(np.mean(patch_distances(seen, look.weights, bank)))))
    return found


def _by_statistics(
    look: Picture, references: Sequence[tuple[str, Picture]], perceptual: Any
) -> list[tuple[str, Pixels, float]]:
    """How far the look's statistics are from each reference's own, relative to the latter."""
    from training.metrics.style_gap import set_statistics, style_distance

    seen = set_statistics(perceptual, [look.rgb], [look.weights], colour=False)
    found = []
    for name, reference in references:
        own = set_statistics(perceptual, [reference.rgb], [reference.weights], colour=False)
        found.append((name, reference.rgb, style_distance(seen, own)))
    return found


def _batch(rgb: Pixels) -> NDArray[np.float32]:
    """[1,H,W,3] in 0..1, cut to whole eighths as the features are."""
    height, width = (side - side % 8 for side in rgb.shape[:2])
    return rgb[None, :height, :width].astype(np.float32) / np.float32(255)


def _batch_weights(weights: NDArray[np.float32]) -> NDArray[np.float32]:
    height, width = (side - side % 8 for side in weights.shape)
    return np.ascontiguousarray(weights[None, :height, :width, None])


if __name__ == "__main__":
    sys.exit(main())
