"""The same step on tensorflow and jax, on one device and two, in float32 and bfloat16."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import drawn_product
from numpy.typing import NDArray
from one_turn import fixed_game, two_steps

from pipelines.images.colour import lab_statistics
from training.step import NUMBERS
from training.stylizer import Stylizer

ROOT = Path(__file__).parents[2]
Arrays = dict[str, NDArray[np.float32]]


@pytest.fixture(scope="module")
def jax_process(
    content_folder: Path, style_folder: Path, vgg_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """What is left by a process that sees two devices; compiled without the optimisations that take longest."""
    out = tmp_path_factory.mktemp("turn") / "jax.npz"
    environment = {
        **os.environ,
        "KERAS_BACKEND": "jax",
        "JAX_PLATFORMS": "cpu",
        "JAX_DISABLE_MOST_OPTIMIZATIONS": "1",
        "XLA_FLAGS": "--xla_force_host_platform_device_count=2",
        "PYTHONPATH": str(ROOT),
    }
    script = str(Path(__file__).with_name("one_turn.py"))
    command = [sys.executable, script, str(content_folder), str(style_folder), str(vgg_file), str(out)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=400)
    assert done.returncode == 0, done.stderr
    assert "2 devices share each batch" in done.stdout
    return out.parent


@pytest.fixture(scope="module")
def jax_arrays(jax_process: Path) -> Arrays:
    with np.load(jax_process / "jax.npz") as arrays:
        return dict(arrays)


@pytest.fixture(scope="module")
def tensorflow_arrays(content_folder: Path, style_folder: Path) -> Arrays:
    return two_steps(*fixed_game(content_folder, style_folder))


def of_one_device(arrays: Arrays, devices: int = 1) -> Arrays:
    return {name.removeprefix(f"{devices}/"): a for name, a in arrays.items() if name.startswith(f"{devices}/")}


def assert_same(received: Arrays, expected: Arrays, kind: str, tolerance: float) -> None:
    """Relative to the largest entry of each array."""
    names = [name for name in expected if name.startswith(kind)]
    assert names
    for name in names:
        scale = float(np.abs(expected[name]).max())
        np.testing.assert_allclose(received[name], expected[name], rtol=0, atol=tolerance * scale + 1e-9, err_msg=name)


def test_backends_agree_on_losses_and_gradients(tensorflow_arrays: Arrays, jax_arrays: Arrays) -> None:
    received = of_one_device(jax_arrays)
    assert received.keys() == tensorflow_arrays.keys()
    assert_same(received, tensorflow_arrays, "numbers", 1e-6)
    assert_same(received, tensorflow_arrays, "gradient/", 2e-5)
    moving = [name for name, a in tensorflow_arrays.items() if name.startswith("gradient/") and np.abs(a).max() > 0]
    assert len(moving) > 0.9 * sum(name.startswith("gradient/") for name in tensorflow_arrays)


def test_backends_agree_on_weights_state_and_averages(
    tensorflow_arrays: Arrays, jax_arrays: Arrays, content_folder: Path, style_folder: Path
) -> None:
    """Also the power iteration's vectors, which no gradient moves."""
    received = of_one_device(jax_arrays)
    assert_same(received, tensorflow_arrays, "after/", 1e-3)
    assert_same(received, tensorflow_arrays, "average/", 1e-3)
    begun = fixed_game(content_folder, style_folder)[0].gan.arrays("discriminator")
    vectors = [name for name in begun if name.endswith("vector")]
    assert vectors
    for name in vectors:
        assert np.abs(received[f"after/{name}"] - begun[name]).max() > 1e-3
        np.testing.assert_allclose(received[f"after/{name}"], tensorflow_arrays[f"after/{name}"], atol=1e-5)


def test_two_devices_do_what_one_does(jax_arrays: Arrays) -> None:
    """Though each sees other masks, and means are weighted by them."""
    assert jax_arrays["devices"] == 2
    one, two = (of_one_device(jax_arrays, devices) for devices in (1, 2))
    assert_same(two, one, "numbers", 1e-6)
    assert_same(two, one, "gradient/", 2e-5)
    assert_same(two, one, "after/", 1e-3)


def test_jax_trains_without_tensorflow_what_tensorflow_restyles(jax_process: Path) -> None:
    """The process itself fails where TensorFlow is loaded."""
    stylizer = Stylizer.load(jax_process / "bundle")
    picture = drawn_product(1)[None]
    restyled = stylizer.restyle(
        picture,
        np.ones(picture.shape[:3], np.float32),
        [lab_statistics(picture[0], np.ones(picture.shape[1:3], np.float32))],
        brand="sepia",
        strength=1.0,
    )
    assert restyled.shape == picture.shape
    assert not np.array_equal(restyled, picture)


def test_mixed_precision_is_finite_and_close(
    tensorflow_arrays: Arrays, content_folder: Path, style_folder: Path
) -> None:
    received = two_steps(*fixed_game(content_folder, style_folder, "mixed_bfloat16"))
    assert all(np.isfinite(array).all() for array in received.values())
    losses = slice(0, len(NUMBERS) - 2)
    assert not np.array_equal(received["numbers"], tensorflow_arrays["numbers"])
    np.testing.assert_allclose(received["numbers"][losses], tensorflow_arrays["numbers"][losses], rtol=0.05, atol=0.02)
    for name in (name for name in received if name.startswith("gradient/")):
        one, other = received[name].ravel(), tensorflow_arrays[name].ravel()
        if one.size > 64:
            assert one @ other > 0.9 * np.linalg.norm(one) * np.linalg.norm(other), name
