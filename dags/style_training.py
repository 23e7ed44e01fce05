"""### Style models: a brand's references to a blessed model bundle

Follows `catalog_preprocess` for the same date. A brand is trained only if its references or its training settings
changed; otherwise its tasks are skipped and the current model stays. A candidate is compared with the current model on
products kept aside, and blessed or refused with the numbers.

**By hand:** trigger with a date that has a dataset; name a brand; tick *Train anew* to train regardless.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, PartitionedAssetTimetable, TriggerRule, get_current_context, task, task_group
from airflow.sdk.exceptions import AirflowFailException
from restyle_common.assets import BRAND_MODELS, CATALOG_DATASET
from restyle_common.defaults import (
    BRAND_LABEL,
    DAG_ARGUMENTS,
    JOBS_POOL,
    TRAINING_POOL,
    brand_param,
    date_param,
    force_training_param,
    settings_file,
    shop,
)
from restyle_common.jobs import job
from restyle_common.request import resolve_request

from pipelines.core.jobs import JobResources

SETTINGS, CONFIGURED = settings_file(), shop()
SHOP = CONFIGURED.settings

with DAG(
    dag_id="style_training",
    schedule=PartitionedAssetTimetable(assets=CATALOG_DATASET),
    params={"brand": brand_param(CONFIGURED.brands), "date": date_param(), "force_training": force_training_param()},
    tags=["restyle", "nightly", "training"],
    doc_md=__doc__,
    **DAG_ARGUMENTS,
):

    @task
    def orders() -> list[dict[str, Any]]:
        """Which night, which brands: one order a brand."""
        context = get_current_context()
        run, events = context["dag_run"], context["triggering_asset_events"].get(CATALOG_DATASET, [])
        asked = resolve_request(shop(), context["params"], run.partition_key, run.run_after, events)
        force = "--force" if asked["force_training"] else ""
        return [{"brand": brand, "date": asked["date"], "force": force} for brand in asked["brands"]]

    @task(outlets=[BRAND_MODELS], trigger_rule=TriggerRule.ALL_DONE)
    def announce(ordered: list[dict[str, Any]]) -> dict[str, Any]:
        """Let the night go on: a brand whose training failed keeps its current model."""
        context = get_current_context()
        handed_on = [event.extra or {} for event in context["triggering_asset_events"].get(CATALOG_DATASET, [])]
        event = context["outlet_events"][BRAND_MODELS]
        event.add_partitions(ordered[0]["date"])
        event.extra = {
            "date": ordered[0]["date"],
            "brands": [order["brand"] for order in ordered],
            "move_back": any(extra.get("move_back") for extra in handed_on),
        }
        return event.extra

    @task_group
    def model(brand: str, date: str, force: str) -> None:
        """Bring one brand's model up to date."""
        due = job(
            "due",
            "pipelines.release.training_due",
            ["--settings", SETTINGS, "--brand", brand, "--date", date, "--run-id", "{{ run_id }}", force],
            SHOP.jobs,
            map_index_template=BRAND_LABEL,
            multiple_outputs=True,
            doc_md="Skips what follows when the blessed model was trained from the same references and settings.",
        )
        order: Any = due.output
        train = job(
            "train",
            "training.train",
            ["--content", order["content"], "--style", order["references"], "--brand", brand,
             "--out", order["candidate"], "--workdir", order["workdir"], "--preset", order["preset"],
             "--init", order["init"], "--resume", order["hand_option"], "--seed", order["seed"],
             "--colour", order["colour"], order["minutes_option"]],
            SHOP.jobs,
            map_index_template=BRAND_LABEL,
            resources=JobResources(cpus=4, memory_mb=16_384, gpus=1),
            pool=TRAINING_POOL,
            execution_timeout=timedelta(hours=12),
            doc_md="Trains encoder, generator and discriminator in turn; resumes from its last checkpoint.",
        )  # fmt: skip
        evaluate = job(
            "evaluate",
            "training.evaluate",
            ["--candidate", order["candidate"], order["current_option"], "--content", order["content"],
             "--style", order["references"], "--brand", brand, "--out", order["evaluation"]],
            SHOP.jobs,
            map_index_template=BRAND_LABEL,
            resources=JobResources(cpus=2, memory_mb=8_192),
            pool=TRAINING_POOL,
            doc_md="Measures the candidate beside the current model on products kept aside.",
        )  # fmt: skip
        bless = job(
            "bless",
            "pipelines.release.bless_model",
            ["--settings", SETTINGS, "--brand", brand, "--training-key", order["training_key"],
             "--candidate", order["candidate"], "--evaluation", order["evaluation"], "--date", date],
            SHOP.jobs,
            map_index_template=BRAND_LABEL,
            pool=JOBS_POOL,
            doc_md="Stores the bundle under its hash and points the brand's nights to it, if it was blessed.",
        )  # fmt: skip
        due >> train >> evaluate >> bless

    @task(trigger_rule=TriggerRule.ONE_FAILED, retries=0)
    def a_brand_failed() -> None:
        """Show the run as failed: the others went on, and so does the night."""
        raise AirflowFailException("The training of a brand failed; it keeps its current model. See its red task.")

    ordered: Any = orders()
    model.expand_kwargs(ordered) >> [announce(ordered), a_brand_failed()]
