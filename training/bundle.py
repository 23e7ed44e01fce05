"""Model bundles: a folder with `model.json` and `weights.safetensors`.

Numbers only; the networks are built from our code.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.core.errors import ModelBundleError
from pipelines.core.looks import Mix
from pipelines.images.colour import LabStatistics
from pipelines.images.palette import Palette, mixed_palette
from pipelines.images.tonal_art import SIDE_PX, TONES
from training.config import COLOUR_POLICIES, Architecture, from_json, to_json
from training.files import safetensors_bytes, write_bytes

SCHEMA_VERSION: Final = 1
MODEL_JSON: Final = "model.json"
WEIGHTS: Final = "weights.safetensors"
TEXTURES: Final = "texture/"
"""Prefix, among the arrays, of the brands' textures."""
TONAL_ART: Final = "tonal_art/"
"""Prefix, among the arrays, of the brands' tonal art."""
CARD_SUFFIXES: Final = frozenset({".md", ".txt", ".json", ".csv", ".png", ".jpg", ".jpeg", ".webp"})
"""Of files that may lie beside the two: a model's card with its pictures and figures. Nothing reads them."""


@dataclass(frozen=True)
class ReferenceStyle:
    """One reference: its own style code and colours."""

    code: tuple[float, ...]
    statistics: LabStatistics


@dataclass(frozen=True)
class BrandStyle:
    """What a bundle knows of one brand.

    Attributes:
        code: style code of all references together.
        statistics: colours of all references together.
        colour_policy: what it was trained for.
        references: each reference by its file name; empty in bundles of older releases.
        palette: colours of all references together.
    """

    code: tuple[float, ...]
    statistics: LabStatistics
    colour_policy: str
    references: Mapping[str, ReferenceStyle] = dataclasses.field(default_factory=dict)
    palette: Palette = ()


@dataclass(frozen=True)
class ModelBundle:
    """A model bundle in memory.

    Attributes:
        architecture: sizes of the networks.
        brands: by name.
        weights: float32 arrays by variable path.
        parts: networks whose weights are there; "encoder" and "generator" always are.
        created_by: the command, without paths.
        training: what it was trained with: configuration, images, perceptual network.
        metrics: figures at the end of training.
        textures: by brand, float32 [S,S]; see `training.texture`.
        tonal_art: by brand, float32 [3,S,S]; see `pipelines.images.tonal_art`.
        sha256: of `model.json`; empty until written.
    """

    architecture: Architecture
    brands: Mapping[str, BrandStyle]
    weights: Mapping[str, NDArray[np.float32]]
    parts: tuple[str, ...]
    created_by: str
    training: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    metrics: Mapping[str, float] = dataclasses.field(default_factory=dict)
    textures: Mapping[str, NDArray[np.float32]] = dataclasses.field(default_factory=dict)
    tonal_art: Mapping[str, NDArray[np.float32]] = dataclasses.field(default_factory=dict)
    sha256: str = ""

    def brand(self, name: str) -> BrandStyle:
        """A brand's style.

        Raises:
            ModelBundleError: the bundle does not know the brand.
        """
        if name not in self.brands:
            raise ModelBundleError(f"brand: expected one of {', '.join(sorted(self.brands))}, received {name!r}")
        return self.brands[name]

    def style(self, name: str) -> BrandStyle:
        """Style of a brand, or of one of its references by `brand/file.jpg`.

        Raises:
            ModelBundleError: the bundle does not know the name.
        """
        brand, _, file = name.partition("/")
        style = self.brand(brand)
        if not file:
            return style
        reference = style.references.get(file)
        if reference is None:
            known = ", ".join(sorted(style.references)) or "none: train the brand again to have them in the bundle"
            raise ModelBundleError(f"reference of {brand}: expected one of {known}; received {file!r}")
        return BrandStyle(reference.code, reference.statistics, style.colour_policy, palette=style.palette)

    def mixed(self, mix: Mix) -> BrandStyle:
        """Convex combination of codes and colours; the colour policy is that of the heaviest.

        Raises:
            ModelBundleError: the bundle does not know a name.
        """
        styles = [(self.style(name), weight) for name, weight in mix]
        if len(styles) == 1:
            return styles[0][0]
        code = sum(np.array(style.code) * weight for style, weight in styles)
        statistics = mixed_statistics([(style.statistics, weight) for style, weight in styles])
        heaviest = max(styles, key=lambda pair: pair[1])[0]
        palette = mixed_palette([(style.palette, weight) for style, weight in styles])
        return BrandStyle(tuple(map(float, np.atleast_1d(code))), statistics, heaviest.colour_policy, palette=palette)

    def mixed_tonal_art(self, mix: Mix) -> NDArray[np.float32]:
        """Weighted sum of the tonal art of the mix's brands, [3,S,S]; brands without any count as plain surfaces."""
        found = np.zeros((len(TONES), SIDE_PX, SIDE_PX), np.float32)
        for name, weight in mix:
            art = self.tonal_art.get(name.partition("/")[0])
            if art is not None:
                found = found + art * np.float32(weight)
        return found

    def texture(self, name: str) -> NDArray[np.float32]:
        """Texture of a brand, also when one of its references is named.

        Raises:
            ModelBundleError: the bundle holds none.
        """
        brand = name.partition("/")[0]
        self.brand(brand)
        if brand not in self.textures:
            raise ModelBundleError(
                f"texture of {brand}: this model bundle holds none; train the brand again, or choose the background "
                "keep or colour"
            )
        return self.textures[brand]


def mixed_statistics(parts: Sequence[tuple[LabStatistics, float]]) -> LabStatistics:
    """Convex combination of the statistics themselves: a look between looks, not that of both sets of pixels."""

    def between(values: Sequence[tuple[float, ...]]) -> tuple[float, float, float]:
        first, second, third = np.average(values, axis=0, weights=[weight for _, weight in parts])
        return float(first), float(second), float(third)

    total = sum(weight for _, weight in parts)
    return LabStatistics(
        between([statistics.mean for statistics, _ in parts]),
        between([statistics.spread for statistics, _ in parts]),
        sum(statistics.chroma * weight for statistics, weight in parts) / total,
        sum(statistics.weight * weight for statistics, weight in parts) / total,
    )


def write_bundle(bundle: ModelBundle, folder: Path) -> str:
    """Write a bundle (weights as float16) and return its sha256."""
    arrays = {
        **bundle.weights,
        **{TEXTURES + name: array for name, array in bundle.textures.items()},
        **{TONAL_ART + name: array for name, array in bundle.tonal_art.items()},
    }
    halves = {name: np.asarray(array, np.float16) for name, array in arrays.items()}
    data = safetensors_bytes(halves)
    model = {
        "schema_version": SCHEMA_VERSION,
        "architecture": to_json(bundle.architecture),
        "brands": {
            name: {
                **_style_fields(style),
                "colour_policy": style.colour_policy,
                "palette": [[round(value, 4) for value in colour] for colour in style.palette],
                "references": {file: _style_fields(reference) for file, reference in style.references.items()},
            }
            for name, style in bundle.brands.items()
        },
        "parts": list(bundle.parts),
        "weights_sha256": hashlib.sha256(data).hexdigest(),
        "created_by": bundle.created_by,
        "training": dict(bundle.training),
        "metrics": {name: round(float(value), 5) for name, value in bundle.metrics.items()},
    }
    text = (json.dumps(model, indent=1, sort_keys=True) + "\n").encode()
    write_bytes(folder / WEIGHTS, data)
    write_bytes(folder / MODEL_JSON, text)
    return hashlib.sha256(text).hexdigest()


def _style_fields(style: BrandStyle | ReferenceStyle) -> dict[str, Any]:
    code = [round(float(value), 6) for value in style.code]
    return {"code": code, "statistics": style.statistics.to_json()}


def bundle_sha256(path: str | Path) -> str:
    """sha256 over the bytes of `model.json`, which carries the sha256 of the weights.

    Raises:
        ModelBundleError: there is none.
    """
    return hashlib.sha256(_read(Path(path) / MODEL_JSON)).hexdigest()


def load_bundle(path: str | Path, expected_sha256: str | None = None) -> ModelBundle:
    """Read and check a bundle.

    Raises:
        ModelBundleError: missing or unexpected files, another hash than expected, weights that are not the ones
            `model.json` names, another schema or architecture, anything but plain arrays.
    """
    folder = Path(path)
    _check_files(folder)
    text = _read(folder / MODEL_JSON)
    found = hashlib.sha256(text).hexdigest()
    if expected_sha256 is not None and found != expected_sha256:
        raise ModelBundleError(f"model bundle {folder}: expected sha256 {expected_sha256}, received {found}")
    try:
        model = json.loads(text)
        version = model["schema_version"]
    except (ValueError, TypeError, KeyError) as error:
        raise ModelBundleError(f"{folder / MODEL_JSON}: expected a model description, received {error!r}") from error
    if version != SCHEMA_VERSION:
        raise ModelBundleError(f"{folder}: schema version: expected {SCHEMA_VERSION}, received {version!r}")
    data = _read(folder / WEIGHTS)
    try:
        if hashlib.sha256(data).hexdigest() != model["weights_sha256"]:
            raise ModelBundleError(f"{folder / WEIGHTS}: not the weights that {MODEL_JSON} names; copy both again")
        architecture = from_json(Architecture, model["architecture"])
        arrays = _arrays(data, folder)
        return ModelBundle(
            architecture=architecture,
            brands={name: _style(style, architecture) for name, style in model["brands"].items()},
            weights={name: array for name, array in arrays.items() if not name.startswith((TEXTURES, TONAL_ART))},
            parts=tuple(model["parts"]),
            created_by=model["created_by"],
            training=model["training"],
            metrics=model["metrics"],
            textures=_textures(arrays),
            tonal_art=_tonal_art(arrays),
            sha256=found,
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelBundleError(f"{folder / MODEL_JSON}: malformed: {error!r}") from error


def _check_files(folder: Path) -> None:
    """A bundle is two files and its card; anything else has no business there and may be code."""
    if not folder.is_dir():
        return  # what is missing is said by name when it is read
    for file in sorted(folder.iterdir()):
        known = file.name in (MODEL_JSON, WEIGHTS) or (file.is_file() and file.suffix.lower() in CARD_SUFFIXES)
        if not known and not file.name.startswith("."):
            raise ModelBundleError(
                f"model bundle {folder}: expected {MODEL_JSON}, {WEIGHTS} and at most a card with pictures, "
                f"received {file.name!r}; remove it if you trust the rest"
            )


def _style(fields: Mapping[str, Any], architecture: Architecture) -> BrandStyle:
    if fields["colour_policy"] not in COLOUR_POLICIES:
        raise ValueError(f"colour_policy: received {fields['colour_policy']!r}")
    references = {
        file: ReferenceStyle(_code(found, architecture), LabStatistics.from_json(found["statistics"]))
        for file, found in fields.get("references", {}).items()
    }
    statistics = LabStatistics.from_json(fields["statistics"])
    return BrandStyle(
        _code(fields, architecture),
        statistics,
        fields["colour_policy"],
        references,
        _palette(fields.get("palette", [])),
    )


def _palette(rows: Sequence[Sequence[float]]) -> Palette:
    found = np.array(rows, np.float64).reshape(-1, 4)
    if len(found) != len(rows) or not np.isfinite(found).all():
        raise ValueError(f"palette: expected rows of 4 finite numbers, received {len(rows)} rows")
    return tuple((float(row[0]), float(row[1]), float(row[2]), float(row[3])) for row in found)


def _code(fields: Mapping[str, Any], architecture: Architecture) -> tuple[float, ...]:
    code = tuple(float(value) for value in fields["code"])
    if len(code) != architecture.code_size or not np.isfinite(code).all():
        raise ValueError(f"code: expected {architecture.code_size} finite numbers, received {len(code)}")
    return code


def _textures(arrays: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
    found = {name.removeprefix(TEXTURES): array for name, array in arrays.items() if name.startswith(TEXTURES)}
    for name, array in found.items():
        if array.ndim != 2 or array.shape[0] != array.shape[1] or not array.size:
            raise ValueError(f"texture of {name}: expected [S,S], received {list(array.shape)}")
    return found


def _tonal_art(arrays: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
    found = {name.removeprefix(TONAL_ART): array for name, array in arrays.items() if name.startswith(TONAL_ART)}
    for name, array in found.items():
        if array.ndim != 3 or array.shape != (len(TONES), array.shape[1], array.shape[1]) or not array.size:
            raise ValueError(f"tonal art of {name}: expected [{len(TONES)},S,S], received {list(array.shape)}")
    return found


def _arrays(data: bytes, folder: Path) -> dict[str, NDArray[np.float32]]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        loaded = load(data)
    except (SafetensorError, ValueError, KeyError, TypeError, AttributeError) as error:
        # Only now: a length at the head of good safetensors may begin with any byte.
        for start, kind in _FOREIGN.items():
            if data.startswith(start):
                raise ModelBundleError(
                    f"{folder / WEIGHTS}: expected safetensors, received {kind}, which may hold code; it was not opened"
                ) from None
        raise ModelBundleError(f"{folder / WEIGHTS}: expected safetensors, received {error}") from error
    for name, array in loaded.items():
        if array.dtype not in (np.float16, np.float32):
            raise ModelBundleError(f"{folder / WEIGHTS}: {name}: expected float16 or float32, received {array.dtype}")
        if not np.isfinite(array).all():
            raise ModelBundleError(f"{folder / WEIGHTS}: {name} holds values that are not finite; export it again")
    return {name: np.asarray(array, np.float32) for name, array in loaded.items()}


_FOREIGN: Final = {
    b"\x80": "a pickle",
    b"PK\x03\x04": "a zip archive (PyTorch, .keras or .npz)",
    b"\x89HDF": "an HDF5 file",
    b"\x93NUMPY": "a .npy file",
}


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ModelBundleError(f"model bundle: cannot read {file} ({error.strerror})") from error
