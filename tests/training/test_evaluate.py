from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from training.blessing import FLOORS, INDEPENDENT_CEILINGS, INDEPENDENT_FLOORS, bless
from training.evaluate import main
from training.evaluation.over_brands import main as over_brands
from training.metrics.style_gap import gap_closed

GOOD = {name: floor + 0.05 for name, floor in FLOORS.items()}
WITH_ALEXNET = {**GOOD, "hand": 0.4, "hand_colour_only": 0.2, "style": 0.3, "lpips": 0.2}


def test_good_candidate_is_blessed() -> None:
    assert bless(GOOD, None).blessed
    assert bless(GOOD, GOOD).blessed
    assert bless(WITH_ALEXNET, None).blessed
    assert bless(WITH_ALEXNET, GOOD).blessed


@pytest.mark.parametrize("name", sorted(FLOORS))
def test_each_floor_refuses(name: str) -> None:
    blessing = bless({**GOOD, name: FLOORS[name] - 0.01}, None)
    assert not blessing.blessed
    assert [reason.split(":")[0] for reason in blessing.reasons] == [name]


@pytest.mark.parametrize(
    ("name", "value"),
    [("style", INDEPENDENT_FLOORS["style"] - 0.01), ("lpips", INDEPENDENT_CEILINGS["lpips"] + 0.01)],
)
def test_independent_figures_refuse(name: str, value: float) -> None:
    blessing = bless({**WITH_ALEXNET, name: value}, None)
    assert [reason.split(":")[0] for reason in blessing.reasons] == [name]
    assert f"{value:.3f}" in blessing.reasons[0]


def test_a_hand_that_does_harm_is_refused() -> None:
    blessing = bless({**WITH_ALEXNET, "hand": 0.1}, None)
    assert blessing.reasons == ("hand: the colour map alone has 0.200, the whole look 0.100",)


@pytest.mark.parametrize("name", ["ms_ssim", "hand", "lpips"])
def test_not_a_number_is_refused(name: str) -> None:
    assert not bless({**WITH_ALEXNET, name: float("nan")}, None).blessed


@pytest.mark.parametrize("name", ["style_gap_closed", "hand"])
def test_clearly_worse_than_the_current_model_is_refused(name: str) -> None:
    blessing = bless(WITH_ALEXNET, {**WITH_ALEXNET, name: 0.6})
    assert not blessing.blessed
    assert "the current model has 0.600" in blessing.reasons[0]


def test_gap_closed() -> None:
    assert gap_closed(2.0, 1.0) == 0.5
    assert gap_closed(2.0, 3.0) == -0.5
    assert gap_closed(0.0, 0.0) == 0.0


def test_evaluation_of_a_real_model(
    short_run: Any, content_folder: Path, style_folder: Path, alexnet_file: Path, tmp_path: Path
) -> None:
    arguments = ["--candidate", str(short_run.bundle), "--current", str(short_run.bundle), "--brand", "sepia-hatch"]
    arguments += ["--content", str(content_folder), "--style", str(style_folder), "--out", str(tmp_path)]
    arguments += ["--alexnet", str(alexnet_file), "--all-products", "--with-optimisation", "1"]
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
    assert report["pictures"] == 2
    assert set(report["regimes"]) == {"keep-hue, strength 1", "full, strength 1", "full, strength 0.5"}
    assert report["baselines"]["optimisation"]["figures"]["lpips"]["pictures"] == 1
    identity = report["baselines"]["identity"]["figures"]
    assert identity["ms_ssim"]["median"] == pytest.approx(1.0)
    assert identity["style"]["median"] == identity["hand"]["median"] == identity["delta_e"]["median"] == 0.0
    assert report["strengths"]["0"] == report["baselines"]["identity"]
    assert (
        report["strengths"]["1"]["figures"]["lpips"]["median"]
        > report["strengths"]["0.25"]["figures"]["lpips"]["median"]
    )
    assert all(math.isfinite(number) for number in _numbers(report))
    assert "| identity | 0.000 [0.000, 0.000] |" in (tmp_path / "figures.md").read_text()
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width == 6 * 388


def test_without_alexnet_its_figures_are_absent_with_the_reason(
    short_run: Any, content_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RESTYLE_ALEXNET", raising=False)
    flat = tmp_path / "flat"
    flat.mkdir()
    Image.fromarray(np.full((40, 40, 3), 90, np.uint8)).save(flat / "one.png")
    out = tmp_path / "out"
    arguments = ["--model", str(short_run.bundle), "--brand", "sepia-hatch", "--content", str(content_folder)]
    assert main([*arguments, "--style", str(flat), "--out", str(out), "--pictures", "1"]) == 0
    regime = json.loads((out / "evaluation.json").read_text())["regimes"]["keep-hue, strength 1"]
    assert set(regime["absent"]) == {"hand", "style", "lpips"}
    assert "RESTYLE_ALEXNET" in regime["absent"]["hand"]
    assert set(regime["figures"]) == {"ms_ssim", "edge_f1", "white_kept", "delta_e"}


def test_wrong_options_name_what_was_expected(
    short_run: Any, content_folder: Path, style_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--model", str(short_run.bundle), "--content", str(content_folder), "--style", str(style_folder)]
    arguments += ["--out", str(tmp_path / "out")]
    assert main([*arguments, "--brand", "nobody"]) == 2
    assert "sepia-hatch" in capsys.readouterr().err
    assert main([*arguments, "--brand", "sepia-hatch", "--pictures", "0"]) == 2
    assert "--pictures: expected at least 1, received 0" in capsys.readouterr().err
    notes = tmp_path / "notes.safetensors"
    notes.write_text("no weights")
    assert main([*arguments, "--brand", "sepia-hatch", "--pictures", "1", "--alexnet", str(notes)]) == 6
    assert f"AlexNet {notes}" in capsys.readouterr().err


def test_several_brands_in_one_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for brand, hand in (("acme", 0.2), ("birch", 0.4), ("cedar", 0.9)):
        figures = {"hand": {"median": hand, "low": 0, "high": 1, "pictures": 3}}
        report = {"brand": brand, "regimes": {"full, strength 1": {"figures": figures, "absent": {}}}, "baselines": {}}
        (tmp_path / brand).mkdir()
        (tmp_path / brand / "evaluation.json").write_text(json.dumps(report))
    folders = [str(tmp_path / name) for name in ("acme", "birch", "cedar")]
    assert over_brands([*folders, "--out", str(tmp_path / "table.md")]) == 0
    lines = (tmp_path / "table.md").read_text().splitlines()
    assert lines[2].startswith("| **full, strength 1** | 0.400 | - |")
    assert lines[3].startswith("| acme: full, strength 1 | 0.200 |")
    assert over_brands([str(tmp_path / "none"), "--out", str(tmp_path / "table.md")]) == 6
    assert "expected what `restyle evaluate` writes" in capsys.readouterr().err


def _numbers(value: Any) -> Iterator[float]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _numbers(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _numbers(inner)
    elif isinstance(value, float):
        yield value
