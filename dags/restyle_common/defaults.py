"""Settings and arguments that all DAGs share. Read once when the DAG file is parsed; small files, no heavy imports."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

from airflow.sdk import Param

from pipelines.core.settings import Shop, load_shop

SETTINGS_VARIABLE = "RESTYLE_SETTINGS"
TRAINING_POOL = "restyle_training"
JOBS_POOL = "restyle_jobs"

DAG_ARGUMENTS: dict[str, Any] = {
    "catchup": False,
    "max_active_runs": 2,
    "dagrun_timeout": timedelta(hours=20),
    "default_args": {
        "owner": "catalog-restyle",
        "retries": 2,
        "retry_delay": timedelta(seconds=20),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(minutes=10),
        "execution_timeout": timedelta(hours=6),
    },
}


def settings_file() -> str:
    """Path of the shop's settings, from the environment of Airflow's processes."""
    path = os.environ.get(SETTINGS_VARIABLE, "")
    if not path:
        raise RuntimeError(f"{SETTINGS_VARIABLE}: expected the path of the shop's settings file; export it.")
    return path


def shop() -> Shop:
    """The shop that this Airflow works for."""
    return load_shop(settings_file())


def brand_param() -> Param:
    """Form field: one brand or all."""
    return Param(
        "",
        type="string",
        pattern="^([a-z0-9][a-z0-9-]{0,47})?$",
        title="Brand",
        description="Name of one brand, as in its settings file. Empty: all brands of the shop.",
    )


def date_param() -> Param:
    """Form field: the night."""
    return Param(
        None,
        type=["null", "string"],
        format="date",
        title="Date",
        description="Night to work on, YYYY-MM-DD. Empty: the run's partition key, else the day the run was made for.",
    )


def force_training_param() -> Param:
    """Form field: train anew."""
    return Param(
        default=False,
        type="boolean",
        title="Train anew",
        description="Train even if neither the references nor the training settings changed.",
    )
