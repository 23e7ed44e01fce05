"""What is left of the training that made a run's model: its evaluation, numbers, curves and the last preview."""

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

_WIDE_PX: Final = 1100
_TALL_PX: Final = 2400
_MOST_NUMBERS: Final = 24
_LIMITS: Final = ImageLimits()

Numbers = tuple[tuple[str, str], ...]
"""Names and values as words."""


@dataclass(frozen=True)
class TrainingNotes:
    """`folder` is empty where the model's training is not known.

    Attributes:
        evaluation: figures of held-out pictures that decided over the model's blessing.
        reasons: the blessing in words.
        last_step: the last line of the training's metrics.
    """

    folder: str
    created_by: str
    architecture: str
    evaluation: Numbers
    reasons: tuple[str, ...]
    last_step: Numbers
    sheet: Thumbnail | None
    curves: Thumbnail | None
    preview: Thumbnail | None


def training_notes(paths: BrandPaths, model_sha256: str, budget: PictureBudget) -> TrainingNotes:
    """Notes on one model bundle; parts that are not there are empty or None."""
    model = _json_or_empty(join(paths.bundle(model_sha256), "model.json")) if model_sha256 else {}
    files = storage.list_files(join(paths.models, "training"))
    folder = _training_of(paths, files, model_sha256)
    blessing = _blessing(paths, folder, model_sha256)
    previews = [file for file in files if folder and file.startswith(f"{folder}/previews/")]
    return TrainingNotes(
        folder=folder,
        created_by=clip(str(model.get("created_by", "")), 400),
        architecture=clip(str(_inside(model, "architecture").get("version", "")), 40),
        evaluation=_numbers(_inside(_inside(blessing, "numbers"), "candidate")),
        reasons=_sentences(blessing.get("reasons")),
        last_step=_numbers(_last_line(f"{folder}/metrics.jsonl") if folder else model.get("metrics")),
        sheet=_wide_picture(f"{folder}/evaluation/sheet.png", budget) if folder else None,
        curves=_wide_picture(f"{folder}/curves.png", budget) if folder else None,
        preview=_wide_picture(max(previews, key=_by_number), budget) if previews else None,
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


def _blessing(paths: BrandPaths, folder: str, model_sha256: str) -> dict[str, Any]:
    """From the evaluation itself, or as kept beside the pointer to the blessed model."""
    if folder and (blessing := _json_or_empty(f"{folder}/evaluation/blessing.json")):
        return blessing
    blessed = _json_or_empty(paths.blessed)
    return _inside(blessed, "blessing") if model_sha256 and blessed.get("bundle_sha256") == model_sha256 else {}


def _by_number(file: str) -> tuple[list[int], str]:
    name = file.rsplit("/", 1)[-1]
    return [int(number) for number in re.findall(r"\d+", name)], name


def _wide_picture(uri: str, budget: PictureBudget) -> Thumbnail | None:
    try:
        rgb = load_rgb(uri, _LIMITS)
    except ImageRejected:
        return None
    height, width = rgb.shape[:2]
    picture = encode_thumbnail(rgb, min(_TALL_PX, round(max(height, width) * min(1.0, _WIDE_PX / width))))
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


def _inside(values: dict[str, Any], name: str) -> dict[str, Any]:
    inner = values.get(name)
    return inner if isinstance(inner, dict) else {}


def _sentences(values: Any) -> tuple[str, ...]:
    return tuple(clip(str(value), 200) for value in values[:20]) if isinstance(values, list) else ()


def _numbers(values: Any) -> Numbers:
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
