"""The one model bundle that a run is pinned to."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.core import storage
from pipelines.core.errors import MissingArtifact, ModelBundleError
from pipelines.core.looks import Look
from pipelines.core.uris import is_remote, join
from pipelines.restyle.batch import Restyler

if TYPE_CHECKING:
    from training.bundle import ModelBundle


@dataclass(frozen=True)
class ModelPin:
    """Where the model bundle lies and what it must hash to."""

    bundle_uri: str
    bundle_sha256: str


def read_pin(uri: str) -> ModelPin:
    """Read the pin that the plan stage wrote. MissingArtifact when it is absent or not one."""
    try:
        values = json.loads(storage.read_bytes(uri))
        return ModelPin(str(values["bundle_uri"]), str(values["bundle_sha256"]))
    except FileNotFoundError:
        raise MissingArtifact(
            f"{uri}: expected the run's model pin here, found none; run the plan stage first."
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise MissingArtifact(
            f"{uri}: expected JSON with bundle_uri and bundle_sha256 ({error}); run the plan stage again."
        ) from error


def check_pinned(pins: Sequence[ModelPin], look: Look) -> None:
    """Check hashes, weights and look before a job starts, without loading TensorFlow. Raises ModelBundleError."""
    from training.stylizer import Stylizer

    Stylizer.check([_load(pin) for pin in pins], look)


def load_pinned(*pins: ModelPin) -> Restyler:
    """Load the model, and those that are mixed in, their sha256 checked. Raises ModelBundleError."""
    from training.stylizer import Stylizer

    restyler: Restyler = Stylizer(*(_load(pin) for pin in pins))
    return restyler


def _load(pin: ModelPin) -> ModelBundle:
    from training.bundle import load_bundle

    with _bundle_folder(pin) as folder:
        return load_bundle(folder, expected_sha256=pin.bundle_sha256)


@contextlib.contextmanager
def _bundle_folder(pin: ModelPin) -> Iterator[Path]:
    """The model bundle as a local folder; remote ones are fetched and removed again."""
    if not is_remote(pin.bundle_uri):
        yield Path(pin.bundle_uri)
        return
    with tempfile.TemporaryDirectory(prefix="model-bundle-") as folder:
        for name in ("model.json", "weights.safetensors"):
            try:
                data = storage.read_bytes(join(pin.bundle_uri, name))
            except FileNotFoundError:
                raise ModelBundleError(f"{pin.bundle_uri}: expected {name} in the model bundle, found none.") from None
            (Path(folder) / name).write_bytes(data)
        yield Path(folder)
