"""Small files that readers may open at any moment: written beside, then renamed."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np


def write_bytes(path: Path, data: bytes) -> None:
    """Replace `path` atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_bytes(data)
    beside.replace(path)


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Replace `path` with indented JSON, keys sorted."""
    write_bytes(path, (json.dumps(value, indent=1, sort_keys=True) + "\n").encode())


def safetensors_bytes(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Arrays in safetensors form, in the order of their names."""
    from safetensors.numpy import save

    return bytes(save({name: np.asarray(arrays[name], order="C") for name in sorted(arrays)}))
