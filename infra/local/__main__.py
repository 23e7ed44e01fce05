"""Runs one night for a shop on this machine: starts Airflow, follows the three DAGs, says where to look.

    python -m infra.local --shop sample-shop/shop.yaml [--date 2026-11-23] [--port 8080] [--detach]

Without `--detach` Airflow's UI stays up until Ctrl-C.
"""

from __future__ import annotations

import argparse
import datetime
import json
import signal
import sys
import time
from pathlib import Path
from types import FrameType

from infra.local.api import AirflowApi, DagRun
from infra.local.follow import CHAIN, Follower
from infra.local.preflight import check_disk, check_port
from infra.local.stack import Stack
from pipelines.core.errors import RestyleError
from pipelines.core.paths import RunPaths, checked_date
from pipelines.core.settings import Shop, load_shop


def main(argv: list[str] | None = None) -> int:
    """Entry point; 0 only when every brand has a release for the night."""
    parser = argparse.ArgumentParser(prog="python -m infra.local", description=__doc__)
    parser.add_argument("--shop", type=Path, default=Path("sample-shop/shop.yaml"), help="shop settings file")
    parser.add_argument("--date", default="", help="night to run, YYYY-MM-DD; default: today, UTC")
    parser.add_argument("--port", type=int, default=8080, help="of Airflow's UI on 127.0.0.1")
    parser.add_argument("--detach", action="store_true", help="stop Airflow when the release is published")
    parser.add_argument(
        "--home", type=Path, help="Airflow's database, logs and secrets; default: .airflow beside --shop"
    )
    options = parser.parse_args(argv)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    home = options.home or options.shop.parent / ".airflow"
    stack = Stack(home.resolve(), options.shop.resolve(), options.port)
    try:
        date = checked_date(options.date or datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d"))
        shop = load_shop(options.shop)
        check_port(options.port)
        check_disk(stack.home)
        return run_night(stack, shop, date, detach=options.detach)
    except RestyleError as error:
        print(f"\n{error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        _say("Stopping Airflow and everything it started.")
        return 130
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        stack.stop()


def run_night(stack: Stack, shop: Shop, date: str, *, detach: bool) -> int:
    """Start Airflow, run the chain for `date`, print the outcome; then wait for Ctrl-C unless `detach`."""
    _say("Starting Airflow.")
    stack.start()
    with AirflowApi(stack.url, "admin", stack.password) as api:
        api.wait_for_dags(CHAIN)
        _say(f"Airflow is up: {stack.url}  user: admin  password: {stack.password}")
        before = {dag_id: {run.run_id for run in api.runs(dag_id)} for dag_id in CHAIN}
        run_id = api.trigger(CHAIN[0], date, {})
        _say(f"Night {date} of shop {shop.settings.shop} begins.")
        follower = Follower(api, shop, date, _say, stack.check_alive)
        last = follower.follow(DagRun(CHAIN[0], run_id, "queued", date), before)
    for brand in shop.brands:
        print_outcome(RunPaths(shop.settings.output_uri, date, brand, last.run_id))
    if detach:
        return 0
    print(f"\nAirflow: {stack.url}  user: admin  password: {stack.password}\nCtrl-C stops it.", flush=True)
    while True:
        stack.check_alive()
        time.sleep(1)


def print_outcome(run: RunPaths) -> None:
    """What became of one brand's night."""
    summary = json.loads(Path(run.summary).read_text())
    counts = summary["accounting"]
    words = {
        "published": f"release {summary['release_id']} is published",
        "backfilled": f"release {summary['release_id']} is stored; a newer one stays current",
        "unchanged": f"nothing changed, release {summary['release_id']} stays",
        "rejected": f"release {summary['release_id']} was rejected; readers see what they saw before",
        "unanswered": f"nobody approved release {summary['release_id']} in time; readers see what they saw before",
    }
    print(
        f"\n{run.brand}: {words[summary['status']]}.\n"
        f"  {summary['computed']} images computed; {counts['images_in']} in = {counts['restyled']} restyled + "
        f"{counts['reused']} reused + {counts['kept_original']} kept original + {counts['dead_letters']} dead letters\n"
        f"  report: {Path(run.report).as_uri()}",
        flush=True,
    )


def _say(text: str) -> None:
    print(f"{time.strftime('%H:%M:%S')}  {text}", flush=True)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
