"""How a stack finds and stops what belongs to it, with real processes that behave like Airflow's."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from infra.local.stack import TOKEN_VARIABLE, Stack
from pipelines.core.errors import InputError, RestyleError

WAITS = "import sys, threading; print('up', flush=True); threading.Event().wait()"


def start(code: str, **kwargs) -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=True, **kwargs)
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    process.stdout.close()
    return process


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    return Stack(tmp_path / "airflow", tmp_path / "shop.yaml", 18080)


def test_stop_reaches_components_and_jobs_in_sessions_of_their_own(stack: Stack) -> None:
    component = start(WAITS)
    job = start(WAITS, env=stack.environment())
    bystander = start(WAITS)
    stack.processes["scheduler"] = component
    stack.stop()
    for process in (component, job):
        assert not psutil.pid_exists(process.pid)
        process.wait(5)
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait(5)


def test_secrets_are_private_and_kept(stack: Stack) -> None:
    environment = stack.environment()
    assert environment[TOKEN_VARIABLE] == stack.token
    for name in ("secrets.json", "passwords.json"):
        assert (stack.home / name).stat().st_mode & 0o077 == 0
    again = Stack(stack.home, stack.settings, stack.port)
    assert again.password == stack.password
    assert len(json.loads((stack.home / "secrets.json").read_text())["jwt_secret"]) >= 64


def test_the_ui_is_on_loopback_and_asks_for_a_password(stack: Stack) -> None:
    environment = stack.environment()
    assert environment["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert environment["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"] == "admin:admin"
    assert "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS" not in environment


def test_a_component_that_ended_is_an_error_with_its_log(stack: Stack) -> None:
    stack.logs.mkdir(parents=True)
    (stack.logs / "scheduler.log").write_text("database is gone\n")
    process = subprocess.Popen([sys.executable, "-c", "raise SystemExit(7)"])
    process.wait(10)
    stack.processes["scheduler"] = process
    with pytest.raises(RestyleError, match=r"scheduler ended with 7(.|\n)*database is gone"):
        stack.check_alive()


def test_a_second_stack_of_one_home_is_refused(stack: Stack) -> None:
    component = start(WAITS)
    owner = start(WAITS)
    stack.home.mkdir(parents=True)
    record = {"pid": owner.pid, "token": stack.token, "url": stack.url, "sessions": [component.pid]}
    (stack.home / "stack.json").write_text(json.dumps(record))
    try:
        with pytest.raises(
            InputError, match=rf"already running for this folder at {stack.url} \(process {owner.pid}\)"
        ):
            Stack(stack.home, stack.settings, stack.port).start()
        assert psutil.pid_exists(component.pid)
    finally:
        for process in (component, owner):
            process.kill()
            process.wait(5)
