"""`restyle backfill`: says what a range of dates would take, then asks Airflow for it by Airflow's own command."""

from __future__ import annotations

import datetime
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from pipelines.core.errors import InputError
from pipelines.core.paths import checked_date
from pipelines.core.settings import Shop

DAG_ID: Final = "catalog_preprocess"
MOST_NIGHTS: Final = 1000


@dataclass(frozen=True)
class Backfill:
    """What is wished for; both dates are included."""

    first: str
    last: str
    brand: str | None
    move_back: bool
    parallel: int
    yes: bool
    dry_run: bool

    def dates(self) -> list[str]:
        """Every night of the range. InputError when it is empty, too long, or no dates."""
        first, last = (datetime.date.fromisoformat(checked_date(date)) for date in (self.first, self.last))
        nights = (last - first).days + 1
        if not 1 <= nights <= MOST_NIGHTS:
            raise InputError(
                f"--from-date, --to-date: expected 1 to {MOST_NIGHTS} nights in order, received {self.first} to "
                f"{self.last}."
            )
        return [(first + datetime.timedelta(days=day)).isoformat() for day in range(nights)]

    def airflow_arguments(self) -> list[str]:
        """Arguments of `airflow`. A range to a bare date would end at its midnight, before that day's own night."""
        conf = {"move_back": self.move_back, **({"brand": self.brand} if self.brand else {})}
        return ["backfill", "create", "--dag-id", DAG_ID, "--from-date", self.first,
                "--to-date", f"{self.last}T23:59:59", "--max-active-runs", str(self.parallel),
                "--reprocess-behavior", "completed",
                "--dag-run-conf", json.dumps(conf)]  # fmt: skip


def run_backfill(shop: Shop, wished: Backfill) -> None:
    """State, ask, hand over to Airflow; ends the process with Airflow's exit code when that is not 0."""
    for line in statement(shop, wished):
        click.echo(line)
    if wished.dry_run:
        return
    airflow = shutil.which("airflow", path=str(Path(sys.executable).parent)) or shutil.which("airflow")
    if airflow is None:
        raise InputError("airflow: expected Airflow's command on the PATH, found none; run this where Airflow runs.")
    if not wished.yes:
        click.confirm("Have Airflow run these nights?", abort=True)
    done = subprocess.run([airflow, *wished.airflow_arguments()], check=False)
    if done.returncode:
        sys.exit(done.returncode)


def statement(shop: Shop, wished: Backfill) -> Iterator[str]:
    """What each night, and all of them, would take."""
    from pipelines.release.dry_run import in_words, night_estimate
    from pipelines.release.estimate import add_up

    images, estimates = 0, []
    for date in wished.dates():
        for found in night_estimate(shop, date, wished.brand):
            images += found.images
            estimates.append(found.took)
            about = "" if found.exact else "up to "
            yield f"{date} {found.brand}: {about}{found.images} images to restyle{in_words(found.took)}, {found.note}"
    total = add_up(estimates, shop.settings.costs.currency)
    yield f"all nights: up to {images} images{in_words(total)}; what an earlier night computed is not computed again"
    if not wished.move_back:
        yield "readers go on seeing the newest date (--move-back changes that)"
