from __future__ import annotations

import os
from importlib.util import find_spec

import pytest

pytestmark = pytest.mark.filterwarnings("ignore")

DAG_IDS = {"catalog_preprocess", "style_training", "catalog_restyle"}


@pytest.fixture(scope="module")
def dags():
    from airflow.dag_processing.dagbag import DagBag

    bag = DagBag(dag_folder=os.environ["AIRFLOW__CORE__DAGS_FOLDER"])
    assert bag.import_errors == {}
    return bag.dags


def test_there_are_three_dags(dags) -> None:
    assert set(dags) == DAG_IDS


def test_every_dag_explains_itself_in_the_ui(dags) -> None:
    for dag in dags.values():
        assert "restyle" in dag.tags
        assert "**By hand:**" in dag.doc_md
        for name in dag.params:
            param = dag.params.get_param(name)
            assert len(param.description) > 20, (dag.dag_id, name)
            assert param.schema["title"]
            assert {"enum", "format", "type"} & set(param.schema)
            param.resolve()


def test_every_job_has_a_module_a_time_limit_and_retries_with_backoff(dags) -> None:
    from restyle_common.jobs import LocalJobOperator

    jobs = [task for dag in dags.values() for task in dag.tasks if getattr(task, "module", None)]
    assert {job.module for job in jobs} == {
        "pipelines.release.ingest",
        "pipelines.preprocess",
        "pipelines.release.training_due",
        "training.train",
        "training.evaluate",
        "pipelines.release.bless_model",
        "pipelines.release.plan",
        "pipelines.restyle",
        "pipelines.verify",
        "pipelines.release.propose",
        "pipelines.monitor.approval",
        "pipelines.release.publish",
        "pipelines.release.publish_feeds",
        "pipelines.monitor",
    }
    for job in jobs:
        assert isinstance(job, LocalJobOperator)
        spec = find_spec(job.module)
        assert spec is not None, job.module
        assert spec.submodule_search_locations is None or find_spec(f"{job.module}.__main__"), job.module
        assert job.execution_timeout is not None
        assert job.retries >= 1
        assert job.retry_exponential_backoff
        assert job.doc_md, job.task_id


def test_training_has_a_pool_of_its_own(dags) -> None:
    from infra.local.stack import POOLS

    pools = {task.task_id: task.pool for task in dags["style_training"].tasks}
    assert pools["model.train"] == "restyle_training"
    assert POOLS["restyle_training"]["slots"] == 1
    used = {task.pool for dag in dags.values() for task in dag.tasks}
    assert used <= {*POOLS, "default_pool"}


def test_assets_tie_the_dags_in_a_chain(dags) -> None:
    outlets = {dag_id: {asset.name for task in dag.tasks for asset in task.outlets} for dag_id, dag in dags.items()}
    awaited = {
        dag_id: {dag.timetable.asset_condition.name} for dag_id, dag in dags.items() if dag_id != "catalog_preprocess"
    }
    assert outlets["catalog_preprocess"] == awaited["style_training"] == {"catalog_dataset"}
    assert outlets["style_training"] == awaited["catalog_restyle"] == {"brand_models"}
    assert outlets["catalog_restyle"] == {"catalog_release"}


def test_nobody_answering_means_no(dags) -> None:
    from pipelines.release.approval import APPROVE, OPTIONS, REJECT

    approve = dags["catalog_restyle"].get_task("release.approve")
    assert tuple(approve.options) == OPTIONS
    assert approve.defaults == [REJECT] != [APPROVE]
    assert approve.response_timeout is not None
    assert approve.execution_timeout is None


def test_publish_goes_on_when_nobody_was_asked_and_stops_when_something_failed(dags) -> None:
    dag = dags["catalog_restyle"]
    assert dag.get_task("release.decision").trigger_rule == "none_failed"
    assert dag.get_task("release.publish").upstream_task_ids == {"release.decision", "orders"}
    assert dag.get_task("release.question").upstream_task_ids == {"release.propose", "orders"}


def test_a_night_is_a_date(dags) -> None:
    assert dags["catalog_preprocess"].timetable.key_format == "%Y-%m-%d"
