"""Jobs as data: a module name and its arguments. Airflow turns them into operators in one place."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from pipelines.core.errors import RestyleError

NOT_DUE: Final = 99
"""Exit code of a job that found nothing to do: Airflow shows it, and what waits for it, as skipped."""


@dataclass(frozen=True)
class JobResources:
    """What a job asks of the machine that runs it."""

    cpus: float = 1.0
    memory_mb: int = 2048
    gpus: int = 0


@dataclass(frozen=True)
class JobSpec:
    """One process: `python -m module *arguments`."""

    module: str
    arguments: tuple[str, ...]
    resources: JobResources = JobResources()

    def command(self, python: str = sys.executable) -> list[str]:
        """Argument list of the process."""
        return [python, "-m", self.module, *self.arguments]


def run_job(body: Callable[[], dict[str, Any]]) -> int:
    """Run a job's body; print its summary as the last line, or the error, and return the exit code."""
    try:
        summary = body()
    except RestyleError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)  # noqa: T201
        return error.exit_code
    print(json.dumps(summary), flush=True)  # noqa: T201
    return 0
