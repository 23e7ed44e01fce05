from __future__ import annotations

import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from pipelines.core.errors import ModelBundleError
from training.bundle import bundle_sha256, load_bundle, write_bundle
from training.stylizer import Stylizer


@pytest.fixture
def copy(short_run: Any, tmp_path: Path) -> Path:
    return Path(shutil.copytree(short_run.bundle, tmp_path / "copy"))


def edit(folder: Path, **fields: Any) -> None:
    model = json.loads((folder / "model.json").read_text())
    model.update(fields)
    (folder / "model.json").write_text(json.dumps(model))


def test_written_again_it_is_the_same(copy: Path, tmp_path: Path) -> None:
    bundle = load_bundle(copy)
    assert write_bundle(bundle, tmp_path / "again") == bundle.sha256 == bundle_sha256(copy)
    assert (tmp_path / "again" / "weights.safetensors").read_bytes() == (copy / "weights.safetensors").read_bytes()


def test_other_hash_than_expected(copy: Path) -> None:
    with pytest.raises(ModelBundleError, match="expected sha256 0000"):
        load_bundle(copy, "0" * 64)


def test_other_weights_than_named(copy: Path) -> None:
    arrays = load_file(copy / "weights.safetensors")
    name = sorted(arrays)[0]
    arrays[name] = arrays[name] + np.float16(1)
    save_file(arrays, copy / "weights.safetensors")
    with pytest.raises(ModelBundleError, match="not the weights"):
        load_bundle(copy)


def rehash(folder: Path) -> None:
    import hashlib

    edit(folder, weights_sha256=hashlib.sha256((folder / "weights.safetensors").read_bytes()).hexdigest())


def test_pickled_weights_are_refused_unopened(copy: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[Any, tuple[str]]:
            return (pytest.fail, ("the pickle was opened",))

    (copy / "weights.safetensors").write_bytes(pickle.dumps(Trap()))
    rehash(copy)
    with pytest.raises(ModelBundleError, match="expected safetensors"):
        load_bundle(copy)


def test_values_that_are_not_finite_are_refused(copy: Path) -> None:
    arrays = load_file(copy / "weights.safetensors")
    arrays[sorted(arrays)[0]].flat[0] = np.nan
    save_file(arrays, copy / "weights.safetensors")
    rehash(copy)
    with pytest.raises(ModelBundleError, match="not finite"):
        load_bundle(copy)


def test_other_architecture_version(copy: Path) -> None:
    model = json.loads((copy / "model.json").read_text())
    edit(copy, architecture={**model["architecture"], "version": 99})
    with pytest.raises(ModelBundleError, match="architecture version: expected 1, received 99"):
        load_bundle(copy)


def test_weights_of_another_architecture(copy: Path) -> None:
    model = json.loads((copy / "model.json").read_text())
    edit(copy, architecture={**model["architecture"], "channels": 64})
    with pytest.raises(ModelBundleError, match="another architecture"):
        Stylizer.load(copy)


def test_unknown_field_of_a_newer_version(copy: Path) -> None:
    model = json.loads((copy / "model.json").read_text())
    edit(copy, architecture={**model["architecture"], "attention": True})
    with pytest.raises(ModelBundleError, match="attention"):
        load_bundle(copy)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"schema_version": 2}', '{"schema_version": 1}', "\x80\x04."])
def test_anything_else_is_refused(copy: Path, text: str) -> None:
    (copy / "model.json").write_text(text)
    with pytest.raises(ModelBundleError):
        load_bundle(copy)


def test_missing_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelBundleError, match="cannot read"):
        load_bundle(tmp_path / "nowhere")


def test_unknown_brand(copy: Path) -> None:
    with pytest.raises(ModelBundleError, match="expected one of sepia-hatch, received 'other'"):
        load_bundle(copy).brand("other")
