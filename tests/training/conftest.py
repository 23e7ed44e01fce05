"""A small shop and a small brand, drawn here, and one short real training that many tests look at."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image


def drawn_product(seed: int, height: int = 96, width: int = 80) -> NDArray[np.uint8]:
    """A shaded, striped garment on pure white."""
    random = np.random.default_rng(seed)
    rgb = np.full((height, width, 3), 255, np.uint8)
    top, left = height // 8, width // 8
    rows, columns = np.mgrid[top : height - top, left : width - left]
    light = 0.6 + 0.4 * np.sin(rows / height * 3 + seed) * np.cos(columns / width * 4)
    stripes = np.where((columns // int(random.integers(4, 9))) % 2, 1.0, 0.75)
    colour = random.integers(60, 230, 3)
    rgb[top : height - top, left : width - left] = (light * stripes)[..., None] * colour
    return rgb


def drawn_reference(seed: int, height: int = 100, width: int = 88) -> NDArray[np.uint8]:
    """Cross-hatching in sepia on paper."""
    random = np.random.default_rng(seed)
    rows, columns = np.mgrid[:height, :width]
    tone = 0.5 + 0.5 * np.sin(rows / 17 + seed) * np.sin(columns / 13)
    hatch = ((rows + columns + seed) % 4 < 2) * (tone < 0.6) + ((rows - columns) % 5 < 2) * (tone < 0.35)
    ink = np.clip(0.95 - 0.45 * hatch + random.normal(0, 0.02, tone.shape), 0, 1)
    return (ink[..., None] * np.array([235, 215, 180])).astype(np.uint8)


@pytest.fixture(scope="session")
def content_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("content")
    for index in range(10):
        Image.fromarray(drawn_product(index)).save(folder / f"product-{index:02d}.png")
    return folder


@pytest.fixture(scope="session")
def style_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("style")
    for index in range(5):
        Image.fromarray(drawn_reference(index)).save(folder / f"{index}.png")
    (folder / "sources.txt").write_text("drawn for the tests")
    return folder


@pytest.fixture(scope="session")
def vgg_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A thin VGG16 of random kernels, so that no test needs a download or the base checkpoint."""
    from safetensors.numpy import save_file

    random = np.random.default_rng(16)
    widths = (3, 8, 8, 8, 128, 8, 8, 256, 8)
    arrays = {}
    for index, (one, other) in enumerate(pairwise(widths)):
        spread = (2 / (9 * one)) ** 0.5
        arrays[f"conv{index}/kernel"] = random.normal(0, spread, (3, 3, one, other)).astype(np.float32)
        arrays[f"conv{index}/bias"] = np.zeros(other, np.float32)
    path = tmp_path_factory.mktemp("perceptual") / "thin.safetensors"
    save_file(arrays, path)
    return path


@dataclass(frozen=True)
class ShortRun:
    """A finished run of the smoke preset."""

    bundle: Path
    workdir: Path
    summary: dict[str, Any]
    metrics: list[dict[str, float]]


@pytest.fixture(scope="session")
def short_run(
    content_folder: Path, style_folder: Path, vgg_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> ShortRun:
    from training.train import main

    root = tmp_path_factory.mktemp("run")
    arguments = ["--content", str(content_folder), "--style", str(style_folder), "--brand", "sepia-hatch"]
    arguments += ["--preset", "smoke", "--init", "none", "--seed", "5", "--perceptual", str(vgg_file)]
    arguments += ["--out", str(root / "bundle"), "--workdir", str(root / "work")]
    printed: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("builtins.print", lambda *parts, **_: printed.append(" ".join(map(str, parts))))
        code = main(arguments)
    assert code == 0, printed
    lines = (root / "work" / "metrics.jsonl").read_text().splitlines()
    return ShortRun(root / "bundle", root / "work", json.loads(printed[-1]), [json.loads(line) for line in lines])


@pytest.fixture(scope="session")
def alexnet_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """AlexNet with drawn weights: the right shapes, any features; enough for what must hold in every network."""
    from safetensors.numpy import save_file

    random = np.random.default_rng(12)
    shapes = ((11, 11, 3, 64), (5, 5, 64, 192), (3, 3, 192, 384), (3, 3, 384, 256), (3, 3, 256, 256))
    arrays = {}
    for layer, shape in enumerate(shapes):
        spread = np.sqrt(2 / np.prod(shape[:3]))
        arrays[f"AlexNet_0/Conv_{layer}/kernel"] = random.normal(0, spread, shape).astype(np.float32)
        arrays[f"AlexNet_0/Conv_{layer}/bias"] = random.normal(0, 0.1, shape[-1]).astype(np.float32)
        arrays[f"NetLinLayer_{layer}/Conv_0/kernel"] = random.random((1, 1, shape[-1], 1)).astype(np.float32)
    path = tmp_path_factory.mktemp("weights") / "alexnet.safetensors"
    save_file(arrays, path)
    return path
