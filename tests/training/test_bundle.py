from __future__ import annotations

import dataclasses
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
from training.config import ARCHITECTURE_VERSION
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
    with pytest.raises(ModelBundleError, match=f"architecture version: expected {ARCHITECTURE_VERSION}, received 99"):
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


@pytest.mark.parametrize(
    ("start", "kind"),
    [(b"PK\x03\x04", "zip archive"), (b"\x89HDF\r\n", "HDF5"), (b"\x93NUMPY", "npy"), (b"\x80\x04", "pickle")],
)
def test_weights_in_a_form_that_may_hold_code_are_named_and_refused(copy: Path, start: bytes, kind: str) -> None:
    (copy / "weights.safetensors").write_bytes(start + bytes(400))
    rehash(copy)
    with pytest.raises(ModelBundleError, match=f"received .*{kind}.*not opened"):
        load_bundle(copy)


@pytest.mark.parametrize("keep", [0, 7, 200, -100])
def test_truncated_weights(copy: Path, keep: int) -> None:
    file = copy / "weights.safetensors"
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(ModelBundleError, match="not the weights"):
        load_bundle(copy)
    rehash(copy)
    with pytest.raises(ModelBundleError, match="expected safetensors"):
        load_bundle(copy)


@pytest.mark.parametrize("name", ["extra.pkl", "model.py", "weights.bin", "weights.h5", "saved_model"])
def test_files_that_do_not_belong_in_a_bundle(copy: Path, name: str) -> None:
    (copy / name).write_bytes(b"anything")
    with pytest.raises(ModelBundleError, match=f"received '{name}'"):
        load_bundle(copy)


def test_a_card_may_lie_beside_the_model(copy: Path) -> None:
    (copy / "README.md").write_text("card")
    (copy / "sheet.jpg").write_bytes(b"picture")
    assert load_bundle(copy).brands


def test_weights_of_another_type(copy: Path) -> None:
    arrays = load_file(copy / "weights.safetensors")
    arrays[sorted(arrays)[0]] = np.zeros(3, np.int64)
    save_file(arrays, copy / "weights.safetensors")
    rehash(copy)
    with pytest.raises(ModelBundleError, match="expected float16 or float32, received int64"):
        load_bundle(copy)


def test_a_missing_weight_is_named(copy: Path) -> None:
    arrays = load_file(copy / "weights.safetensors")
    gone = next(name for name in sorted(arrays) if name.startswith("generator/"))
    save_file({name: array for name, array in arrays.items() if name != gone}, copy / "weights.safetensors")
    rehash(copy)
    with pytest.raises(ModelBundleError, match=f"weight {gone}: expected shape .* received nothing"):
        Stylizer.load(copy)


def test_each_reference_has_a_style_of_its_own(short_run: Any) -> None:
    bundle = load_bundle(short_run.bundle)
    brand = bundle.brand("sepia-hatch")
    assert sorted(brand.references) == [f"{index}.png" for index in range(5)]
    one, other = (bundle.style(f"sepia-hatch/{name}") for name in ("0.png", "3.png"))
    assert one.code != other.code
    assert one.statistics != other.statistics
    assert one.colour_policy == brand.colour_policy
    with pytest.raises(ModelBundleError, match=r"reference of sepia-hatch: expected one of 0\.png, 1\.png.*'9\.png'"):
        bundle.style("sepia-hatch/9.png")


def test_a_mix_lies_between_its_parts(short_run: Any) -> None:
    bundle = load_bundle(short_run.bundle)
    names = ["sepia-hatch/0.png", "sepia-hatch/3.png"]
    ends = [bundle.style(name) for name in names]
    mixed = bundle.mixed(((names[0], 0.25), (names[1], 0.75)))
    np.testing.assert_allclose(mixed.code, 0.25 * np.array(ends[0].code) + 0.75 * np.array(ends[1].code), atol=1e-6)
    lightness = 0.25 * ends[0].statistics.mean[0] + 0.75 * ends[1].statistics.mean[0]
    assert mixed.statistics.mean[0] == pytest.approx(lightness)
    assert bundle.mixed(((names[0], 1.0),)) == ends[0]


def test_bundles_of_older_releases_know_no_references(copy: Path) -> None:
    model = json.loads((copy / "model.json").read_text())
    del model["brands"]["sepia-hatch"]["references"]
    edit(copy, brands=model["brands"])
    bundle = load_bundle(copy)
    assert bundle.style("sepia-hatch") == bundle.brand("sepia-hatch")
    with pytest.raises(ModelBundleError, match="train the brand again"):
        bundle.style("sepia-hatch/0.png")


def test_a_bundle_without_textures_says_so(copy: Path) -> None:
    bundle = load_bundle(copy)
    assert bundle.texture("sepia-hatch/0.png").shape == (64, 64)
    bare = dataclasses.replace(bundle, textures={})
    with pytest.raises(ModelBundleError, match=r"texture of sepia-hatch: .* choose the background keep or colour"):
        bare.texture("sepia-hatch")


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


def test_good_weights_may_begin_with_any_byte(copy: Path) -> None:
    """Safetensors begin with the length of their header, whose low byte is 0x80 in one file of 256."""
    arrays = load_file(copy / "weights.safetensors")
    file = copy / "weights.safetensors"
    for padding in range(0, 600, 8):
        save_file(arrays, file, {"note": "x" * padding})
        if file.read_bytes()[0] == 0x80:
            break
    else:
        pytest.skip("no header of such a length")
    rehash(copy)
    assert load_bundle(copy).weights
