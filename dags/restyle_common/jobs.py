"""The one place where a job becomes an Airflow operator: a process here, or a pod on Kubernetes, by `jobs.runner`."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any

from airflow.providers.standard.hooks.subprocess import SubprocessHook
from airflow.sdk import BaseOperator, Context
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

from pipelines.core.errors import GateBlocked, InputError, MissingArtifact, TrainingStopped
from pipelines.core.jobs import NOT_DUE, JobResources, JobSpec
from pipelines.core.settings import JobSettings

NOT_RETRIED = (
    InputError.exit_code,
    TrainingStopped.exit_code,
    GateBlocked.exit_code,
    MissingArtifact.exit_code,
)
"""Exit codes of jobs that would end the same way again."""


class LocalJobOperator(BaseOperator):
    """Runs `python -m module *arguments` as a process group of its own; returns the summary the job printed last."""

    template_fields: Sequence[str] = ("arguments",)
    ui_color = "#e8f1e4"

    def __init__(self, *, module: str, arguments: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.module = module
        self.arguments = arguments

    def execute(self, context: Context) -> dict[str, Any]:
        """Run the job and wait for it."""
        self.hook = SubprocessHook()
        environment = {**os.environ, "PYTHONUNBUFFERED": "1", "TF_CPP_MIN_LOG_LEVEL": "2"}
        arguments = tuple(str(part) for part in self.arguments if part != "")
        command = JobSpec(self.module, arguments).command(sys.executable)
        result = self.hook.run_command(command, env=environment)
        if result.exit_code == NOT_DUE:
            raise AirflowSkipException("nothing to do: up to date")
        if result.exit_code in NOT_RETRIED:
            raise AirflowFailException(result.output)
        if result.exit_code:
            raise AirflowException(f"{self.module} ended with {result.exit_code}: {result.output}")
        summary: dict[str, Any] = json.loads(result.output)
        return summary

    def on_kill(self) -> None:
        """Take the whole process group down."""
        process = self.hook.sub_process
        if process is not None and process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)


def job(
    task_id: str,
    module: str,
    arguments: Sequence[Any],
    settings: JobSettings,
    resources: JobResources | None = None,
    **kwargs: Any,
) -> BaseOperator:
    """Operator for a job. `arguments` may hold templates, XComs and mapped values; empty strings are left out.

    Raises ImportError when the settings ask for Kubernetes and its provider is not installed.
    """
    if settings.runner == "local":
        return LocalJobOperator(task_id=task_id, module=module, arguments=arguments, **kwargs)
    return _pod(task_id, module, arguments, settings, resources or JobResources(), **kwargs)


def _pod(
    task_id: str,
    module: str,
    arguments: Sequence[Any],
    settings: JobSettings,
    resources: JobResources,
    **kwargs: Any,
) -> BaseOperator:
    from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
    from kubernetes.client import models

    limits = {"cpu": str(resources.cpus), "memory": f"{resources.memory_mb}Mi"}
    if resources.gpus:
        limits["nvidia.com/gpu"] = str(resources.gpus)
    pod: BaseOperator = KubernetesPodOperator(
        task_id=task_id,
        image=settings.image,
        namespace=settings.namespace,
        cmds=["python", "-m", module],
        arguments=list(arguments),
        container_resources=models.V1ResourceRequirements(limits=limits, requests=limits),
        skip_on_exit_code=NOT_DUE,
        **kwargs,
    )
    return pod
