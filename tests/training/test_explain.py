from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from training.explain import main


@pytest.mark.parametrize("with_alexnet", [False, True])
def test_one_image_explains_a_look(
    short_run: Any,
    content_folder: Path,
    style_folder: Path,
    alexnet_file: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    with_alexnet: bool,
) -> None:
    monkeypatch.delenv("RESTYLE_ALEXNET", raising=False)
    arguments = [str(content_folder / "product-03.png"), "--model", str(short_run.bundle), "--brand", "sepia-hatch"]
    arguments += ["--references", str(style_folder), "--out", str(tmp_path / "why.png"), "--colour", "full"]
    if with_alexnet:
        arguments += ["--alexnet", str(alexnet_file)]
    assert main(arguments) == 0
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert len(summary["nearest"]) == 3
    assert set(summary["nearest"]) <= {f"{n}.png" for n in range(5)}
    assert list(summary["nearest"].values()) == sorted(summary["nearest"].values())
    assert min(summary["content"].values()) > 0
    assert set(summary["style"]) == {"photo", "colour map alone", "look"}
    with Image.open(tmp_path / "why.png") as image:
        assert image.size == (1600, 960)
        assert np.asarray(image.convert("RGB")).std() > 20


def test_at_strength_0_there_is_nothing_to_explain(
    short_run: Any, content_folder: Path, style_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [str(content_folder / "product-01.png"), "--model", str(short_run.bundle), "--brand", "sepia-hatch"]
    arguments += ["--references", str(style_folder), "--out", str(tmp_path / "why.png"), "--strength", "0"]
    assert main(arguments) == 0
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert max(summary["content"].values()) == 0
    assert summary["style"]["photo"] == summary["style"]["look"]


def test_what_cannot_be_explained_says_why(
    short_run: Any, style_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n and then nothing")
    rest = ["--model", str(short_run.bundle), "--references", str(style_folder), "--out", str(tmp_path / "why.png")]
    assert main([str(broken), *rest, "--brand", "sepia-hatch"]) == 2
    assert "broken.png cannot be used" in capsys.readouterr().err
    clear = tmp_path / "clear.png"
    Image.fromarray(np.zeros((40, 40, 4), np.uint8)).save(clear)
    assert main([str(clear), *rest, "--brand", "sepia-hatch"]) == 2
    assert "expected a visible picture, received alpha 0" in capsys.readouterr().err
    assert not (tmp_path / "why.png").exists()
