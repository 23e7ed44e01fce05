"""Injects faults into a night, hundreds of them, and writes the table of what they did: `make test-faults`.

Ends with 1 when a single image was lost or doubled, or a reader could have seen half a release.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT), str(HERE), str(HERE.parent), str(HERE.parent / "restyle")]

from faulty_night import BRAND, SECOND, STAGES, FaultyNight, Harm, spread
from tiny_shop import make_tiny_shop

from pipelines.core import storage, tables
from pipelines.core.contracts import SnapshotRow
from pipelines.core.paths import NightPaths
from pipelines.release.pointer import read_pointer

THIRD = "2026-11-24"
SLOW = ("preprocess", "restyle", "verify")
BEGIN, END = "<!-- table: make test-faults -->", "<!-- end of the table -->"


@dataclass
class Campaign:
    """What was injected so far, by fault."""

    night: FaultyNight
    seed: int
    injected: dict[str, int] = field(default_factory=dict)
    harm: dict[str, Harm] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)

    def note(self, fault: str, harm: Harm, sentence: str = "", times: int = 1) -> None:
        """Count one injection."""
        self.injected[fault] = self.injected.get(fault, 0) + times
        self.harm.setdefault(fault, Harm()).add(harm)
        if sentence and fault not in self.said:
            self.said[fault] = sentence
        if harm != Harm():
            print(f"  HARM {fault}: {harm} {sentence}", flush=True)

    @property
    def kills(self) -> int:
        """How many of them were kills."""
        return sum(count for fault, count in self.injected.items() if fault.startswith("kill"))

    def one(self, name: str, stage: str, fault: str, nth: int, *, again: int = 0) -> None:
        """One fault in one stage; `again` kills the second try too, at that operation."""
        self.night.restore(stage)
        job = self.night.run(stage, fault=fault, nth=nth)
        torn = self.night.torn()
        times = 1
        if again:
            self.night.run(stage, fault=fault, nth=again)
            torn, times = torn + self.night.torn(), 2
        harm = self.night.finish(stage)
        if stage == "publish":
            harm.add(self.night.harm())
        harm.torn += torn
        self.note(name, harm, job.sentence, times)


def main(argv: list[str] | None = None) -> int:
    """Run the campaign, print the table, write it into the docs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=220, help="at least so many kills")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--slow-points", type=int, default=12, help="operations to break in each of the Beam jobs")
    parser.add_argument("--storage-points", type=int, default=5, help="operations to break in each quick job, a fault")
    parser.add_argument("--docs", type=Path, help="page whose table is replaced")
    options = parser.parse_args(argv)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        campaign = Campaign(prepare(Path(folder)), options.seed)
        steps: list[Callable[[Campaign], None]] = [
            lambda one: kills(one, options.kills, options.slow_points),
            lambda one: storage_faults(one, options.storage_points),
            clock,
            cleared,
            overlapping,
            altered,
        ]
        for step in steps:
            step(campaign)
            print(f"{time.monotonic() - begun:5.0f} s: {sum(campaign.injected.values())} faults injected", flush=True)
            print(render(campaign), flush=True)
    table = render(campaign)
    print(f"{campaign.night.failed_again} undisturbed tries failed and were repeated")
    if options.docs:
        page = options.docs.read_text()
        head, _, rest = page.partition(BEGIN)
        options.docs.write_text(f"{head}{BEGIN}\n{table}\n{END}{rest.partition(END)[2]}")
    return int(any(harm != Harm() for harm in campaign.harm.values()) or campaign.kills < options.kills)


def prepare(root: Path) -> FaultyNight:
    """A shop of real small pictures with a broken one, a real untrained model, and a night that changes some of it."""
    made = make_tiny_shop(root / "shop", products=6)
    made.configure_brand(BRAND, gate={"max_failed_share": 1.0})
    # Outside of what is restored: a copied file would be another version.
    (made.root / "pictures").rename(root / "pictures")
    (made.root / "pictures").symlink_to(root / "pictures")
    (made.root / "pictures/broken.png").write_bytes(b"no picture")
    with (made.root / "feed.csv").open("a") as feed:
        feed.write("broken,broken-a,pictures/broken.png,,mugs\nlost,lost-a,pictures/lost.png,,mugs\n")
    night = FaultyNight(root)
    night.bless(tiny_bundle(root / "bundle"))

    def change_catalog() -> None:
        for number in (1, 3):
            made.add_picture(f"p{number}.png", 100 + number)
        made.add_picture("p9.png", 9)
        feed = (made.root / "feed.csv").read_text()
        lines = [line for line in feed.splitlines() if not line.startswith("p5,")]
        # Two images of the same bytes, and a product that leaves.
        new = ["p9,p9-a,pictures/p9.png,New,mugs", "p8,p8-a,pictures/p9.png,The same,mugs"]
        (made.root / "feed.csv").write_text("\n".join([*lines, *new]) + "\n")

    night.undisturbed(change_catalog)
    return night


def tiny_bundle(folder: Path) -> Path:
    """A real model bundle of the smallest networks, untrained, written by a process of its own."""
    import subprocess

    code = (
        "import sys; sys.path[:0] = sys.argv[2:]\n"
        "from pathlib import Path\nimport conftest\n"
        "conftest.write_small_bundle(Path(sys.argv[1]))\n"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(folder), str(HERE.parent / "restyle"), str(ROOT)],
        check=True, env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}, capture_output=True,
    )  # fmt: skip
    return folder


def kills(campaign: Campaign, at_least: int, slow_points: int) -> None:
    """Before and after every storage operation of the quick jobs, some of the Beam jobs'; then twice, at random."""
    for stage in STAGES:
        count = campaign.night.operations[stage]
        for nth in spread(count, slow_points if stage in SLOW else count):
            for fault in ("kill-before", "kill-after"):
                campaign.one(f"kill -9 in {stage}", stage, fault, nth)
        print(f"  {stage}: {count} storage operations", flush=True)
    chance = random.Random(campaign.seed)
    quick = [stage for stage in STAGES if stage not in SLOW]
    while campaign.kills < at_least:
        stage = chance.choice(quick)
        first, second = (chance.randint(1, campaign.night.operations[stage]) for _ in range(2))
        campaign.one("kill -9, and again in the second try", stage, "kill-before", first, again=second)


def storage_faults(campaign: Campaign, points: int) -> None:
    """What storage may answer for good: every try of the job fails until somebody mends it."""
    names = {"disk-full": "disk full", "time-out": "storage times out", "unavailable": "storage answers 503",
             "short-read": "a short read"}  # fmt: skip
    for fault, name in names.items():
        for stage in STAGES:
            for nth in spread(campaign.night.operations[stage], 2 if stage in SLOW else points):
                campaign.one(name, stage, fault, nth)


def clock(campaign: Campaign) -> None:
    """A clock that is set back by a day or a year between two stages."""
    for stage in STAGES:
        campaign.one("clock set back", stage, "clock-back", 0)


def cleared(campaign: Campaign) -> None:
    """The same DAG run cleared and run again, once everything is published."""
    night = campaign.night
    night.restore("ingest")
    shutil.rmtree(night.shop)
    shutil.copytree(night.root / "states" / STAGES[-1], night.shop, symlinks=True)
    before = read_pointer(night.paths.current).serial
    for stage in STAGES:
        night.run(stage).must_be_well()
        campaign.note("the same run cleared and run again", Harm(0, 0, night.torn()))
    moved = read_pointer(night.paths.current).serial - before
    campaign.note("the same run cleared and run again", Harm(*_counts(night.harm()), moved), times=0)


def _counts(harm: Harm) -> tuple[int, int]:
    return harm.lost, harm.doubled


def overlapping(campaign: Campaign) -> None:
    """Two nights of one brand, planned from the same release; published in both orders, and at once."""
    name, night = "two nights overlapping", campaign.night
    for order in ((SECOND, THIRD), (THIRD, SECOND), ()):
        night.restore("ingest")
        for date in (SECOND, THIRD):
            for stage in STAGES[:-1]:
                night.run(stage, date).must_be_well()
        if order:
            ended = [night.run("publish", date) for date in order]
        else:
            with ThreadPoolExecutor(2) as pool:
                ended = list(pool.map(lambda date: night.run("publish", date), (SECOND, THIRD)))
        for job in ended:
            # The one that lost the race says who won; Airflow runs it again.
            if job.code:
                night.run("publish", json.loads(job.output or "{}").get("date", SECOND))
        if not order:
            for date in (SECOND, THIRD):
                night.run("publish", date).must_be_well()
        newest = read_pointer(night.paths.current).values["date"]
        harm = night.harm()
        harm.torn += int(newest != THIRD and "unchanged" not in str([job.output for job in ended]))
        campaign.note(name, harm)


def altered(campaign: Campaign) -> None:
    """Files that vanish or change between the stage that wrote them and the one that reads them."""
    for stage, file in _files_between(campaign.night):
        for what in ("deleted", "altered"):
            night = campaign.night
            night.restore(stage)
            path = Path(file)
            if what == "deleted":
                path.unlink()
            else:
                data = bytearray(path.read_bytes())
                data[len(data) // 2] ^= 1
                path.write_bytes(data)
            job = night.run(stage)
            torn = night.torn()
            kept = STAGES[: STAGES.index(stage)]
            # The stages before write again what was harmed; a model is stored again by whoever has it.
            if "models/" in file:
                shutil.copy2(str(path).replace(str(night.shop), str(night.root / "states" / "start")), path)
            for earlier in kept:
                night.run(earlier)
            harm = night.finish(stage)
            harm.torn += torn
            if not job.code:
                for later in STAGES[STAGES.index(stage) + 1 :]:
                    night.run(later)
                harm.add(night.harm())
            campaign.note(f"a file {what} between two stages", harm, job.sentence)


def _files_between(night: FaultyNight) -> Iterator[tuple[str, str]]:
    """(the stage that reads it, file)."""
    run, dates = night.run_paths(), NightPaths(night.output, SECOND)
    shutil.rmtree(night.shop)
    shutil.copytree(night.root / "states" / STAGES[-1], night.shop, symlinks=True)
    snapshot = tables.finished_info(dates.snapshot, SnapshotRow)
    for stage in ("preprocess", "plan"):
        yield stage, f"{dates.snapshot}.json"
        yield stage, snapshot.parts[0].uri
    yield "plan", f"{dates.facts}.json"
    yield "restyle", f"{run.plan}.json"
    yield "restyle", run.model_pin
    for file in storage.list_files(night.paths.models):
        if file.endswith(("model.json", "weights.safetensors")):
            yield "restyle", file
    yield "verify", run.results
    yield "propose", run.verdicts
    yield "propose", f"{run.draft}.json"
    yield "publish", run.proposal
    yield "publish", f"{run.proposed}.json"


def render(campaign: Campaign) -> str:
    """The table in Markdown."""
    lines = ["| fault | times injected | lost | doubled | torn |", "|---|---:|---:|---:|---:|"]
    for fault, count in campaign.injected.items():
        harm = campaign.harm[fault]
        lines.append(f"| {fault} | {count} | {harm.lost} | {harm.doubled} | {harm.torn} |")
    total = Harm()
    for harm in campaign.harm.values():
        total.add(harm)
    lines.append(
        f"| **all** ({campaign.kills} kills) | {sum(campaign.injected.values())} | {total.lost} | {total.doubled} | "
        f"{total.torn} |"
    )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
