from __future__ import annotations

import json
import sys

import pytest

from pipelines.core.errors import GateBlocked
from pipelines.core.jobs import JobSpec, run_job


def test_a_job_is_a_command() -> None:
    spec = JobSpec("pipelines.release.plan", ("--date", "2026-11-23"))
    assert spec.command() == [sys.executable, "-m", "pipelines.release.plan", "--date", "2026-11-23"]
    assert spec.command("python3")[0] == "python3"


def test_the_summary_is_the_last_line(capsys: pytest.CaptureFixture[str]) -> None:
    def body() -> dict[str, int]:
        sys.stdout.write("working\n")
        return {"images": 3}

    assert run_job(body) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1]) == {"images": 3}


def test_an_error_is_one_line_and_its_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    def body() -> dict[str, int]:
        raise GateBlocked("too many")

    assert run_job(body) == 5
    assert capsys.readouterr().err == "GateBlocked: too many\n"


def test_other_errors_are_not_hidden() -> None:
    with pytest.raises(ZeroDivisionError):
        run_job(lambda: {"images": 1 // 0})
