"""A run that is stopped and resumed ends where an unbroken one does; NaN stops it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from pipelines.core.errors import MissingArtifact, ModelBundleError, TrainingStopped
from training.checkpoint import read_checkpoint, write_checkpoint
from training.config import TrainingConfig
from training.data import load_content
from training.perceptual_choice import choose_perceptual
from training.presets import smoke
from training.references import load_brand
from training.telemetry import Telemetry
from training.train import shipped_bundle
from training.trainer import Trainer


def trainer(config: TrainingConfig, content: Path, style: Path, folder: Path) -> Trainer:
    schedule = config.schedule
    return Trainer(
        config,
        load_content(content, schedule.content_px, schedule.content_limit),
        [load_brand("sepia", style, schedule.reference_px)],
        choose_perceptual("auto", shipped_bundle(), dtype="float32"),
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


class Stopped(Exception):
    pass


def test_resumed_run_equals_unbroken_run(content_folder: Path, style_folder: Path, tmp_path: Path) -> None:
    config = short(8)
    whole = trainer(config, content_folder, style_folder, tmp_path / "whole")
    whole.run(Telemetry(tmp_path / "whole", 8), minutes=None, after_epoch=nothing)

    def stop(_: int) -> None:
        raise Stopped

    first = trainer(config, content_folder, style_folder, tmp_path / "broken")
    with pytest.raises(Stopped):
        first.run(Telemetry(tmp_path / "broken", 8), minutes=None, after_epoch=stop)
    second = trainer(config, content_folder, style_folder, tmp_path / "broken")
    second.restore(read_checkpoint(tmp_path / "broken" / "checkpoint"))
    assert second.images == 4
    second.run(Telemetry(tmp_path / "broken", 8), minutes=None, after_epoch=nothing)

    expected, received = whole.checkpoint(), second.checkpoint()
    assert expected.arrays.keys() == received.arrays.keys()
    for name, array in expected.arrays.items():
        np.testing.assert_allclose(received.arrays[name], array, atol=2e-4, err_msg=name)


def test_checkpoint_of_another_configuration_is_refused(
    content_folder: Path, style_folder: Path, tmp_path: Path
) -> None:
    one = trainer(short(8), content_folder, style_folder, tmp_path)
    write_checkpoint(one.checkpoint(), tmp_path / "checkpoint")
    other = trainer(short(12), content_folder, style_folder, tmp_path)
    with pytest.raises(ModelBundleError, match="another configuration"):
        other.restore(read_checkpoint(tmp_path / "checkpoint"))


def test_nan_stops_with_advice(content_folder: Path, style_folder: Path, tmp_path: Path) -> None:
    run = trainer(short(8), content_folder, style_folder, tmp_path)
    kernel = run.gan.variables("generator", trainable=True)[0]
    kernel.assign(np.full(kernel.shape, np.nan, np.float32))
    with pytest.raises(TrainingStopped, match="Lower generator_rate"):
        run.run(Telemetry(tmp_path, 8), minutes=None, after_epoch=nothing)
    assert not (tmp_path / "checkpoint").exists()


def test_missing_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(MissingArtifact, match="nothing there"):
        read_checkpoint(tmp_path / "checkpoint")


def test_cut_between_the_renames_leaves_the_predecessor(
    content_folder: Path, style_folder: Path, tmp_path: Path
) -> None:
    one = trainer(short(8), content_folder, style_folder, tmp_path)
    write_checkpoint(one.checkpoint(), tmp_path / "checkpoint")
    (tmp_path / "checkpoint").rename(tmp_path / "checkpoint.old")
    assert read_checkpoint(tmp_path / "checkpoint").state["step"] == 0
