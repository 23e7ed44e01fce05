"""One short training on drawn pictures: what it leaves behind, whether it learns, what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from training.bundle import bundle_sha256, load_bundle
from training.train import main


def test_run_leaves_everything_behind(short_run: Any) -> None:
    for name in ("config.json", "metrics.jsonl", "progress.json", "curves.png", "previews/epoch-001.png", "checkpoint"):
        assert (short_run.workdir / name).exists(), name
    assert len(list((short_run.workdir / "tensorboard").iterdir())) == 1
    progress = json.loads((short_run.workdir / "progress.json").read_text())
    assert progress["done"] == progress["total"] == 96
    assert progress["seconds_left"] == 0.0
    assert short_run.summary["sha256"] == bundle_sha256(short_run.bundle)
    with Image.open(short_run.workdir / "curves.png") as curves:
        assert curves.size[0] > 600


def test_preview_shows_product_and_look(short_run: Any) -> None:
    with Image.open(short_run.workdir / "previews" / "epoch-001.png") as picture:
        grid = np.asarray(picture)
    cell = grid.shape[1] // 2
    assert grid.shape[1] == 2 * 260
    assert (grid.shape[0] - 18) % 260 == 0
    assert np.abs(grid[18:, :cell].astype(int) - grid[18:, cell:]).max() > 8


@pytest.mark.parametrize("term", ["reconstruction", "identity", "value_range", "generator"])
def test_term_falls(short_run: Any, term: str) -> None:
    values = [line[term] for line in short_run.metrics]
    assert min(values[1:]) < values[0]


def test_every_term_is_measured_and_finite(short_run: Any) -> None:
    from training.step import NUMBERS

    for line in short_run.metrics:
        assert all(np.isfinite(line[name]) for name in NUMBERS)
    assert all(0 <= line["real_accuracy"] <= 1 and 0 <= line["fake_accuracy"] <= 1 for line in short_run.metrics)


def test_sum_is_the_weighted_terms(short_run: Any) -> None:
    from training.presets import smoke
    from training.terms import TERMS

    weights = smoke().losses
    for line in short_run.metrics:
        expected = sum(getattr(weights, name) * line[name] for name in TERMS)
        assert line["generator"] == pytest.approx(expected, rel=1e-3)


def test_bundle_knows_its_brand(short_run: Any) -> None:
    bundle = load_bundle(short_run.bundle)
    assert set(bundle.brands) == {"sepia-hatch"}
    assert "--preset smoke" in bundle.created_by
    assert str(short_run.workdir) not in (short_run.bundle / "model.json").read_text()
    assert bundle.training["images"] == 96


def test_export_of_the_checkpoint_is_the_same_bundle(short_run: Any, tmp_path: Path) -> None:
    from training.export import main as export

    assert export(["--checkpoint", str(short_run.workdir), "--out", str(tmp_path / "again")]) == 0
    assert bundle_sha256(tmp_path / "again") == bundle_sha256(short_run.bundle)


def arguments(content: Path, style: Path, out: Path, *more: str) -> list[str]:
    fixed = ["--content", str(content), "--style", str(style), "--brand", "sepia", "--out", str(out)]
    return [*fixed, "--preset", "smoke", "--init", "none", *more]


def test_dry_run_trains_nothing(content_folder: Path, style_folder: Path, tmp_path: Path) -> None:
    assert main(arguments(content_folder, style_folder, tmp_path / "out", "--dry-run")) == 0
    assert list(tmp_path.iterdir()) == []


def test_unreadable_reference_is_named_before_any_work(
    content_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    style = tmp_path / "style"
    style.mkdir()
    (style / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 not much of a picture")
    assert main(arguments(content_folder, style, tmp_path / "out")) == 2
    error = capsys.readouterr().err
    assert "ReferencesError" in error
    assert "broken.jpg" in error
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("what", ["empty", "missing"])
def test_no_references(content_folder: Path, tmp_path: Path, what: str, capsys: pytest.CaptureFixture[str]) -> None:
    style = tmp_path / "style"
    if what == "empty":
        style.mkdir()
    assert main(arguments(content_folder, style, tmp_path / "out")) == 2
    assert str(style) in capsys.readouterr().err


def test_no_content(style_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(arguments(tmp_path / "nowhere", style_folder, tmp_path / "out")) == 6
    assert "nowhere" in capsys.readouterr().err


def test_minutes_must_be_above_zero(content_folder: Path, style_folder: Path, tmp_path: Path) -> None:
    assert main(arguments(content_folder, style_folder, tmp_path / "out", "--minutes", "0")) == 2


def test_initial_model_of_another_architecture_is_refused(
    short_run: Any, content_folder: Path, style_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = arguments(content_folder, style_folder, tmp_path / "out", "--preset", "quick")
    given[given.index("--init") + 1] = str(short_run.bundle)
    assert main(given) == 2
    assert "architecture" in capsys.readouterr().err
