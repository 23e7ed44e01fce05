"""Seven dates backfilled through a real Airflow, twice; and a release that a human has to approve."""

from __future__ import annotations

import datetime
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.local.__main__ import run_night
from infra.local.api import AirflowApi, DagRun, TaskRun
from infra.local.stack import Stack
from pipelines.core.paths import BrandPaths
from pipelines.core.settings import load_shop
from pipelines.release.pointer import read_pointer
from pipelines.release.releases import current_release, list_releases, read_manifest
from pipelines.release.verify_release import verify_release
from pipelines.sample_shop.settings_files import write_settings
from pipelines.sample_shop.write import write_sample_shop

# Airflow itself runs today's night; the dates of the backfill lie before it, the release to approve after.
NOW = datetime.datetime.now(datetime.UTC).date()
TODAY, TOMORROW = NOW.isoformat(), (NOW + datetime.timedelta(days=1)).isoformat()
DATES = [(NOW - datetime.timedelta(days=days)).isoformat() for days in range(20, 13, -1)]
PATIENCE_S = 2400
pytestmark = [pytest.mark.long, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def shop_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("shop")
    write_sample_shop(root, products=10, size_px=96)
    shop = write_settings(root)
    settings = yaml.safe_load(shop.read_text())
    shop.write_text(yaml.safe_dump({**settings, "brands": ["brands/inkwell/brand.yaml"]}))
    brand = root / "brands/inkwell/brand.yaml"
    values = {**yaml.safe_load(brand.read_text()), "training": {"preset": "quick", "minutes": 0.05}}
    brand.write_text(yaml.safe_dump({**values, "gate": {"max_failed_share": 1.0}}))
    return shop


def summaries(shop_file: Path, since: float) -> dict[str, dict[str, Any]]:
    """Summaries written since then, by date."""
    files = (shop_file.parent / "out/runs").rglob("summary.json")
    read = [json.loads(file.read_text()) for file in files if file.stat().st_mtime >= since]
    return {summary["date"]: summary for summary in read if summary["date"] in DATES}


def backfill(stack: Stack, shop_file: Path) -> str:
    """`restyle backfill`, as a data engineer calls it; returns what it said."""
    command = [str(Path(sys.executable).parent / "restyle"), "backfill", "--shop", str(shop_file), "--yes"]
    command += ["--from-date", DATES[0], "--to-date", DATES[-1]]
    done = subprocess.run(command, env=stack.environment(), capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def wait_for(api: AirflowApi, stack: Stack, known: set[str]) -> None:
    """Until every date has a new run of the last DAG that has succeeded."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        stack.check_alive()
        runs = [run for run in api.runs("catalog_restyle") if run.run_id not in known and run.partition_key in DATES]
        assert [run for run in runs if run.state == "failed"] == []
        if {run.partition_key for run in runs if run.state == "success"} == set(DATES):
            return
        time.sleep(2)
    raise AssertionError(f"the backfill did not end within {PATIENCE_S} s")


def waiting_question(api: AirflowApi, stack: Stack) -> tuple[DagRun, TaskRun]:
    """The task that waits for a human."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        stack.check_alive()
        for run in api.runs("catalog_restyle"):
            if run.partition_key != TOMORROW:
                continue
            assert run.state != "failed"
            for task in api.tasks(run):
                if task.state == "awaiting_input":
                    return run, task
        time.sleep(2)
    raise AssertionError("nobody was asked")


def test_seven_dates_twice_and_an_approval(shop_file: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    stack = Stack(tmp_path_factory.mktemp("airflow"), shop_file, port)
    paths = BrandPaths(load_shop(shop_file).settings.output_uri, "inkwell")
    try:
        assert run_night(stack, load_shop(shop_file), TODAY, detach=True) == 0
        with AirflowApi(stack.url, "admin", stack.password) as api:
            seven_dates_twice(api, stack, shop_file, paths)
            a_release_that_is_approved(api, stack, shop_file, paths)
    finally:
        stack.stop()


def change_brand(shop_file: Path, **values: Any) -> None:
    """Other settings, as a person would edit them."""
    brand = shop_file.parent / "brands/inkwell/brand.yaml"
    brand.write_text(yaml.safe_dump({**yaml.safe_load(brand.read_text()), **values}))


def seven_dates_twice(api: AirflowApi, stack: Stack, shop_file: Path, paths: BrandPaths) -> None:
    change_brand(shop_file, strength=0.8)
    for attempt in range(2):
        known, since = {run.run_id for run in api.runs("catalog_restyle")}, time.time()
        said = backfill(stack, shop_file)
        assert "all nights: up to" in said
        wait_for(api, stack, known)
        found = summaries(shop_file, since)
        assert sorted(found) == DATES
        assert {summary["status"] for summary in found.values()} <= {"backfilled", "unchanged"}
        computed = sum(summary["computed"] for summary in found.values())
        assert (computed > 0) == (attempt == 0)
        for summary in found.values():
            counts = summary["accounting"]
            assert counts["images_in"] == sum(counts.values()) - counts["images_in"]
        assert read_pointer(paths.current).values["date"] == TODAY
    for info in list_releases(paths):
        assert verify_release(paths, info.release_id).problems == ()


def a_release_that_is_approved(api: AirflowApi, stack: Stack, shop_file: Path, paths: BrandPaths) -> None:
    release = current_release(paths)
    change_brand(shop_file, strength=0.6, approval={"policy": "always"})
    api.trigger("catalog_preprocess", TOMORROW, {})
    run, task = waiting_question(api, stack)
    assert current_release(paths) == release
    if hook := os.environ.get("RESTYLE_WHILE_WAITING"):
        # For a look at the page by hand: a command that is told address, password and path of the question.
        page = f"/dags/{run.dag_id}/runs/{run.run_id}/tasks/{task.task_id}/mapped/{task.map_index}/required_actions"
        subprocess.run([hook, stack.url, stack.password, page], check=False)
    api.answer(run, task, ["Approve"], {"note": "good"})
    deadline = time.monotonic() + 600
    while current_release(paths) == release and time.monotonic() < deadline:
        time.sleep(1)
    manifest = read_manifest(paths, current_release(paths))
    assert manifest["date"] == TOMORROW
    assert (manifest["approval"]["answer"], manifest["approval"]["by"]) == ("approved", "admin")
    assert manifest["approval"]["note"] == "good"
    assert len(manifest["approval"]["saw"]["contact_sheet_sha256"]) == 64
