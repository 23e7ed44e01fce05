"""The benchmark runs and the yardstick is the network that it says it is; how fast anything is, no test asserts."""

from __future__ import annotations

import json

import bench_model
import numpy as np
import pytest
from classic_network import classic_network


def test_yardstick_is_the_classic_network() -> None:
    network = classic_network("float32")
    convolutions = [81 * 3 * 32, 9 * 32 * 64, 9 * 64 * 128, *[9 * 128 * 128] * 10, 9 * 128 * 64, 9 * 64 * 32]
    norms = 2 * (32 + 64 + 128 + 10 * 128 + 64 + 32)
    assert network.count_params() == sum(convolutions) + norms + 81 * 32 * 3 + 3
    painted = np.asarray(network(np.random.default_rng(0).random((1, 32, 48, 3)).astype(np.float32)))
    assert painted.shape == (1, 32, 48, 3)
    assert 0 <= painted.min() < painted.max() <= 1


def test_one_json_line_a_figure(capsys: pytest.CaptureFixture[str]) -> None:
    bench_model.main(["--repeats", "1", "--sizes", "64", "--no-training"])
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {"network_vs_classic_64", "restyle_vs_classic_64"} <= {line["name"] for line in lines}
    for line in lines:
        assert set(line) == {"name", "value", "unit", "reference", "machine"}
        assert line["value"] > 0
