"""What is left of the training that made a run's model: numbers, curves, the last preview."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from pipelines.core import storage
from pipelines.core.errors import ImageRejected
from pipelines.core.paths import BrandPaths
from pipelines.core.settings import ImageLimits
from pipelines.core.uris import join
from pipelines.monitor.pictures import PictureBudget, Thumbnail, encode_thumbnail, load_rgb
from pipelines.monitor.words import clip

_WIDE_PX: Final = 1200
_MOST_NUMBERS: Final = 24
_LIMITS: Final = ImageLimits()


@dataclass(frozen=True)
class TrainingNotes:
    """`folder` is empty where the model's training is not known. `numbers`: name and value as words."""

    folder: str
    created_by: str
    architecture: str
    numbers: tuple[tuple[str, str], ...]
    last_step: tuple[tuple[str, str], ...]
    curves: Thumbnail | None
    preview: Thumbnail | None


def training_notes(paths: BrandPaths, model_sha256: str, budget: PictureBudget) -> TrainingNotes:
    """Notes on one model bundle; parts that are not there are empty or None."""
    model = _json_or_empty(join(paths.bundle(model_sha256), "model.json")) if model_sha256 else {}
    files = storage.list_files(join(paths.models, "training"))
    folder = _training_of(paths, files, model_sha256)
    grids = [file for file in files if folder and file.startswith(f"{folder}/previews/")]
    return TrainingNotes(
        folder=folder,
        created_by=clip(str(model.get("created_by", "")), 400),
        architecture=clip(str(model.get("architecture_version", "")), 40),
        numbers=_numbers(model.get("metrics")),
        last_step=_numbers(_last_line(join(folder, "metrics.jsonl"))) if folder else (),
        curves=_wide_picture(join(folder, "curves.png"), budget) if folder else None,
        preview=_wide_picture(max(grids, key=_by_number), budget) if grids else None,
    )


def _training_of(paths: BrandPaths, files: list[str], model_sha256: str) -> str:
    """The training folder whose exported bundle is this model, or the one its blessing names, or nothing."""
    ending = "/bundle/model.json"
    for file in files:
        if file.endswith(ending) and hashlib.sha256(storage.read_bytes(file)).hexdigest() == model_sha256:
            return file.removesuffix(ending)
    blessed = _json_or_empty(paths.blessed)
    if model_sha256 and blessed.get("bundle_sha256") == model_sha256:
        folder = paths.training_run(str(blessed.get("training_key", ""))[:16])
        return folder if any(file.startswith(f"{folder}/") for file in files) else ""
    return ""


def _by_number(file: str) -> tuple[list[int], str]:
    name = file.rsplit("/", 1)[-1]
    return [int(number) for number in re.findall(r"\d+", name)], name


def _wide_picture(uri: str, budget: PictureBudget) -> Thumbnail | None:
    try:
        picture = encode_thumbnail(load_rgb(uri, _LIMITS), _WIDE_PX)
    except ImageRejected:
        return None
    return picture if budget.take(picture) else None


def _last_line(uri: str) -> dict[str, Any]:
    try:
        lines = storage.read_bytes(uri).splitlines()
        values = json.loads(lines[-1]) if lines else {}
    except (FileNotFoundError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def _json_or_empty(uri: str) -> dict[str, Any]:
    try:
        values = json.loads(storage.read_bytes(uri))
    except (FileNotFoundError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def _numbers(values: Any) -> tuple[tuple[str, str], ...]:
    """Leaves of a JSON object that are numbers, with dotted names."""
    return tuple(_leaves(values, ""))[:_MOST_NUMBERS]


def _leaves(values: Any, prefix: str) -> Iterator[tuple[str, str]]:
    if isinstance(values, dict):
        for name, value in values.items():
            yield from _leaves(value, f"{prefix}.{name}" if prefix else str(name))
    elif isinstance(values, int) and not isinstance(values, bool):
        yield clip(prefix, 60), f"{values:,}"
    elif isinstance(values, float):
        yield clip(prefix, 60), f"{values:.4g}"
