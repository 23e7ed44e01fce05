"""Where every artifact lies below the shop's output root. Names are stable: later versions read older roots."""

from __future__ import annotations

import datetime
import hashlib
import re
from dataclasses import dataclass

from pipelines.core.errors import InputError
from pipelines.core.uris import join

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_RUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_RUN_LENGTH = 120


def checked_date(date: str) -> str:
    """`date` itself when it is YYYY-MM-DD and in the calendar; InputError otherwise."""
    try:
        if not _DATE.fullmatch(date):
            raise ValueError(date)
        datetime.date.fromisoformat(date)
    except ValueError:
        raise InputError(f"date: expected a day of the calendar as YYYY-MM-DD, received {date!r}.") from None
    return date


def run_name(run_id: str) -> str:
    """A run id (Airflow's hold colons and pluses) as a safe file name; a long one ends in a hash of the whole."""
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", run_id).strip("-.")
    if len(name) > _RUN_LENGTH:
        name = f"{name[: _RUN_LENGTH - 13]}-{hashlib.sha256(run_id.encode()).hexdigest()[:12]}"
    if not _RUN.fullmatch(name):
        raise InputError(f"run id: expected letters, digits, '-', '_' or '.', received {run_id!r}.")
    return name


@dataclass(frozen=True)
class NightPaths:
    """Artifacts of one date that all brands share."""

    root: str
    date: str

    @property
    def snapshot(self) -> str:
        """SnapshotRow table."""
        return join(self.root, "snapshots", self.date, "snapshot.parquet")

    @property
    def snapshot_parts(self) -> str:
        """Folder of the snapshots' parts, which all dates share."""
        return join(self.root, "snapshots", "parts")

    @property
    def unfinished_snapshot(self) -> str:
        """SnapshotRow table of what an ingest that is under way, or was killed, has finished so far."""
        return join(self.root, "snapshots", self.date, "unfinished.parquet")

    def source(self, sha256: str, suffix: str) -> str:
        """Content-addressed copy of a picture that was fetched from the web; all dates share them."""
        return join(self.root, "sources", sha256[:2], f"{sha256}{suffix}")

    @property
    def facts_parts(self) -> str:
        """Folder of the image facts' parts, which all dates share."""
        return join(self.root, "datasets", "facts")

    def part_profile(self, sha256: str) -> str:
        """JSON: what the rows of one part of a snapshot or of image facts are like."""
        return join(self.root, "profiles", sha256[:2], f"{sha256}.json")

    @property
    def ingest_dead_letters(self) -> str:
        """DeadLetter JSON lines of the ingest stage."""
        return join(self.root, "snapshots", self.date, "dead_letters.jsonl")

    @property
    def dataset(self) -> str:
        """Folder that `tfds.builder_from_directory` opens."""
        return join(self.root, "datasets", self.date)

    @property
    def facts(self) -> str:
        """ImageFacts table."""
        return join(self.root, "datasets", self.date, "facts.parquet")

    @property
    def preprocess_dead_letters(self) -> str:
        """DeadLetter JSON lines of the preprocess stage."""
        return join(self.root, "datasets", self.date, "dead_letters.jsonl")

    @property
    def candidates(self) -> str:
        """Table of the images that the dataset is drawn from; preprocessing alone reads it."""
        return join(self.root, "datasets", self.date, "candidates.parquet")

    @property
    def candidate_parts(self) -> str:
        """Folder of the candidates' parts, which all dates share."""
        return join(self.root, "datasets", "candidates")

    @property
    def shards(self) -> str:
        """Folder of dataset shards by what they hold, which all dates share. A cache: a lost shard is made again."""
        return join(self.root, "datasets", "shards")

    @property
    def prepared_nights(self) -> str:
        """Folder of `preprocess_summary` of all dates: the nights that are prepared."""
        return join(self.root, "datasets", "nights")

    @property
    def preprocess_summary(self) -> str:
        """JSON: counts and hashes; written last, so that the night is prepared when it is there."""
        return join(self.prepared_nights, f"{self.date}.json")

    @property
    def preprocess_work(self) -> str:
        """Folder of what a preprocess job has finished before its end; gone afterwards."""
        return join(self.root, "datasets", "unfinished", self.date)


@dataclass(frozen=True)
class RunPaths:
    """Artifacts of one run for one brand and date."""

    root: str
    date: str
    brand: str
    run_id: str

    @property
    def folder(self) -> str:
        """All of the run's own files."""
        return join(self.root, "runs", self.date, self.brand, run_name(self.run_id))

    @property
    def configuration(self) -> str:
        """The resolved configuration."""
        return join(self.folder, "configuration.json")

    @property
    def plan(self) -> str:
        """PlanRow table: what is computed."""
        return join(self.folder, "plan.parquet")

    @property
    def plan_parts(self) -> str:
        """Folder of the plan's parts."""
        return join(self.folder, "plan")

    @property
    def draft(self) -> str:
        """ReleaseRow table: the release to be; its pending rows wait for results."""
        return join(self.folder, "draft.parquet")

    @property
    def draft_parts(self) -> str:
        """Folder of the draft's own parts; those that an earlier release already has are named where they lie."""
        return join(self.folder, "draft")

    @property
    def plan_summary(self) -> str:
        """JSON: counts, estimates and what the draft was compared with."""
        return join(self.folder, "plan.json")

    @property
    def plan_dead_letters(self) -> str:
        """DeadLetter JSON lines of images that failed too often to be tried again."""
        return join(self.folder, "plan_dead_letters.jsonl")

    @property
    def model_pin(self) -> str:
        """JSON: the one model bundle of this run."""
        return join(self.folder, "model.json")

    @property
    def results(self) -> str:
        """ResultRow table."""
        return join(self.folder, "results.parquet")

    @property
    def restyle_dead_letters(self) -> str:
        """DeadLetter JSON lines of the restyle stage."""
        return join(self.folder, "dead_letters.jsonl")

    @property
    def publish_dead_letters(self) -> str:
        """DeadLetter JSON lines of images whose original could not be kept either."""
        return join(self.folder, "publish_dead_letters.jsonl")

    @property
    def verdicts(self) -> str:
        """VerdictRow table."""
        return join(self.folder, "verdicts.parquet")

    @property
    def proposal(self) -> str:
        """JSON: what would be published, with its numbers."""
        return join(self.folder, "proposal.json")

    @property
    def proposed(self) -> str:
        """ReleaseRow table of the proposal, the release's own parts."""
        return join(self.folder, "proposed.parquet")

    @property
    def contact_sheet(self) -> str:
        """JPEG of before and after pairs, for whoever approves."""
        return join(self.folder, "contact_sheet.jpg")

    @property
    def summary(self) -> str:
        """JSON: counts, accounting, release."""
        return join(self.folder, "summary.json")

    @property
    def report(self) -> str:
        """HTML report with pictures."""
        return join(self.folder, "report.html")

    def progress(self, stage: str) -> str:
        """Progress events of a running stage."""
        return join(self.folder, "progress", f"{stage}.jsonl")


def night_progress(root: str, date: str, stage: str) -> str:
    """Progress events of a stage that all brands share."""
    return join(root, "progress", date, f"{stage}.jsonl")


@dataclass(frozen=True)
class BrandPaths:
    """What outlives single runs of a brand."""

    root: str
    brand: str

    @property
    def models(self) -> str:
        """Folder of model bundles and training runs."""
        return join(self.root, "models", self.brand)

    def bundle(self, sha256: str) -> str:
        """Folder of one model bundle, named by its hash."""
        return join(self.models, "bundles", sha256)

    def training_run(self, key: str) -> str:
        """Checkpoints, metrics, previews and curves of one training."""
        return join(self.models, "training", key)

    @property
    def blessed(self) -> str:
        """Pointer to the blessed model bundle."""
        return join(self.models, "blessed.json")

    def model_profile(self, sha256: str) -> str:
        """JSON: what the catalog was like that this model bundle was trained on."""
        return join(self.models, "profiles", f"{sha256}.json")

    def model_gate_profile(self, sha256: str) -> str:
        """JSON: what the gate measured in the first release of this model bundle."""
        return join(self.models, "profiles", f"{sha256}.gate.json")

    def object(self, sha256: str, suffix: str) -> str:
        """Content-addressed published picture."""
        return join(self.root, "objects", self.brand, sha256[:2], f"{sha256}{suffix}")

    @property
    def releases(self) -> str:
        """Folder of release manifests."""
        return join(self.root, "releases", self.brand)

    def manifest(self, release_id: str) -> str:
        """JSON of one release."""
        return join(self.releases, release_id, "manifest.json")

    def release_rows(self, release_id: str) -> str:
        """ReleaseRow table of one release."""
        return join(self.releases, release_id, "rows.parquet")

    def product_feed(self, release_id: str, name: str) -> str:
        """A feed that points the products of one release to their published images."""
        return join(self.releases, release_id, "feeds", name)

    @property
    def release_parts(self) -> str:
        """Folder of the releases' parts; releases share those that did not change."""
        return join(self.root, "parts", self.brand)

    def rejection(self, digest: str) -> str:
        """JSON: who said no to this content, and when."""
        return join(self.root, "rejections", self.brand, f"{digest}.json")

    def work(self, run_id: str, date: str) -> str:
        """WorkRow table: what one run computed."""
        return join(self.work_logs, f"{date}-{run_name(run_id)}.parquet")

    @property
    def work_logs(self) -> str:
        """Folder of everything that was ever computed for the brand, by work key."""
        return join(self.root, "work", self.brand)

    @property
    def fragments(self) -> str:
        """Folder of what restyle jobs of the brand have computed and no work log holds yet."""
        return join(self.root, "work-in-progress", self.brand)

    def run_fragments(self, run_id: str, date: str) -> str:
        """Folder of one run's share of it."""
        return join(self.fragments, f"{date}-{run_name(run_id)}")

    @property
    def work_parts(self) -> str:
        """Folder of the work logs' parts."""
        return join(self.root, "work-parts", self.brand)

    @property
    def current(self) -> str:
        """Pointer to the release that readers see."""
        return join(self.releases, "current.json")
