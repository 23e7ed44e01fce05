"""Airflow's three processes on SQLite, as one thing that starts, is healthy, and stops without leaving anything behind.

What belongs to a stack is found in two ways: Airflow's own processes by the sessions that the components lead (their
titles overwrite what the kernel shows of their environment), jobs, which lead sessions of their own, by a token in
their environment.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from pipelines.core.errors import InputError, RestyleError

ROOT = Path(__file__).resolve().parents[2]
TOKEN_VARIABLE = "RESTYLE_STACK"  # noqa: S105 - a marker, not a secret
COMPONENTS = {
    "api-server": ["api-server"],
    "scheduler": ["scheduler", "--skip-serve-logs"],
    "dag-processor": ["dag-processor"],
}
POOLS = {
    "restyle_training": {"slots": 1, "description": "One training at a time: it wants the whole machine"},
    "restyle_jobs": {"slots": 2, "description": "Beam jobs and other work on images"},
}


@dataclass
class Stack:
    """One local Airflow.

    Args:
        home: folder for its database, logs and secrets; kept between runs.
        settings: the shop's settings file.
        port: of the UI and API on 127.0.0.1.
    """

    home: Path
    settings: Path
    port: int
    token: str = field(default_factory=lambda: secrets.token_hex(8))
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Address of the UI."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def logs(self) -> Path:
        """Folder of the components' own logs."""
        return self.home / "components"

    @property
    def password(self) -> str:
        """The generated password of the user `admin`."""
        return str(self._secrets()["password"])

    def environment(self) -> dict[str, str]:
        """Environment of every Airflow process."""
        known = self._secrets()
        passwords = self.home / "passwords.json"
        _write_private(passwords, json.dumps({"admin": known["password"]}))
        return {
            **os.environ,
            TOKEN_VARIABLE: self.token,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}",
            "RESTYLE_SETTINGS": str(self.settings),
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__PARALLELISM": "4",
            "AIRFLOW__CORE__FERNET_KEY": "",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": "admin:admin",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(self.port),
            "AIRFLOW__API__BASE_URL": self.url,
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API_AUTH__JWT_SECRET": str(known["jwt_secret"]),
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "300",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        }

    def start(self, patience_s: float = 180.0) -> None:
        """Prepare the database, start all components, wait until they are healthy.

        Raises RestyleError with the end of the log when a component ends or is not healthy in time.
        """
        self.logs.mkdir(parents=True, exist_ok=True)
        environment = self.environment()
        self._stop_leftovers()
        pools = self.home / "pools.json"
        pools.write_text(json.dumps({name: {**pool, "include_deferred": False} for name, pool in POOLS.items()}))
        for step, command in {"migrate": ["db", "migrate"], "pools": ["pools", "import", str(pools)]}.items():
            self._run_once(step, command, environment)
        for name, command in COMPONENTS.items():
            with (self.logs / f"{name}.log").open("wb") as log:
                self.processes[name] = subprocess.Popen(
                    [sys.executable, "-m", "airflow", *command],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=environment,
                    start_new_session=True,
                )
        sessions = [process.pid for process in self.processes.values()]
        record = {"pid": os.getpid(), "token": self.token, "url": self.url, "sessions": sessions}
        _write_private(self.home / "stack.json", json.dumps(record))
        self._wait_until_healthy(patience_s)

    def check_alive(self) -> None:
        """RestyleError with the end of its log when a component has ended by itself."""
        for name, process in self.processes.items():
            if process.poll() is not None:
                raise RestyleError(
                    f"Airflow's {name} ended with {process.returncode}. The end of {self.logs / name}.log:\n"
                    f"{_tail(self.logs / f'{name}.log')}"
                )

    def stop(self) -> None:
        """Stop everything this stack started, jobs included: politely first, by force after ten seconds."""
        _stop(_members(self.token, [process.pid for process in self.processes.values()]))
        self.processes.clear()
        (self.home / "stack.json").unlink(missing_ok=True)

    def _run_once(self, step: str, command: list[str], environment: dict[str, str]) -> None:
        log = self.logs / f"{step}.log"
        with log.open("wb") as sink:
            done = subprocess.run(
                [sys.executable, "-m", "airflow", *command],
                stdout=sink,
                stderr=subprocess.STDOUT,
                env=environment,
                check=False,
            )
        if done.returncode:
            raise RestyleError(f"airflow {' '.join(command)} failed:\n{_tail(log)}")

    def _wait_until_healthy(self, patience_s: float) -> None:
        import httpx

        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            self.check_alive()
            with suppress(httpx.TransportError):
                health = httpx.get(f"{self.url}/api/v2/monitor/health", timeout=5)
                if health.status_code == httpx.codes.OK and all(
                    health.json()[part]["status"] == "healthy" for part in ("scheduler", "dag_processor")
                ):
                    return
            time.sleep(0.5)
        raise RestyleError(f"Airflow was not healthy after {patience_s:.0f} s; its logs are in {self.logs}.")

    def _stop_leftovers(self) -> None:
        """Another run of this home: refuse while it lives, clear what a killed one left."""
        record = self.home / "stack.json"
        if not record.exists():
            return
        before = json.loads(record.read_text())
        members = _members(before["token"], before["sessions"])
        if before["pid"] != os.getpid() and psutil.pid_exists(before["pid"]) and members:
            raise InputError(
                f"Airflow is already running for this folder at {before['url']} (process {before['pid']}). "
                "Stop it there with Ctrl-C first."
            )
        _stop(members)

    def _secrets(self) -> dict[str, str]:
        file = self.home / "secrets.json"
        if not file.exists():
            self.home.mkdir(parents=True, exist_ok=True)
            known = {"password": secrets.token_urlsafe(12), "jwt_secret": secrets.token_urlsafe(64)}
            _write_private(file, json.dumps(known))
        known = json.loads(file.read_text())
        return dict(known)


def _members(token: str, sessions: list[int]) -> list[psutil.Process]:
    """All processes of a stack, this one left out."""
    members = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.pid != os.getpid() and (
                os.getsid(process.pid) in sessions or process.environ().get(TOKEN_VARIABLE) == token
            ):
                members.append(process)
    return members


def _stop(processes: list[psutil.Process]) -> None:
    for process in processes:
        with suppress(psutil.Error):
            process.terminate()
    _, alive = psutil.wait_procs(processes, timeout=10)
    for process in alive:
        with suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(alive, timeout=5)


def _write_private(file: Path, text: str) -> None:
    file.touch(mode=0o600)
    file.write_text(text)


def _tail(log: Path, lines: int = 20) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
