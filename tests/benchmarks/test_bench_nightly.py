"""The benchmark runs on a small catalog and its night is a real one; how fast anything is, no test asserts."""

from __future__ import annotations

import json
from pathlib import Path

import bench_nightly
import pytest


def test_one_json_line_a_figure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bench_nightly.main(["--sizes", "2000", "--shares", "0", "0.1", "--folder", str(tmp_path)])
    lines = {line["name"]: line for line in map(json.loads, capsys.readouterr().out.splitlines())}
    assert set(lines) == {
        f"{name}_{unit}" for name in ("quiet_night_2000", "night_2000_changed_0.1") for unit in ("s", "peak_mb")
    }
    assert lines["quiet_night_2000_s"]["reference"] == "2000 images, 0 computed, unchanged"
    assert lines["night_2000_changed_0.1_s"]["reference"] == "2000 images, 200 computed, published"
    assert all(line["value"] > 0 for line in lines.values())
