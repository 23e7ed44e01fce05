"""Checkpoints: all that a run needs to go on as if it had never stopped."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from pipelines.core.errors import MissingArtifact, ModelBundleError
from training.files import safetensors_bytes, write_bytes, write_json

_ARRAYS: Final = "arrays.safetensors"
_STATE: Final = "state.json"


@dataclass(frozen=True)
class Checkpoint:
    """Arrays by name (float32, or int64 counters) and a state of plain JSON types.

    The state holds the resolved configuration, steps, images and seconds done, and the brands with their statistics.
    Batches are drawn by (seed, step), so the step is the whole state of the random numbers.
    """

    arrays: Mapping[str, np.ndarray]
    state: Mapping[str, Any]


def write_checkpoint(checkpoint: Checkpoint, folder: Path) -> None:
    """Replace the checkpoint at `folder`; a reader sees the old one or the new one, whole."""
    fresh = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    write_bytes(fresh / _ARRAYS, safetensors_bytes(checkpoint.arrays))
    write_json(fresh / _STATE, checkpoint.state)
    old = folder.with_name(f"{folder.name}.old")
    # After a write that was cut between the renames the old one is all there is: it stays until the new one stands.
    if folder.exists():
        shutil.rmtree(old, ignore_errors=True)
        folder.rename(old)
    fresh.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def has_checkpoint(folder: Path) -> bool:
    """Whether there is something to go on from."""
    return any((place / _STATE).exists() for place in (folder, folder.with_name(f"{folder.name}.old")))


def read_checkpoint(folder: Path) -> Checkpoint:
    """Read what `write_checkpoint` wrote; falls back to the predecessor if a write was cut between its two renames.

    Raises:
        MissingArtifact: no checkpoint there.
        ModelBundleError: not a checkpoint of ours.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    old = folder.with_name(f"{folder.name}.old")
    source = folder if (folder / _STATE).exists() else old
    if not (source / _STATE).exists():
        raise MissingArtifact(f"checkpoint {folder}: nothing there; train first or check the path")
    try:
        state = json.loads((source / _STATE).read_text())
        return Checkpoint(load((source / _ARRAYS).read_bytes()), state)
    except (OSError, ValueError, SafetensorError) as error:
        raise ModelBundleError(f"checkpoint {source}: cannot be read: {error}") from error
