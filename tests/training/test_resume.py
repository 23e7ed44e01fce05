"""A run that is killed and resumed ends where an unbroken one does; NaN stops it."""

from __future__ import annotations

import dataclasses
import json
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.core.errors import MissingArtifact, ModelBundleError, TrainingStopped
from training.bundle import bundle_sha256
from training.checkpoint import read_checkpoint, write_checkpoint
from training.config import TrainingConfig
from training.data import load_content
from training.models.perceptual import load_vgg16
from training.presets import smoke
from training.references import load_brand
from training.step import NUMBERS
from training.telemetry import Telemetry
from training.train import main
from training.trainer import Trainer


def trainer(config: TrainingConfig, content: Path, style: Path, vgg: Path, folder: Path) -> Trainer:
    schedule = config.schedule
    return Trainer(
        config,
        load_content(content, schedule.content_px, schedule.content_limit),
        [load_brand("sepia", style, schedule.reference_px)],
        load_vgg16(vgg),
        dtype="float32",
        folder=folder,
        command="test",
    )


def short(images: int) -> TrainingConfig:
    config = smoke()
    return dataclasses.replace(
        config, schedule=dataclasses.replace(config.schedule, images=images, epoch_images=4, preview_pictures=1)
    )


def nothing(_: int) -> None:
    return


KILLED_IN_MID_EPOCH = """
import os, signal, sys
from training import telemetry, train

told = telemetry.Telemetry.metrics

def metrics(self, values):
    told(self, values)
    if values["images"] > 48:
        os.kill(os.getpid(), signal.SIGKILL)

telemetry.Telemetry.metrics = metrics
train.main(sys.argv[1:])
"""


def test_a_killed_run_resumes_to_the_very_bytes_of_an_unbroken_one(
    short_run: Any, content_folder: Path, style_folder: Path, vgg_file: Path, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    options = ["--content", str(content_folder), "--style", str(style_folder), "--brand", "sepia-hatch"]
    options += ["--preset", "smoke", "--init", "none", "--seed", "5", "--resume", "--perceptual", str(vgg_file)]
    options += ["--out", str(tmp_path / "bundle"), "--workdir", str(work)]
    killed = subprocess.run(
        [sys.executable, "-c", KILLED_IN_MID_EPOCH, *options], capture_output=True, check=False, timeout=200
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert read_checkpoint(work / "checkpoint").state["step"] == 24
    assert [line["images"] for line in metrics_of(work)] == [48, 80]

    assert main(options) == 0
    assert bundle_sha256(tmp_path / "bundle") == short_run.summary["sha256"]
    expected, received = (read_checkpoint(folder / "checkpoint") for folder in (short_run.workdir, work))
    assert expected.arrays.keys() == received.arrays.keys()
    for name, array in expected.arrays.items():
        np.testing.assert_array_equal(received.arrays[name], array, err_msg=name)
    numbers = [{name: line[name] for name in ("images", *NUMBERS)} for line in metrics_of(work)]
    assert numbers == [{name: line[name] for name in ("images", *NUMBERS)} for line in short_run.metrics]


def metrics_of(work: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (work / "metrics.jsonl").read_text().splitlines()]


def test_a_run_killed_after_the_encoders_schooling_goes_on_to_the_same_state(
    content_folder: Path, style_folder: Path, vgg_file: Path, tmp_path: Path
) -> None:
    config = short(4)
    config = dataclasses.replace(config, schedule=dataclasses.replace(config.schedule, encoder_images=8))

    def run(folder: str) -> Trainer:
        return trainer(config, content_folder, style_folder, vgg_file, tmp_path / folder)

    whole = run("whole")
    whole.run(Telemetry(tmp_path / "whole", 4), minutes=None, after_epoch=nothing)

    class Killed(Telemetry):
        def metrics(self, values: Mapping[str, Any]) -> None:
            if "phase" not in values:
                raise KeyboardInterrupt
            super().metrics(values)

    with pytest.raises(KeyboardInterrupt):
        run("broken").run(Killed(tmp_path / "broken", 4), minutes=None, after_epoch=nothing)
    again = run("broken")
    again.restore(read_checkpoint(tmp_path / "broken" / "checkpoint"))
    assert again.images == 0
    again.run(Telemetry(tmp_path / "broken", 4, begin=0), minutes=None, after_epoch=nothing)
    expected, received = whole.checkpoint(), again.checkpoint()
    for name, array in expected.arrays.items():
        np.testing.assert_array_equal(received.arrays[name], array, err_msg=name)
    assert [line.get("phase") for line in metrics_of(tmp_path / "broken")] == ["encoder", None]


def test_checkpoint_of_another_configuration_is_refused(
    content_folder: Path, style_folder: Path, vgg_file: Path, tmp_path: Path
) -> None:
    one = trainer(short(8), content_folder, style_folder, vgg_file, tmp_path)
    write_checkpoint(one.checkpoint(), tmp_path / "checkpoint")
    other = trainer(short(12), content_folder, style_folder, vgg_file, tmp_path)
    with pytest.raises(ModelBundleError, match="another configuration"):
        other.restore(read_checkpoint(tmp_path / "checkpoint"))


def test_nan_stops_with_advice(content_folder: Path, style_folder: Path, vgg_file: Path, tmp_path: Path) -> None:
    run = trainer(short(8), content_folder, style_folder, vgg_file, tmp_path)
    kernel = run.gan.variables("generator", trainable=True)[0]
    kernel.assign(np.full(kernel.shape, np.nan, np.float32))
    with pytest.raises(TrainingStopped, match="Lower generator_rate"):
        run.run(Telemetry(tmp_path, 8), minutes=None, after_epoch=nothing)
    assert not (tmp_path / "checkpoint").exists()


def test_missing_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(MissingArtifact, match="nothing there"):
        read_checkpoint(tmp_path / "checkpoint")


def test_cut_between_the_renames_leaves_the_predecessor(
    content_folder: Path, style_folder: Path, vgg_file: Path, tmp_path: Path
) -> None:
    one = trainer(short(8), content_folder, style_folder, vgg_file, tmp_path)
    write_checkpoint(one.checkpoint(), tmp_path / "checkpoint")
    (tmp_path / "checkpoint").rename(tmp_path / "checkpoint.old")
    assert read_checkpoint(tmp_path / "checkpoint").state["step"] == 0


def test_a_second_cut_after_the_first_still_leaves_a_whole_one(
    content_folder: Path, style_folder: Path, vgg_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = trainer(short(8), content_folder, style_folder, vgg_file, tmp_path)
    write_checkpoint(one.checkpoint(), tmp_path / "checkpoint")
    (tmp_path / "checkpoint").rename(tmp_path / "checkpoint.old")

    def cut(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "rename", cut)
    with pytest.raises(KeyboardInterrupt):
        write_checkpoint(one.checkpoint(), tmp_path / "checkpoint")
    assert read_checkpoint(tmp_path / "checkpoint").state["step"] == 0
