"""Settings and arguments that all DAGs share. Read once when the DAG file is parsed; small files, no heavy imports."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from airflow.sdk import Param

from pipelines.core.settings import Shop, load_shop
from restyle_common.request import ALL_BRANDS

SETTINGS_VARIABLE = "RESTYLE_SETTINGS"
TRAINING_POOL = "restyle_training"
JOBS_POOL = "restyle_jobs"
BRAND_LABEL = "{{ task.arguments[task.arguments.index('--brand') + 1] }}"
"""Name of a mapped task in the UI."""

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


def brand_param(brands: Iterable[str]) -> Param:
    """Form field: one brand or all."""
    return Param(
        ALL_BRANDS,
        type="string",
        enum=[ALL_BRANDS, *brands],
        title="Brand",
        description="Work for one brand of the shop only, or for all of them.",
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


def ask_again_param() -> Param:
    """Form field: ask about a release that was rejected."""
    return Param(
        default=False,
        type="boolean",
        title="Ask again",
        description="Ask for approval even if the same pictures were rejected before.",
    )


def move_back_param() -> Param:
    """Form field: let an older date become current."""
    return Param(
        default=False,
        type="boolean",
        title="Move back",
        description="Let readers see this date's release although they see a newer date's.",
    )


def force_training_param() -> Param:
    """Form field: train anew."""
    return Param(
        default=False,
        type="boolean",
        title="Train anew",
        description="Train even if neither the references nor the training settings changed.",
    )
