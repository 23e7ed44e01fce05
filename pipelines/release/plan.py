"""Plan: which images of a night must be restyled for a brand, and which are answered already.

    python -m pipelines.release.plan --settings shop.yaml --brand inkwell --date 2026-11-23 --run-id manual [--dry-run]

Pins the one model bundle of the run and stores the resolved configuration with it. The outcome is a *draft*, the
release to be: buckets in which nothing changed are those of an earlier release, by reference; the others name the part
that they start from, the rows it is to lose, and the rows that are new: settled ones, and pending ones whose results
the run has yet to bring.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any, Final

from pipelines.core import storage, tables
from pipelines.core.contracts import DeadLetter, ImageFacts, PlanRow, ReleaseRow, SnapshotRow, WorkRow
from pipelines.core.errors import MissingArtifact
from pipelines.core.jobs import run_job
from pipelines.core.parallel import ordered_map
from pipelines.core.partitions import empty, index_of, write_index, write_part
from pipelines.core.paths import BrandPaths, NightPaths, RunPaths, checked_date
from pipelines.core.settings import BrandSettings, Shop, load_shop
from pipelines.core.tables import ArtifactInfo, Part
from pipelines.core.version import OUTPUT_VERSION, package_version
from pipelines.images.colour import LabStatistics
from pipelines.release.bucket_diff import CATALOG_COLUMNS, WORK_COLUMNS, BucketDiff, diff_bucket, readable_images
from pipelines.release.estimate import estimate
from pipelines.release.models import BlessedModel, blessed_model
from pipelines.release.region_marks import region_marks
from pipelines.release.releases import starting_points, utc_now
from pipelines.release.work_key import KeyBasis
from pipelines.release.work_log import Remembered, remembered

if TYPE_CHECKING:
    import pyarrow as pa

OPEN_ROWS_AT_A_TIME: Final = 200_000
"""Rows that wait for one look into the work logs; bounds the memory of a night on which everything is new."""


@dataclass
class Counts:
    """What a plan found, in images. `compute` are distinct work keys, `repeated` the further images that share one."""

    images: int = 0
    carried: int = 0
    settled: int = 0
    remembered: int = 0
    compute: int = 0
    repeated: int = 0
    given_up: int = 0
    remembered_failures: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _Open:
    """One bucket that could not be carried over, before its open rows are answered."""

    bucket: int
    inputs: str
    base: Part | None
    diff: BucketDiff
    statistics: dict[str, str]


@dataclass(frozen=True)
class Night:
    """The inputs of a plan: tonight's tables and what they are compared with."""

    snapshot: ArtifactInfo
    facts: ArtifactInfo
    dropped: frozenset[str]
    starting_points: tuple[ArtifactInfo, ...]
    where: str

    @classmethod
    def read(cls, night: NightPaths, paths: BrandPaths) -> Night:
        """Read the indexes alone. MissingArtifact when snapshot and facts are not those of one night."""
        snapshot = tables.finished_info(night.snapshot, SnapshotRow)
        facts = tables.finished_info(night.facts, ImageFacts)
        if snapshot.buckets != facts.buckets:
            raise MissingArtifact(
                f"{night.date}: the snapshot has {snapshot.buckets} buckets, the image facts {facts.buckets}; they are "
                "not of one night: run catalog_preprocess for this date again."
            )
        letters = tables.read_json_lines(night.preprocess_dead_letters, DeadLetter)
        dropped = frozenset(letter.image_id for letter in letters)
        return cls(snapshot, facts, dropped, starting_points(paths, night.date), night.date)

    def images(self, bucket: int) -> pa.Table:
        """Readable images of one bucket."""
        snapshot, facts = self.snapshot.part(bucket), self.facts.part(bucket)
        return readable_images(
            tables.read_part(snapshot, SnapshotRow) if snapshot else empty(SnapshotRow),
            tables.read_part(facts, ImageFacts) if facts else empty(ImageFacts),
            self.dropped,
            self.where,
        )

    def fingerprint(self, bucket: int, basis: KeyBasis) -> str:
        """What decides the bucket's part of the release."""
        snapshot, facts = self.snapshot.part(bucket), self.facts.part(bucket)
        return basis.fingerprint(snapshot.sha256 if snapshot else "", facts.sha256 if facts else "")

    def published(self, bucket: int) -> list[Part]:
        """Different parts of earlier releases of as many buckets; what the new release starts from is the first."""
        parts = {
            part.sha256: part
            for info in self.starting_points
            if info.buckets == self.snapshot.buckets and (part := info.part(bucket))
        }
        return list(parts.values())

    def carried(self, snapshot: Part, inputs: str) -> Part | None:
        """The part of an earlier release that answers the whole bucket."""
        for info in self.starting_points:
            part = info.part(snapshot.bucket) if info.buckets == self.snapshot.buckets else None
            if part and part.note.get("inputs") == inputs and part.rows == snapshot.rows:
                return part
        return None


class Planner:
    """Plans one run: bucket by bucket, in bounded memory. Writes the draft's and the plan's parts unless `dry_run`."""

    def __init__(self, shop: Shop, brand: BrandSettings, model: BlessedModel, run: RunPaths, *, dry_run: bool) -> None:
        self._shop, self._brand, self._run, self._dry_run = shop, brand, run, dry_run
        self._paths = BrandPaths(run.root, run.brand)
        self._basis = KeyBasis(model.bundle_sha256, brand.recipe_sha256())
        self._planned: set[str] = set()
        self.counts = Counts()
        self.draft: list[Part] = []
        self.plan: list[Part] = []
        self.given_up: list[DeadLetter] = []

    def plan_night(self, night: Night) -> None:
        """Every readable image of the night becomes a carried, settled or pending row, or a dead letter."""
        waiting: list[_Open] = []
        for bucket in self._buckets(night):
            waiting.append(bucket)
            if sum(len(entry.diff.open) for entry in waiting) >= OPEN_ROWS_AT_A_TIME:
                self._answer(waiting)
                waiting = []
        self._answer(waiting)

    def _buckets(self, night: Night) -> Iterator[_Open]:
        return ordered_map(lambda task: self._compare(night, *task), self._changed(night))

    def _changed(self, night: Night) -> Iterator[tuple[int, str]]:
        """Buckets that are not carried over, with their fingerprints."""
        look = self._brand.look()
        for snapshot in night.snapshot.parts:
            # Masks of regions lie beside the pictures: no hash of the snapshot tells whether one changed.
            inputs = "" if look.regions else night.fingerprint(snapshot.bucket, self._basis)
            carried = night.carried(snapshot, inputs) if inputs else None
            if carried:
                self.counts.images += carried.rows
                self.counts.carried += carried.rows
                self.draft.append(carried)
            else:
                yield snapshot.bucket, inputs

    def _compare(self, night: Night, bucket: int, inputs: str) -> _Open:
        images = night.images(bucket)
        published = night.published(bucket)
        base, others = published[:1], published[1:]
        same_basis = bool(base) and base[0].note.get("basis") == self._basis.sha256
        marks = self._marks(images)
        diff = diff_bucket(images, _rows(base), _rows(others), self._basis, marks, same_basis=same_basis)
        statistics = _product_statistics(images, diff.open)
        return _Open(bucket, inputs, base[0] if base else None, diff, statistics)

    def _marks(self, images: pa.Table) -> list[str] | None:
        look = self._brand.look()
        if not look.regions:
            return None
        places = zip(images.column("image_uri").to_pylist(), images.column("category").to_pylist(), strict=True)
        return region_marks(look, list(places), self._shop.settings.images.max_bytes)

    def _answer(self, waiting: Sequence[_Open]) -> None:
        keys = list(dict.fromkeys(row["work_key"] for entry in waiting for row in entry.diff.open))
        known = remembered(self._paths, keys, but_run=self._run.run_id)
        for entry in waiting:
            self._answer_bucket(entry, known)

    def _answer_bucket(self, entry: _Open, known: Remembered) -> None:
        import pyarrow as pa

        self.counts.images += entry.diff.settled + len(entry.diff.open)
        self.counts.settled += entry.diff.settled
        rows: list[ReleaseRow] = []
        plan: list[PlanRow] = []
        for values in entry.diff.open:
            key = values["work_key"]
            work = known.rows.get(key)
            if work and storage.exists(work.object_uri):
                rows.append(_release_row(values, work))
                self.counts.remembered += 1
                if work.outcome == "kept_original":
                    failures = self.counts.remembered_failures
                    failures[work.reason] = failures.get(work.reason, 0) + 1
            elif known.failures.get(key, 0) >= self._shop.settings.retry.max_attempts:
                self.given_up.append(_given_up(values, known))
            else:
                rows.append(_release_row(values, _pending(values, self._basis.model_sha256)))
                if key in self._planned:
                    self.counts.repeated += 1
                else:
                    self._planned.add(key)
                    plan.append(_plan_row(values, entry.statistics[values["product_id"]]))
        self.counts.compute += len(plan)
        self.counts.given_up = len(self.given_up)
        if self._dry_run:
            return
        table = pa.concat_tables([entry.diff.reworded, tables.table_of(rows, ReleaseRow)])
        table = table.sort_by([("product_id", "ascending"), ("image_id", "ascending")])
        base = asdict(entry.base) if entry.base else None
        # Keys that took masks of regions into account have no basis that another night could know.
        basis = self._basis.sha256 if entry.inputs else ""
        note = {"open": True, "inputs": entry.inputs, "basis": basis, "base": base, "without": entry.diff.without}
        self.draft.append(write_part(self._run.draft_parts, entry.bucket, table, note))
        if plan:
            self.plan.append(write_part(self._run.plan_parts, entry.bucket, tables.table_of(plan, PlanRow)))


def _rows(parts: Sequence[Part]) -> pa.Table:
    import pyarrow as pa

    read = [tables.read_part(part, ReleaseRow) for part in parts]
    return pa.concat_tables([empty(ReleaseRow), *read])


def _product_statistics(images: pa.Table, open_rows: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Canonical JSON of the colour statistics over all views, for every product with an open row."""
    import pyarrow as pa
    import pyarrow.compute as pc

    wanted = sorted({row["product_id"] for row in open_rows})
    if not wanted:
        return {}
    members = images.filter(pc.is_in(images.column("product_id"), value_set=pa.array(wanted)))
    views: dict[str, list[tuple[str, str]]] = {}
    for row in members.select(["product_id", "source_sha256", "statistics_json"]).to_pylist():
        views.setdefault(row["product_id"], []).append((row["source_sha256"], row["statistics_json"]))
    return {product: _merged(parts) for product, parts in views.items()}


def _merged(views: list[tuple[str, str]]) -> str:
    parts = [LabStatistics.from_json(json.loads(text)) for _, text in sorted(views)]
    return json.dumps(reduce(add, parts).to_json(), sort_keys=True)


def _release_row(values: dict[str, Any], work: WorkRow) -> ReleaseRow:
    """Tonight's ids and words, and what came of the work key."""
    return ReleaseRow(
        **{name: values[name] for name in CATALOG_COLUMNS}, **{name: getattr(work, name) for name in WORK_COLUMNS}
    )


def _pending(values: dict[str, Any], model_sha256: str) -> WorkRow:
    return WorkRow(
        work_key=values["work_key"],
        outcome="pending",
        reason="",
        source_sha256=values["source_sha256"],
        object_uri="",
        object_sha256="",
        object_bytes=0,
        width_px=values["width_px"],
        height_px=values["height_px"],
        strength=0.0,
        ms_ssim=0.0,
        edge_f1=0.0,
        white_kept=0.0,
        colour_drift=0.0,
        text_kept=0.0,
        views_drift=0.0,
        thresholds_json="{}",
        model_sha256=model_sha256,
        computed_in_run="",
    )


def _plan_row(values: dict[str, Any], product_statistics_json: str) -> PlanRow:
    return PlanRow(
        product_id=values["product_id"],
        image_id=values["image_id"],
        image_uri=values["image_uri"],
        title=values["title"],
        category=values["category"],
        source_sha256=values["source_sha256"],
        width_px=values["width_px"],
        height_px=values["height_px"],
        has_alpha=values["has_alpha"],
        product_statistics_json=product_statistics_json,
        work_key=values["work_key"],
    )


def _given_up(values: dict[str, Any], known: Remembered) -> DeadLetter:
    key = values["work_key"]
    attempts, reason = known.failures[key], known.last_reasons[key]
    return DeadLetter(
        values["product_id"],
        values["image_id"],
        values["image_uri"],
        "restyle",
        reason,
        f"failed on {attempts} nights ({reason}) and is not tried again; replace the picture, change the brand's model "
        "or settings, or raise retry.max_attempts.",
        attempts,
    )


def plan_run(shop: Shop, brand_name: str, date: str, run_id: str, *, dry_run: bool) -> dict[str, Any]:
    """Compare the night with what is published; write draft and plan unless it is a dry run."""
    root = shop.settings.output_uri
    brand = shop.brand(brand_name)
    night, run, paths = NightPaths(root, date), RunPaths(root, date, brand_name, run_id), BrandPaths(root, brand_name)
    model = blessed_model(paths)
    if model is None:
        raise MissingArtifact(f"brand {brand_name}: expected a blessed model, found none; run style_training first.")
    inputs = Night.read(night, paths)
    planner = Planner(shop, brand, model, run, dry_run=dry_run)
    planner.plan_night(inputs)
    counts = planner.counts
    summary = {
        "stage": "plan",
        "brand": brand_name,
        "date": date,
        "model_sha256": model.bundle_sha256,
        "images": counts.images,
        "compute": counts.compute,
        "repeated": counts.repeated,
        "reuse": counts.carried + counts.settled + counts.remembered,
        "given_up": counts.given_up,
        **asdict(estimate(shop.settings.costs, paths, counts.compute)),
    }
    if dry_run:
        return {**summary, "dry_run": True}
    _write(planner, inputs, shop, model, run)
    storage.write_bytes(run.plan_summary, json.dumps({**summary, "counts": asdict(counts)}, indent=1).encode())
    return summary


def _write(planner: Planner, night: Night, shop: Shop, model: BlessedModel, run: RunPaths) -> None:
    """The index of the plan comes last: with it the plan is finished."""
    configuration = {
        "schema_version": 1,
        "version": package_version(),
        "output_version": OUTPUT_VERSION,
        "run_id": run.run_id,
        "planned_at": utc_now(),
        "recipe_sha256": shop.brand(run.brand).recipe_sha256(),
        "snapshot_sha256": night.snapshot.sha256,
        "facts_sha256": night.facts.sha256,
        **shop.resolved(),
    }
    pin = {"schema_version": 1, "bundle_uri": model.bundle_uri, "bundle_sha256": model.bundle_sha256}
    storage.write_bytes(run.configuration, json.dumps(configuration, indent=1).encode())
    storage.write_bytes(run.model_pin, json.dumps(pin, indent=1).encode())
    tables.write_json_lines(run.plan_dead_letters, planner.given_up)
    write_index(run.draft, index_of(planner.draft, ReleaseRow, night.snapshot.buckets))
    write_index(run.plan, index_of(planner.plan, PlanRow, night.snapshot.buckets))


def main(argv: list[str] | None = None) -> int:
    """Entry point of the job."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.release.plan", description=__doc__)
    parser.add_argument("--settings", required=True, help="shop settings file")
    parser.add_argument("--brand", required=True)
    parser.add_argument("--date", required=True, help="date of the night, YYYY-MM-DD")
    parser.add_argument("--run-id", required=True, help="names the run's folder")
    parser.add_argument("--dry-run", action="store_true", help="say what would be computed, write nothing")
    options = parser.parse_args(argv)
    return run_job(
        lambda: plan_run(
            load_shop(options.settings),
            options.brand,
            checked_date(options.date),
            options.run_id,
            dry_run=options.dry_run,
        )
    )


if __name__ == "__main__":
    sys.exit(main())
