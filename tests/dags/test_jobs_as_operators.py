"""The operator runs real processes: small modules written for the test."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import psutil
import pytest

from pipelines.core.settings import JobSettings

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Operator for a module with the given source."""
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def make(source: str, *arguments: str):
        from restyle_common.jobs import job

        (tmp_path / "job_under_test.py").write_text(source)
        return job("work", "job_under_test", arguments, JobSettings())

    return make


def test_the_last_line_is_the_summary(run) -> None:
    operator = run("import sys; print('hello'); print('{\"arguments\": %d}' % (len(sys.argv) - 1))", "--a", "", "b")
    assert operator.execute({}) == {"arguments": 2}


@pytest.mark.parametrize(
    ("code", "error"),
    [(99, "AirflowSkipException"), (2, "AirflowFailException"), (5, "AirflowFailException"), (1, "AirflowException")],
)
def test_exit_codes_decide_about_retries(run, code: int, error: str) -> None:
    import airflow.sdk.exceptions

    operator = run(f"import sys; print('FeedError: no feed'); sys.exit({code})")
    with pytest.raises(getattr(airflow.sdk.exceptions, error)) as raised:
        operator.execute({})
    assert type(raised.value).__name__ == error
    assert code == 99 or "no feed" in str(raised.value)


def test_killing_a_task_kills_all_that_its_job_started(run, tmp_path: Path) -> None:
    from airflow.sdk.exceptions import AirflowException

    pids = tmp_path / "pids"
    os.mkfifo(pids)
    operator = run(
        "import os, subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import threading; threading.Event().wait()'])\n"
        f"open({str(pids)!r}, 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        "child.wait()\n"
    )
    ended: list[BaseException] = []

    def execute() -> None:
        try:
            operator.execute({})
        except AirflowException as error:
            ended.append(error)

    thread = threading.Thread(target=execute)
    thread.start()
    started = [psutil.Process(int(pid)) for pid in pids.read_text().split()]
    operator.on_kill()
    thread.join(timeout=30)
    _, alive = psutil.wait_procs(started, timeout=10)
    assert len(started) == 2
    assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []
    assert len(ended) == 1


def test_a_setting_turns_a_job_into_a_pod() -> None:
    pytest.importorskip("airflow.providers.cncf.kubernetes", reason="the extra `kubernetes` is not installed")
    from restyle_common.jobs import job

    settings = JobSettings(runner="kubernetes", image="registry.example/restyle:1", namespace="shop")
    pod = job("restyle", "pipelines.restyle", ["--brand", "inkwell"], settings)
    assert pod.cmds == ["python", "-m", "pipelines.restyle"]
    assert pod.arguments == ["--brand", "inkwell"]
    assert (pod.image, pod.namespace) == ("registry.example/restyle:1", "shop")
