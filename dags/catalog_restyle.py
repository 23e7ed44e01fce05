"""### Restyle: a night's catalog to a published release, for every brand

Follows `style_training` for the same date. Only images that are new or changed since the current release (other bytes,
model or recipe) are computed; everything else is reused. Each image must pass the fidelity gate, or its original is
published with the reason. Where the brand's policy asks for it, a human decides in *Required Actions*, with a contact
sheet and the numbers; no answer means no. The release becomes visible in one step.

**By hand:** trigger with a date that has a dataset; name a brand to restyle it alone.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import DAG, Param, PartitionedAssetTimetable, TriggerRule, get_current_context, task, task_group
from restyle_common.approvals import ANSWERS, REJECT, approvers, patience
from restyle_common.assets import BRAND_MODELS, CATALOG_RELEASE
from restyle_common.defaults import (
    BRAND_LABEL,
    DAG_ARGUMENTS,
    JOBS_POOL,
    ask_again_param,
    brand_param,
    date_param,
    move_back_param,
    settings_file,
    shop,
)
from restyle_common.jobs import job
from restyle_common.request import resolve_request

from pipelines.core.jobs import JobResources

SETTINGS, CONFIGURED = settings_file(), shop()
SHOP = CONFIGURED.settings

with DAG(
    dag_id="catalog_restyle",
    schedule=PartitionedAssetTimetable(assets=BRAND_MODELS),
    params={
        "brand": brand_param(CONFIGURED.brands),
        "date": date_param(),
        "ask_again": ask_again_param(),
        "move_back": move_back_param(),
    },
    tags=["restyle", "nightly", "release"],
    doc_md=__doc__,
    **DAG_ARGUMENTS,
):

    @task
    def orders() -> list[dict[str, Any]]:
        """Which night, which brands: one order a brand."""
        context = get_current_context()
        run, events = context["dag_run"], context["triggering_asset_events"].get(BRAND_MODELS, [])
        asked = resolve_request(shop(), context["params"], run.partition_key, run.run_after, events)
        options = {"ask_again": asked["ask_again_option"], "move_back": asked["move_back_option"]}
        return [{"brand": brand, "date": asked["date"], **options} for brand in asked["brands"]]

    @task(outlets=[CATALOG_RELEASE], trigger_rule=TriggerRule.NONE_FAILED)
    def announce(ordered: list[dict[str, Any]]) -> dict[str, Any]:
        """Tell whoever listens that the night's releases are there."""
        event = get_current_context()["outlet_events"][CATALOG_RELEASE]
        event.add_partitions(ordered[0]["date"])
        event.extra = {"date": ordered[0]["date"], "brands": [order["brand"] for order in ordered]}
        return event.extra

    @task_group
    def release(brand: str, date: str, ask_again: str, move_back: str) -> None:
        """One brand's night."""
        where = ["--settings", SETTINGS, "--brand", brand, "--date", date, "--run-id", "{{ run_id }}"]
        plan = job(
            "plan",
            "pipelines.release.plan",
            where,
            SHOP.jobs,
            map_index_template=BRAND_LABEL,
            doc_md="Compares the snapshot with the current release by work key; pins one model bundle for the run.",
        )
        restyle = job(
            "restyle",
            "pipelines.restyle",
            [*where, *SHOP.jobs.beam_options],
            SHOP.jobs,
            map_index_template=BRAND_LABEL,
            resources=JobResources(cpus=4, memory_mb=8_192),
            pool=JOBS_POOL,
            doc_md="Beam job: restyles what the plan lists, at their own size, to content-addressed objects.",
        )
        verify = job(
            "verify",
            "pipelines.verify",
            [*where, *SHOP.jobs.beam_options],
            SHOP.jobs,
            map_index_template=BRAND_LABEL,
            pool=JOBS_POOL,
            execution_timeout=timedelta(hours=2),
            doc_md="Beam job, the fidelity gate: structure and edges inside the product, white background, size.",
        )
        propose = job(
            "propose",
            "pipelines.release.propose",
            [*where, ask_again],
            SHOP.jobs,
            map_index_template=BRAND_LABEL,
            doc_md="Puts the release to be together, checks the accounts and the batch gate; nothing is visible yet.",
        )
        question = job(
            "question",
            "pipelines.monitor.approval",
            where,
            SHOP.jobs,
            map_index_template=BRAND_LABEL,
            multiple_outputs=True,
            doc_md="Draws the contact sheet for whoever approves; skipped when the brand's policy asks nobody.",
        )
        asked: Any = question.output
        approve = HITLOperator(
            task_id="approve",
            subject=asked["subject"],
            body=asked["body"],
            options=list(ANSWERS),
            defaults=REJECT,
            params={"note": Param("", type="string", title="Note", description="Why; kept with the release.")},
            assigned_users=approvers(CONFIGURED),
            response_timeout=patience(CONFIGURED),
            execution_timeout=None,
            retries=0,
            doc_md="A human decides. No answer means no.",
        )

        @task(trigger_rule=TriggerRule.NONE_FAILED)
        def decision(answer: Any) -> str:
            """The answer as an option of publish; empty when nobody was asked."""
            return f"--decision={json.dumps(answer, default=str)}" if answer else ""

        publish = job(
            "publish",
            "pipelines.release.publish",
            [*where, decision(approve.output), move_back],
            SHOP.jobs,
            map_index_template=BRAND_LABEL,
            doc_md="Writes the release and moves `current` to it, if nobody else moved it first.",
        )
        report = job(
            "report",
            "pipelines.monitor",
            where,
            SHOP.jobs,
            map_index_template=BRAND_LABEL,
            trigger_rule=TriggerRule.ALL_DONE,
            doc_md="HTML report with before and after pictures; written for blocked runs too.",
        )
        plan >> restyle >> verify >> propose >> question >> approve
        feeds = job(
            "feeds",
            "pipelines.release.publish_feeds",
            where,
            SHOP.jobs,
            map_index_template=BRAND_LABEL,
            doc_md="Writes the feeds that point products to their published pictures; skipped without a release.",
        )
        publish >> [report, feeds, EmptyOperator(task_id="published")]

    ordered: Any = orders()
    release.expand_kwargs(ordered) >> announce(ordered)
