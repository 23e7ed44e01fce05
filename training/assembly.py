"""From trained weights to a model bundle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.images.colour import LabStatistics, lab_statistics
from training.bundle import TEXTURES, TONAL_ART, BrandStyle, ModelBundle, ReferenceStyle
from training.config import TrainingConfig, to_json
from training.models.style_gan import TRAINING_PARTS, StyleGan
from training.references import Brand
from training.texture import texton

AVERAGE = "average/"
"""Prefix, in a checkpoint, of the moving averages of weights."""
PALETTES: Final = "palettes/"
"""Prefix, in a checkpoint, of the brands' palettes."""
COLOURS: Final = "reference_colours/"
"""Prefix, in a checkpoint, of each reference's colours: brand, number and file name follow."""


def reference_arrays(brands: Sequence[Brand]) -> dict[str, NDArray[np.float32]]:
    """What a bundle tells of the references beside their style codes, as arrays for a checkpoint."""
    arrays = {}
    for brand in brands:
        arrays[TEXTURES + brand.name] = texton(brand.references)
        arrays[TONAL_ART + brand.name] = brand.tonal_art
        arrays[PALETTES + brand.name] = np.array(brand.palette, np.float32).reshape(-1, 4)
        for index, reference in enumerate(brand.references):
            found = lab_statistics(reference.rgb, reference.weights)
            row = np.array([*found.mean, *found.spread, found.chroma, found.weight], np.float32)
            arrays[f"{COLOURS}{brand.name}/{index:04d}/{reference.name}"] = row
    return arrays


def bundle_of(
    config: TrainingConfig,
    arrays: Mapping[str, NDArray[np.float32]],
    statistics: Mapping[str, LabStatistics],
    references: Mapping[str, NDArray[np.float32]],
    *,
    created_by: str,
    images: int,
    perceptual: str,
    metrics: Mapping[str, float],
) -> ModelBundle:
    """The averaged weights of a checkpoint, with every brand's code, as a model bundle.

    Args:
        config: of the run.
        arrays: of the checkpoint, those of `reference_arrays` among them.
        statistics: colours of each brand's references.
        references: encoder statistics of each brand's references, float32 [references,2C].
        created_by: the command, without paths.
        images: trained on.
        perceptual: name of the perceptual network.
        metrics: figures at the end of training.

    Raises:
        ModelBundleError: weights are missing.
    """
    gan = StyleGan(config.architecture)
    gan.load_arrays({path: arrays.get(AVERAGE + path, array) for path, array in arrays.items()})
    styles = {}
    for name, rows in references.items():
        code = np.asarray(gan.mapping(rows.mean(axis=0, keepdims=True)))[0]
        codes = [tuple(map(float, np.asarray(gan.mapping(row[None]))[0])) for row in rows]
        colours = _reference_colours(arrays, name)
        found = {
            file: ReferenceStyle(codes[index], colour)
            for index, (file, colour) in enumerate(colours.items())
            # A blank reference has no colours that a look could take.
            if index < len(codes) and colour.weight > 0
        }
        rows = arrays.get(PALETTES + name, np.zeros((0, 4), np.float32))
        palette = tuple((float(L), float(a), float(b), float(share)) for L, a, b, share in rows)
        styles[name] = BrandStyle(tuple(map(float, code)), statistics[name], config.colour_policy, found, palette)
    return ModelBundle(
        architecture=config.architecture,
        brands=styles,
        weights=gan.arrays(),
        parts=TRAINING_PARTS,
        created_by=created_by,
        training={
            "preset": config.preset,
            "seed": config.seed,
            "images": images,
            "losses": to_json(config.losses),
            "perceptual": perceptual,
        },
        metrics=metrics,
        textures={name: arrays[TEXTURES + name] for name in styles if TEXTURES + name in arrays},
        tonal_art={name: arrays[TONAL_ART + name] for name in styles if TONAL_ART + name in arrays},
    )


def _reference_colours(arrays: Mapping[str, NDArray[np.float32]], brand: str) -> dict[str, LabStatistics]:
    """Colours by file name, in the order of the references."""
    found = {}
    for path in sorted(path for path in arrays if path.startswith(f"{COLOURS}{brand}/")):
        file = path.removeprefix(f"{COLOURS}{brand}/").partition("/")[2]
        values = [float(value) for value in arrays[path]]
        mean, spread = (values[0], values[1], values[2]), (values[3], values[4], values[5])
        found[file] = LabStatistics(mean, spread, values[6], values[7])
    return found
