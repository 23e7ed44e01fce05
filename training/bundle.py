"""Model bundles: a folder with `model.json` and `weights.safetensors`.

Numbers only; the networks are built from our code.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.core.errors import ModelBundleError
from pipelines.images.colour import LabStatistics
from training.config import COLOUR_POLICIES, Architecture, from_json, to_json
from training.files import safetensors_bytes, write_bytes

SCHEMA_VERSION: Final = 1
MODEL_JSON: Final = "model.json"
WEIGHTS: Final = "weights.safetensors"


@dataclass(frozen=True)
class BrandStyle:
    """What a bundle knows of one brand: its code, the colours of its references, the policy it was trained for."""

    code: tuple[float, ...]
    statistics: LabStatistics
    colour_policy: str


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
        sha256: of `model.json`; empty until written.
    """

    architecture: Architecture
    brands: Mapping[str, BrandStyle]
    weights: Mapping[str, NDArray[np.float32]]
    parts: tuple[str, ...]
    created_by: str
    training: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    metrics: Mapping[str, float] = dataclasses.field(default_factory=dict)
    sha256: str = ""

    def brand(self, name: str) -> BrandStyle:
        """A brand's style.

        Raises:
            ModelBundleError: the bundle does not know the brand.
        """
        if name not in self.brands:
            raise ModelBundleError(f"brand: expected one of {', '.join(sorted(self.brands))}, received {name!r}")
        return self.brands[name]


def write_bundle(bundle: ModelBundle, folder: Path) -> str:
    """Write a bundle (weights as float16) and return its sha256."""
    halves = {name: np.asarray(array, np.float16) for name, array in bundle.weights.items()}
    data = safetensors_bytes(halves)
    model = {
        "schema_version": SCHEMA_VERSION,
        "architecture": to_json(bundle.architecture),
        "brands": {
            name: {
                "code": [round(float(value), 6) for value in style.code],
                "statistics": style.statistics.to_json(),
                "colour_policy": style.colour_policy,
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


def bundle_sha256(path: str | Path) -> str:
    """sha256 over the bytes of `model.json`, which carries the sha256 of the weights.

    Raises:
        ModelBundleError: there is none.
    """
    return hashlib.sha256(_read(Path(path) / MODEL_JSON)).hexdigest()


def load_bundle(path: str | Path, expected_sha256: str | None = None) -> ModelBundle:
    """Read and check a bundle.

    Raises:
        ModelBundleError: missing files, another hash than expected, weights that are not the ones `model.json` names,
            another schema or architecture, anything but plain arrays.
    """
    folder = Path(path)
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
        return ModelBundle(
            architecture=architecture,
            brands={name: _style(style, architecture) for name, style in model["brands"].items()},
            weights=_arrays(data, folder),
            parts=tuple(model["parts"]),
            created_by=model["created_by"],
            training=model["training"],
            metrics=model["metrics"],
            sha256=found,
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ModelBundleError(f"{folder / MODEL_JSON}: malformed: {error!r}") from error


def _style(fields: Mapping[str, Any], architecture: Architecture) -> BrandStyle:
    code = tuple(float(value) for value in fields["code"])
    if len(code) != architecture.code_size or not np.isfinite(code).all():
        raise ValueError(f"code: expected {architecture.code_size} finite numbers, received {len(code)}")
    if fields["colour_policy"] not in COLOUR_POLICIES:
        raise ValueError(f"colour_policy: received {fields['colour_policy']!r}")
    return BrandStyle(code, LabStatistics.from_json(fields["statistics"]), fields["colour_policy"])


def _arrays(data: bytes, folder: Path) -> dict[str, NDArray[np.float32]]:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        arrays = {name: np.asarray(array, np.float32) for name, array in load(data).items()}
    except (SafetensorError, ValueError, KeyError) as error:
        raise ModelBundleError(f"{folder / WEIGHTS}: expected safetensors, received {error}") from error
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise ModelBundleError(f"{folder / WEIGHTS}: {name} holds values that are not finite")
    return arrays


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ModelBundleError(f"model bundle: cannot read {file} ({error.strerror})") from error
