"""### Catalog: feed to training dataset

Every night the product feed becomes a snapshot (one row an image, with the hash of its bytes) and a training dataset
with facts about every image. What cannot be used becomes a dead letter with its reason; everything else goes on.

**By hand:** trigger with a partition key or a date; name a brand to limit the runs that follow to it.
**Backfill:** `airflow backfill create --dag-id catalog_preprocess --from-date 2026-11-01 --to-date 2026-11-08` runs
the nights of 1 to 7 November (the range ends at midnight, before that day's own night). Readers go on seeing the newest
date unless *Move back* is set: `--dag-run-conf '{"move_back": true}'`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, CronPartitionTimetable, get_current_context, task
from restyle_common.assets import CATALOG_DATASET
from restyle_common.defaults import (
    DAG_ARGUMENTS,
    JOBS_POOL,
    brand_param,
    date_param,
    force_training_param,
    move_back_param,
    settings_file,
    shop,
)
from restyle_common.jobs import job
from restyle_common.request import resolve_request

SETTINGS, CONFIGURED = settings_file(), shop()
SHOP = CONFIGURED.settings

with DAG(
    dag_id="catalog_preprocess",
    schedule=CronPartitionTimetable(SHOP.schedule, timezone="UTC", key_format="%Y-%m-%d"),
    params={
        "brand": brand_param(CONFIGURED.brands),
        "date": date_param(),
        "force_training": force_training_param(),
        "move_back": move_back_param(),
    },
    tags=["restyle", "nightly"],
    doc_md=__doc__,
    **DAG_ARGUMENTS,
):

    @task(multiple_outputs=True)
    def request() -> dict[str, Any]:
        """Which night, which brands."""
        context = get_current_context()
        run = context["dag_run"]
        return resolve_request(shop(), context["params"], run.partition_key, run.run_after)

    @task(outlets=[CATALOG_DATASET])
    def announce(asked: dict[str, Any], counts: dict[str, Any]) -> dict[str, Any]:
        """Tell the DAGs that follow that the night's dataset is there."""
        event = get_current_context()["outlet_events"][CATALOG_DATASET]
        event.add_partitions(asked["date"])
        event.extra = {**asked, "counts": counts}
        return counts

    asked: Any = request()
    ingest = job(
        "ingest",
        "pipelines.release.ingest",
        ["--settings", SETTINGS, "--date", asked["date"], asked["brand_option"]],
        SHOP.jobs,
        pool=JOBS_POOL,
        execution_timeout=timedelta(hours=2),
        doc_md="Checks all references, reads the feed, hashes every picture, writes the snapshot.",
    )
    preprocess = job(
        "preprocess",
        "pipelines.preprocess",
        ["--settings", SETTINGS, "--date", asked["date"], "--run-id", "{{ run_id }}", *SHOP.jobs.beam_options],
        SHOP.jobs,
        pool=JOBS_POOL,
        doc_md="Beam job: decode, orient, convert to sRGB, mask, resize; sharded dataset, image facts, dead letters.",
    )
    counts: Any = preprocess.output
    ingest >> preprocess >> announce(asked, counts)
