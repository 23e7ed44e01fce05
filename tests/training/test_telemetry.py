"""What a run tells: lines, event files that TensorFlow's own reader takes, a bar on terminals only, curves."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from training.curves import curves_png, running_mean
from training.event_file import EventFile, crc32c
from training.telemetry import Telemetry, bar_line


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def line(images: int, **more: Any) -> dict[str, Any]:
    beside = {"images": images, "seconds": 1.0, "epoch": 0.5, "learning_rate": 1e-4, "images_per_s": 7.0}
    return {**beside, "real_accuracy": 0.5, "fake_accuracy": 0.6, "generator": 9.0, "discriminator": 1.0, **more}


def test_checksum_is_castagnolis() -> None:
    assert crc32c(b"123456789") == 0xE3069283


def test_event_file_is_read_by_tensorflow(tmp_path: Path) -> None:
    import tensorflow as tf

    events = EventFile(tmp_path, begin_images=48)
    events.scalars(80, {"game/content": 0.25, "game/images_per_s": 3e9})
    picture = np.zeros((4, 6, 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(picture).save(out, "PNG")
    events.picture(96, "preview", out.getvalue(), 4, 6)

    (file,) = tmp_path.iterdir()
    records = tf.data.TFRecordDataset(str(file)).as_numpy_iterator()
    version, start, scalars, image = (tf.compat.v1.Event.FromString(record) for record in records)
    assert version.file_version == "brain.Event:2"
    assert (start.step, start.session_log.status) == (48, tf.compat.v1.SessionLog.START)
    assert scalars.step == 80
    assert [(v.tag, v.simple_value) for v in scalars.summary.value] == [
        ("game/content", 0.25),
        ("game/images_per_s", 3e9),
    ]
    shown = image.summary.value[0].image
    assert (image.step, shown.height, shown.width) == (96, 4, 6)
    assert tf.io.decode_png(shown.encoded_image_string).shape == (4, 6, 3)


def test_resuming_takes_back_what_lies_beyond_the_checkpoint(tmp_path: Path) -> None:
    first = Telemetry(tmp_path, 400)
    first.metrics({"phase": "encoder", "images": 500, "pixels": 0.1})
    for images in (80, 160, 240):
        first.metrics(line(images))
    with (tmp_path / "metrics.jsonl").open("a") as lines:
        lines.write('{"images": 320, "con')
    again = Telemetry(tmp_path, 400, begin=160)
    again.metrics(line(200))
    told = [json.loads(row)["images"] for row in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert told == [500, 80, 160, 200]
    assert [row["images"] for row in again.game] == [80, 160, 200]
    assert Telemetry(tmp_path, 400).game == []


def test_bar_on_a_terminal_and_plain_lines_elsewhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    terminal, pipe = Terminal(), io.StringIO()
    for out in (terminal, pipe):
        telemetry = Telemetry(tmp_path, 1_600, terminal=out)
        telemetry.progress(640, 15.2, 63.0)
        telemetry.say("epoch 1")
        telemetry.close()
    assert terminal.getvalue().count("640/1,600 images  15.2/s  1:03 left") == 2
    assert pipe.getvalue() == ""
    assert capsys.readouterr().out == "epoch 1\nepoch 1\n"


def test_bar_line() -> None:
    assert bar_line(0, 100, 0.0, 3_725.0) == f"[{'-' * 24}]   0%  0/100 images  0.0/s  1:02:05 left"
    assert bar_line(120, 100, 4.0, 0.0).startswith(f"[{'#' * 24}] 100%")


def test_curves_grow_with_the_terms() -> None:
    sizes = []
    for more in ({}, {"a": 1.0, "b": 0.0, "c": -1.0, "d": 50.0}):
        with Image.open(io.BytesIO(curves_png([line(80, **more), line(160, **more)]))) as picture:
            sizes.append(picture.size)
    assert sizes[0][0] == sizes[1][0]
    assert sizes[1][1] > sizes[0][1]


def test_running_mean_neither_lags_nor_leaves_noise() -> None:
    ramp = np.linspace(5.0, 1.0, 400)
    assert np.allclose(running_mean(ramp), ramp)
    noise = np.random.default_rng(0).normal(size=400)
    assert running_mean(noise)[20:-20].std() < 0.4 * noise.std()
    assert running_mean(np.array([3.0])).tolist() == [3.0]
