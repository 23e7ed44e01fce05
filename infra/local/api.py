"""Airflow's REST API, as far as a local run needs it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from pipelines.core.errors import RestyleError


@dataclass(frozen=True)
class DagRun:
    """One run of a DAG."""

    dag_id: str
    run_id: str
    state: str
    partition_key: str


@dataclass(frozen=True)
class TaskRun:
    """One task instance; `map_index` is -1 for tasks that are not mapped over brands."""

    task_id: str
    map_index: int
    label: str
    state: str
    try_number: int
    end_date: str


class AirflowApi:
    """A logged-in client, to be used in a `with` block. Raises RestyleError with Airflow's answer when a call fails."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=30)
        token = self._call("POST", "/auth/token", json={"username": user, "password": password})["access_token"]
        self._client.headers["Authorization"] = f"Bearer {token}"

    def __enter__(self) -> AirflowApi:
        return self

    def __exit__(self, *_error: object) -> None:
        self._client.close()

    def wait_for_dags(self, dag_ids: tuple[str, ...], patience_s: float = 120.0) -> None:
        """Until all DAGs are parsed; RestyleError with the import errors when they are not."""
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            known = {dag["dag_id"] for dag in self._call("GET", "/api/v2/dags")["dags"]}
            if known.issuperset(dag_ids):
                return
            if errors := self._call("GET", "/api/v2/importErrors")["import_errors"]:
                raise RestyleError("A DAG cannot be imported:\n" + "\n".join(str(e["stack_trace"]) for e in errors))
            time.sleep(0.5)
        raise RestyleError(f"Airflow has not read {', '.join(dag_ids)} after {patience_s:.0f} s.")

    def trigger(self, dag_id: str, partition_key: str, conf: dict[str, Any]) -> str:
        """Start a run for a date; returns its run id."""
        body = {"logical_date": None, "partition_key": partition_key, "conf": conf}
        return str(self._call("POST", f"/api/v2/dags/{dag_id}/dagRuns", json=body)["dag_run_id"])

    def runs(self, dag_id: str) -> list[DagRun]:
        """The latest runs of a DAG, newest first."""
        answer = self._call("GET", f"/api/v2/dags/{dag_id}/dagRuns", params={"order_by": "-id", "limit": 50})
        return [
            DagRun(dag_id, run["dag_run_id"], run["state"], run.get("partition_key") or "")
            for run in answer["dag_runs"]
        ]

    def tasks(self, run: DagRun) -> list[TaskRun]:
        """All task instances of a run."""
        path = f"/api/v2/dags/{run.dag_id}/dagRuns/{_quoted(run.run_id)}/taskInstances"
        return [
            TaskRun(
                task_id=task["task_id"],
                map_index=task["map_index"],
                label=task.get("rendered_map_index") or str(task["map_index"]),
                state=task["state"] or "waiting",
                try_number=task["try_number"],
                end_date=task["end_date"] or "",
            )
            for task in self._call("GET", path, params={"limit": 500})["task_instances"]
        ]

    def log(self, run: DagRun, task: TaskRun) -> str:
        """What a task wrote in its last try."""
        instance = f"/api/v2/dags/{run.dag_id}/dagRuns/{_quoted(run.run_id)}/taskInstances/{task.task_id}"
        answer = self._call(
            "GET", f"{instance}/logs/{task.try_number}", params={"map_index": task.map_index, "full_content": True}
        )
        return "\n".join(
            str(line.get("event", "")) if isinstance(line, dict) else str(line) for line in answer["content"]
        )

    def answer(self, run: DagRun, task: TaskRun, options: list[str], inputs: dict[str, Any]) -> None:
        """Answer a task that waits for a human."""
        path = f"/api/v2/dags/{run.dag_id}/dagRuns/{_quoted(run.run_id)}/taskInstances/{task.task_id}/{task.map_index}"
        self._call("PATCH", f"{path}/hitlDetails", json={"chosen_options": options, "params_input": inputs})

    def _call(self, method: str, path: str, **kwargs: Any) -> Any:
        try:
            answer = self._client.request(method, path, **kwargs)
        except httpx.TransportError as error:
            raise RestyleError(f"Airflow does not answer {method} {path}: {error}") from error
        if answer.is_error:
            raise RestyleError(f"Airflow answered {answer.status_code} to {method} {path}: {answer.text[:500]}")
        return answer.json()


def _quoted(run_id: str) -> str:
    return quote(run_id, safe="")
