"""Writes the report of a run, and the index of all brands.

    python -m pipelines.monitor --settings shop.yaml --brand inkwell --date 2026-11-23 --run-id manual

The last line on stdout is JSON with both URIs.
"""

from __future__ import annotations

import argparse
import sys
from typing import Any

from pipelines.core import storage
from pipelines.core.jobs import run_job
from pipelines.core.paths import checked_date
from pipelines.core.settings import load_shop
from pipelines.monitor.index import write_index
from pipelines.monitor.report import write_report


def main(argv: list[str] | None = None) -> int:
    """Entry point of the job."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.monitor", description=__doc__)
    parser.add_argument("--settings", required=True, help="shop settings file")
    parser.add_argument("--brand", required=True)
    parser.add_argument("--date", required=True, help="date of the night, YYYY-MM-DD")
    parser.add_argument("--run-id", required=True, help="the run that publish has finished")
    options = parser.parse_args(argv)
    return run_job(lambda: _report(options))


def _report(options: argparse.Namespace) -> dict[str, Any]:
    shop = load_shop(options.settings)
    brand, date = shop.brand(options.brand).brand, checked_date(options.date)
    report = write_report(shop, brand, date, options.run_id)
    return {
        "stage": "report",
        "brand": brand,
        "date": date,
        "run_id": options.run_id,
        "report": report,
        "report_bytes": storage.size_bytes(report),
        "index": write_index(shop),
    }


if __name__ == "__main__":
    sys.exit(main())
