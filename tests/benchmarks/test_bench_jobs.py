"""The benchmark runs and both sides do the same work; how fast anything is, no test asserts."""

from __future__ import annotations

import json

import bench_jobs
import pytest

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.mark.parametrize(
    ("job", "names"),
    [
        ("preprocess", {"beam_start_s", "preprocess_vs_loop", "preprocess_vs_single_thread_loop"}),
        ("restyle", {"restyle_vs_loop"}),
    ],
)
def test_one_json_line_a_figure(job: str, names: set[str], capsys: pytest.CaptureFixture[str]) -> None:
    bench_jobs.main(
        ["--jobs", job, "--images", "6", "--products", "4", "--size-px", "96", "--restyle-px", "96", "--repeats", "1"]
    )
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines() if line.startswith("{")]
    assert {line["name"] for line in lines} == names
    for line in lines:
        assert set(line) == {"name", "value", "unit", "reference", "machine"}
        assert line["value"] > 0
