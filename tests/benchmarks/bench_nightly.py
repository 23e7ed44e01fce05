"""What a night costs besides pixels: `make bench-nightly` prints one JSON line a figure, and a table of changes.

The catalog is synthetic and holds no pictures, so ingest's reading and the Beam jobs' computing are left out. What is
timed are the night's jobs as Airflow starts them, each a process of its own: plan, restyle and verify of what there is
to do (nothing, on a quiet night), propose and publish. For nights with changes the results are made up between the
timed jobs. Peak memory is the largest of any of the processes.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from synthetic_catalog import BRAND, SyntheticCatalog

FIRST, SECOND = "2026-11-22", "2026-11-23"
SIZES = {"1m": 1_000_000, "10m": 10_000_000}
SHARES = (0.0, 0.001, 0.01, 0.1)
QUIET_JOBS = ("pipelines.release.plan", "pipelines.restyle", "pipelines.verify", "pipelines.release.propose",
              "pipelines.release.publish")  # fmt: skip
CHANGED_JOBS = ("pipelines.release.plan", "pipelines.release.propose", "pipelines.release.publish")


@dataclass(frozen=True)
class Spent:
    """Wall seconds of all jobs, the largest resident size of any, and what publish said."""

    seconds: float
    peak_mb: float
    status: str
    computed: int


def main(argv: list[str] | None = None) -> None:
    """Print every figure."""
    parser = argparse.ArgumentParser(description="What a night costs besides pixels.")
    parser.add_argument("--sizes", nargs="*", default=list(SIZES), help="1m, 10m, or a number of images")
    parser.add_argument("--folder", type=Path, help="where to put the catalogs; default: a temporary folder")
    parser.add_argument("--shares", type=float, nargs="*", default=list(SHARES), help="shares of changed products")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        for name in options.sizes:
            images = SIZES.get(name) or int(name)
            nights(SyntheticCatalog(Path(folder) / name, images), name, options.shares)


def nights(catalog: SyntheticCatalog, name: str, shares: list[float]) -> None:
    """One published catalog, and a night after it for every share of changes."""
    begun = time.monotonic()
    catalog.set_up()
    catalog.write_night(FIRST, publish=True)
    print(f"# {catalog.images:,} images in {catalog.buckets} buckets, made in {time.monotonic() - begun:.0f} s",
          file=sys.stderr, flush=True)  # fmt: skip
    for share in sorted(shares):
        catalog.write_night(SECOND, changed=share)
        spent = night(catalog, SECOND, f"night-{share:g}", quiet=not share)
        label = f"quiet_night_{name}" if not share else f"night_{name}_changed_{share:g}"
        reference = f"{catalog.images} images, {spent.computed} computed, {spent.status}"
        figure(f"{label}_s", spent.seconds, "s", reference)
        figure(f"{label}_peak_mb", spent.peak_mb, "MB", reference)


def night(catalog: SyntheticCatalog, date: str, run_id: str, *, quiet: bool) -> Spent:
    """Run the night's jobs one after the other."""
    where = ["--settings", str(catalog.settings_file), "--brand", BRAND, "--date", date, "--run-id", run_id]
    seconds, peak, summary = 0.0, 0.0, {}
    for module in QUIET_JOBS if quiet else CHANGED_JOBS:
        took, size, summary = timed([sys.executable, "-m", module, *where])
        seconds, peak = seconds + took, max(peak, size)
        if module.endswith("plan") and not quiet:
            catalog.answer_plan(date, run_id)
    accounting = summary["accounting"]
    assert accounting["images_in"] == catalog.images
    return Spent(seconds, peak, summary["status"], summary["computed"])


def timed(command: list[str]) -> tuple[float, float, dict]:
    """Wall seconds, peak resident megabytes and the summary of a job."""
    begun = time.monotonic()
    reading, writing = os.pipe()
    child = os.posix_spawn(
        command[0], command, {**os.environ, "PYTHONPATH": str(ROOT)},
        file_actions=[(os.POSIX_SPAWN_DUP2, writing, 1), (os.POSIX_SPAWN_CLOSE, reading)],
    )  # fmt: skip
    os.close(writing)
    with os.fdopen(reading) as output:
        lines = output.read().splitlines()
    _, status, usage = os.wait4(child, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return time.monotonic() - begun, usage.ru_maxrss / 1024, json.loads(lines[-1])


def figure(name: str, value: float, unit: str, reference: str) -> None:
    """One line."""
    line = {"name": name, "value": round(value, 2), "unit": unit, "reference": reference, "machine": machine()}
    print(json.dumps(line), flush=True)


def machine() -> str:
    """Processor and cores this process may use."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        model = platform.processor() or platform.machine()
    return f"{model}, {len(os.sched_getaffinity(0))} cores"


if __name__ == "__main__":
    main()
