"""A small shop whose second night meets faults, and what must hold after each of them.

The state after every stage of an undisturbed second night is kept; a fault is injected into one stage from the state
before it. A reader looks at the store right after the fault; then the stage is run again and must leave what the
undisturbed one left, byte for byte but for times.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.core import tables
from pipelines.core.contracts import DeadLetter, ReleaseRow
from pipelines.core.paths import BrandPaths, NightPaths, RunPaths
from pipelines.release.models import bless, store_bundle
from pipelines.release.releases import current_release, list_releases
from pipelines.release.verify_release import verify_release

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
BRAND, FIRST, SECOND = "inkwell", "2026-11-22", "2026-11-23"
STAGES = ("ingest", "preprocess", "plan", "restyle", "verify", "propose", "publish")
MODULES = {
    "ingest": "pipelines.release.ingest",
    "preprocess": "pipelines.preprocess",
    "plan": "pipelines.release.plan",
    "restyle": "pipelines.restyle",
    "verify": "pipelines.verify",
    "propose": "pipelines.release.propose",
    "publish": "pipelines.release.publish",
}
RETRIES = 2
NO_BRAND = ("ingest", "preprocess")


@dataclass
class Harm:
    """What a fault did, in images and releases. Zeros are wanted."""

    lost: int = 0
    doubled: int = 0
    torn: int = 0

    def add(self, other: Harm) -> None:
        self.lost, self.doubled, self.torn = (
            self.lost + other.lost, self.doubled + other.doubled, self.torn + other.torn
        )  # fmt: skip


@dataclass
class FaultyNight:
    """The shop in `root/shop`; its states in `root/states`."""

    root: Path
    operations: dict[str, int] = field(default_factory=dict)
    failed_again: int = 0
    """Undisturbed tries that failed all the same."""

    @property
    def shop(self) -> Path:
        return self.root / "shop"

    @property
    def output(self) -> str:
        return str(self.shop / "out")

    @property
    def paths(self) -> BrandPaths:
        return BrandPaths(self.output, BRAND)

    def run_paths(self, date: str = SECOND) -> RunPaths:
        return RunPaths(self.output, date, BRAND, f"run-{date}")

    def bless(self, bundle: Path) -> None:
        bless(self.paths, store_bundle(self.paths, str(bundle)), "key", {"blessed": True, "reasons": []})

    def undisturbed(self, change_catalog: Callable[[], None]) -> None:
        """The first night published, the catalog changed, the second night stage by stage with its states kept."""
        for stage in STAGES:
            self.run(stage, FIRST).must_be_well()
        change_catalog()
        # The version of a file that was just written is not trusted, and would be another one a moment later.
        time.sleep(2.5)
        self.keep("")
        count = self.root / "count"
        for stage in STAGES:
            os.environ["BROKEN_JOB_COUNT"] = str(count)
            self.run(stage, SECOND, "none").must_be_well()
            self.operations[stage] = int(count.read_text())
            self.keep(stage)

    def run(self, stage: str, date: str = SECOND, fault: str = "", nth: int = 0, run_id: str = "") -> Job:
        """One stage as a process, with a fault or without."""
        options = ["--settings", str(self.shop / "shop.yaml"), "--date", date]
        options += [] if stage in NO_BRAND else ["--brand", BRAND]
        options += [] if stage == "ingest" else ["--run-id", run_id or f"run-{date}"]
        start = [str(HERE / "broken_job.py"), fault, str(nth)] if fault else ["-m"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"}
        done = subprocess.run(
            [sys.executable, *start, MODULES[stage], *options],
            env=environment, cwd=self.root, capture_output=True, text=True, check=False, timeout=600,
        )  # fmt: skip
        return Job(stage, done.returncode, done.stdout, done.stderr)

    def run_as_airflow_does(self, stage: str) -> None:
        """Run a stage; one that fails is tried twice again. RuntimeError when it fails for good."""
        for _ in range(RETRIES):
            if self.run(stage).code == 0:
                return
            self.failed_again += 1
        self.run(stage).must_be_well()

    def keep(self, stage: str) -> None:
        """Keep the state after a stage."""
        shutil.copytree(self.shop, self.root / "states" / (stage or "start"), symlinks=True)

    def restore(self, stage: str) -> None:
        """Go back to the state before a stage."""
        before = STAGES[STAGES.index(stage) - 1] if STAGES.index(stage) else "start"
        shutil.rmtree(self.shop)
        shutil.copytree(self.root / "states" / before, self.shop, symlinks=True)

    def finish(self, stage: str) -> Harm:
        """Run a stage again and whatever follows, as far as it takes to know what became of every image."""
        self.run_as_airflow_does(stage)
        if self.artifacts(self.shop) == self.artifacts(self.root / "states" / stage):
            return Harm()
        for later in STAGES[STAGES.index(stage) + 1 :]:
            self.run_as_airflow_does(later)
        return self.harm()

    def harm(self) -> Harm:
        """Images of the finished night lost or doubled, against the undisturbed one, and releases that are torn."""
        images = self.images(self.output)
        wanted = self.images(str(self.root / "states" / STAGES[-1] / "out"))
        lost, more = wanted - images, images - wanted
        return Harm(lost.total(), more.total(), self.torn())

    def images(self, output: str) -> Counter[tuple[str, str]]:
        """(image id, hash of what readers get) of the current release, and every dead letter of the night."""
        paths, run = BrandPaths(output, BRAND), RunPaths(output, SECOND, BRAND, f"run-{SECOND}")
        night = NightPaths(output, SECOND)
        index = tables.finished_info(paths.release_rows(current_release(paths)), ReleaseRow)
        shown: Counter[tuple[str, str]] = Counter()
        for part in index.parts:
            # A kept state lies elsewhere than where its artifacts say.
            uri = part.uri.replace(self.output, output)
            rows = tables.read_part(tables.Part(part.bucket, uri, part.rows, part.sha256), ReleaseRow)
            shown.update((row["image_id"], row["object_sha256"]) for row in rows.to_pylist())
        for uri in (night.ingest_dead_letters, night.preprocess_dead_letters, run.plan_dead_letters,
                    run.restyle_dead_letters, run.publish_dead_letters):  # fmt: skip
            shown.update((letter.image_id, letter.reason) for letter in tables.read_json_lines(uri, DeadLetter))
        return shown

    def torn(self) -> int:
        """Releases that a reader can find and that are not whole: wrong or missing objects, rows, counts."""
        return sum(bool(verify_release(self.paths, info.release_id).problems) for info in list_releases(self.paths))

    def artifacts(self, shop: Path) -> dict[str, str]:
        """Hashes of all tables, objects and dead letters; what holds times, and what goes with the run, is left out."""
        found = {}
        for file in sorted((shop / "out").rglob("*")):
            name = str(file.relative_to(shop))
            kinds = (".parquet", ".parquet.json", "dead_letters.jsonl", ".jpg", ".png")
            counts = name.endswith(kinds) or ".tfrecord-" in name
            if file.is_file() and counts and "work-in-progress" not in name:
                # When a snapshot was read is noted in its index.
                data = re.sub(rb'"read_ns": [0-9]+', b"", file.read_bytes())
                found[name] = hashlib.sha256(data).hexdigest()
        return found


@dataclass(frozen=True)
class Job:
    """A job that has ended."""

    stage: str
    code: int
    output: str
    errors: str

    def must_be_well(self) -> Job:
        """RuntimeError with what it said, unless it ended with 0."""
        if self.code:
            raise RuntimeError(f"{self.stage} ended with {self.code}:\n{self.errors[-3000:]}")
        return self

    @property
    def summary(self) -> dict[str, object]:
        """What it printed last."""
        return dict(json.loads(self.output.splitlines()[-1]))

    @property
    def sentence(self) -> str:
        """The last line that it complained with."""
        lines = [line for line in self.errors.splitlines() if line.strip()]
        return lines[-1] if lines else ""


def spread(count: int, most: int) -> Sequence[int]:
    """At most `most` of 1..count, evenly, the first and the last among them."""
    if count <= most:
        return range(1, count + 1)
    return sorted({1 + round(step * (count - 1) / (most - 1)) for step in range(most)})
