"""What the stages of one run have left behind, as far as it is there, in columns rather than rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from pipelines.core import tables
from pipelines.core.contracts import DeadLetter, PlanRow, ReleaseRow, ResultRow, VerdictRow
from pipelines.core.errors import MissingArtifact
from pipelines.core.paths import BrandPaths, NightPaths, RunPaths
from pipelines.monitor.selection import Candidate
from pipelines.monitor.summary import NOT_RELEASED, RunSummary

if TYPE_CHECKING:
    import pyarrow as pa

Row = TypeVar("Row")
FAILED = "failed"
"""Outcome, in reports alone, of an image that failed the gate of a run that published nothing."""


@dataclass(frozen=True)
class Figures:
    """Fidelity figures of all images, in 0..1."""

    ms_ssim: list[float]
    edge_f1: list[float]
    white_kept: list[float]


@dataclass(frozen=True)
class Evidence:
    """Tables of a run. `images` has the columns of ReleaseRow; None where the stage has not written."""

    images: pa.Table | None
    verdicts: pa.Table | None
    results: pa.Table | None
    dead_letters: list[DeadLetter]
    missing: tuple[str, ...]

    def candidates(self) -> list[Candidate]:
        """Every image of the table, as light as it gets."""
        if self.images is None:
            return []
        names = ("category", "product_id", "image_id", "outcome")
        columns = [self.images.column(name).to_pylist() for name in names]
        return [
            Candidate(category, product, image, position, outcome in ("kept_original", FAILED))
            for position, (category, product, image, outcome) in enumerate(zip(*columns, strict=True))
        ]

    def rows(self, positions: Sequence[int]) -> list[ReleaseRow]:
        """Full rows of the images at these positions."""
        if self.images is None or not positions:
            return []
        return [ReleaseRow(**values) for values in self.images.take(list(positions)).to_pylist()]

    def verdicts_of(self, image_ids: Sequence[str]) -> dict[str, VerdictRow]:
        """Verdicts of these images, by image id."""
        return {row.image_id: row for row in _matching(self.verdicts, image_ids, VerdictRow)}

    def results_of(self, image_ids: Sequence[str]) -> dict[str, ResultRow]:
        """Objects that the run computed for these images, published or not, by image id."""
        return {row.image_id: row for row in _matching(self.results, image_ids, ResultRow)}

    def figures(self) -> Figures | None:
        """Figures of what the run computed and could measure; of the whole release where the verdicts are gone."""
        table = self.verdicts
        if table is None and self.images is not None:
            import pyarrow.compute as pc

            table = self.images.filter(pc.not_equal(self.images.column("outcome"), "kept_original"))
        if table is None or not table.num_rows:
            return None
        columns = (table.column(name).to_pylist() for name in ("ms_ssim", "edge_f1", "white_kept"))
        # Images that failed before anything could be measured have no figures: all three are 0.
        measured = [figures for figures in zip(*columns, strict=True) if any(figures)]
        return Figures(*map(list, zip(*measured, strict=True))) if measured else None


def collect(root: str, summary: RunSummary) -> Evidence:
    """Read what is there; name in plain sentences what is not."""
    run = RunPaths(root, summary.date, summary.brand, summary.run_id)
    night = NightPaths(root, summary.date)
    missing: list[str] = []
    results = _table_or_none(run.results, ResultRow)
    verdicts = _table_or_none(run.verdicts, VerdictRow)
    if verdicts is None and summary.computed:
        missing.append("The gate's verdicts of this run are gone; figures are those that the release keeps.")
    if summary.status == "blocked":
        images = _candidates_of_blocked_run(run, results, verdicts, summary.model_sha256)
        if images is None:
            missing.append("The run's plan, results or verdicts are gone, so its pictures cannot be shown.")
    elif summary.status in NOT_RELEASED:
        images = _table_or_none(run.proposed, ReleaseRow)
        if images is None:
            missing.append("The rows that were proposed are gone, so their pictures cannot be shown.")
    else:
        images = _table_or_none(BrandPaths(root, summary.brand).release_rows(summary.release_id), ReleaseRow)
        if images is None:
            missing.append("The release's rows are gone (retention may have removed them); pictures are left out.")
    dead_letters = [
        letter
        for uri in (
            night.ingest_dead_letters,
            night.preprocess_dead_letters,
            run.plan_dead_letters,
            run.restyle_dead_letters,
            run.publish_dead_letters,
        )
        for letter in tables.read_json_lines(uri, DeadLetter)
    ]
    return Evidence(images, verdicts, results, dead_letters, tuple(missing))


def _candidates_of_blocked_run(
    run: RunPaths, results: pa.Table | None, verdicts: pa.Table | None, model_sha256: str
) -> pa.Table | None:
    """What would have been released, in the columns of ReleaseRow."""
    import pyarrow as pa

    plan = _table_or_none(run.plan, PlanRow)
    if plan is None or results is None or verdicts is None:
        return None
    judged = {values["image_id"]: values for values in verdicts.to_pylist()}
    planned = {values["image_id"]: values for values in plan.drop_columns("product_statistics_json").to_pylist()}
    names = tables.arrow_schema(ReleaseRow).names
    rows = []
    for result in results.to_pylist():
        verdict, row = judged.get(result["image_id"]), planned.get(result["image_id"])
        if verdict is None or row is None:
            continue
        unknown = {"feed_uri": "", "position": 0}
        merged = {**unknown, **row, **result, **verdict, "computed_in_run": run.run_id, "model_sha256": model_sha256}
        merged["outcome"] = "restyled" if verdict["passed"] else FAILED
        rows.append({name: merged[name] for name in names})
    return pa.Table.from_pylist(rows, schema=tables.arrow_schema(ReleaseRow))


def _table_or_none(uri: str, row_type: type[Row]) -> pa.Table | None:
    try:
        return tables.read_table(uri, row_type)
    except (MissingArtifact, FileNotFoundError):
        return None


def _matching(table: pa.Table | None, image_ids: Sequence[str], row_type: type[Row]) -> list[Row]:
    if table is None or not image_ids:
        return []
    import pyarrow as pa
    import pyarrow.compute as pc

    wanted = pc.is_in(table.column("image_id"), value_set=pa.array(image_ids, pa.string()))
    return [row_type(**values) for values in table.filter(wanted).to_pylist()]
