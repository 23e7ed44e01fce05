from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from training.blessing import FLOORS, bless
from training.evaluate import main
from training.metrics.style_gap import gap_closed

GOOD = {name: floor + 0.05 for name, floor in FLOORS.items()}


def test_good_candidate_is_blessed() -> None:
    assert bless(GOOD, None).blessed
    assert bless(GOOD, GOOD).blessed


@pytest.mark.parametrize("name", sorted(FLOORS))
def test_each_floor_refuses(name: str) -> None:
    blessing = bless({**GOOD, name: FLOORS[name] - 0.01}, None)
    assert not blessing.blessed
    assert [reason.split(":")[0] for reason in blessing.reasons] == [name]


def test_not_a_number_is_refused() -> None:
    assert not bless({**GOOD, "ms_ssim": float("nan")}, None).blessed


def test_clearly_worse_than_the_current_model_is_refused() -> None:
    current = {**GOOD, "style_gap_closed": 0.6}
    blessing = bless(GOOD, current)
    assert not blessing.blessed
    assert "the current model has 0.600" in blessing.reasons[0]


def test_gap_closed() -> None:
    assert gap_closed(2.0, 1.0) == 0.5
    assert gap_closed(2.0, 3.0) == -0.5
    assert gap_closed(0.0, 0.0) == 0.0


def test_evaluation_of_a_real_model(short_run: Any, content_folder: Path, style_folder: Path, tmp_path: Path) -> None:
    arguments = ["--candidate", str(short_run.bundle), "--current", str(short_run.bundle), "--brand", "sepia-hatch"]
    arguments += ["--content", str(content_folder), "--style", str(style_folder), "--out", str(tmp_path)]
    assert main([*arguments, "--pictures", "2"]) == 0
    report = json.loads((tmp_path / "evaluation.json").read_text())
    blessing = json.loads((tmp_path / "blessing.json").read_text())
    figures = report["numbers"]["candidate"]
    assert figures == report["numbers"]["current"]
    assert figures["white_kept"] == 1.0
    assert 0.3 < figures["ms_ssim"] < 1.0
    assert figures["hand_distance_photo"] > 0
    assert blessing["blessed"] == report["blessed"] == bless(figures, figures).blessed
    assert blessing["candidate_sha256"] == short_run.summary["sha256"]
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width == 4 * 304
