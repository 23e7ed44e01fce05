"""One night of one brand: the release room's own stages for real, and what the Beam jobs would write in between."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tiny_shop import DATE, TinyShop

from pipelines.core import storage
from pipelines.core.contracts import DeadLetter, ImageFacts, PlanRow, ReleaseRow, ResultRow, SnapshotRow, VerdictRow
from pipelines.core.partitions import write_partitioned
from pipelines.core.paths import BrandPaths, NightPaths, RunPaths
from pipelines.core.tables import finished_info, read_part, read_rows, write_json_lines, write_rows
from pipelines.images.colour import lab_statistics
from pipelines.images.decode import DecodeLimits, decode_image
from pipelines.images.mask import product_mask
from pipelines.release.assemble import kept_rows
from pipelines.release.ingest import ingest
from pipelines.release.plan import plan_run
from pipelines.release.propose import propose
from pipelines.release.publish import publish

Fate = Literal["pass", "fail", "dead"]


@dataclass(frozen=True)
class SmallNight:
    """`made` decides what is in the feed; a fresh `run_id` is a new run of the same night."""

    made: TinyShop
    date: str = DATE
    run_id: str = "run-1"
    brand: str = "inkwell"

    @property
    def night(self) -> NightPaths:
        return NightPaths(str(self.made.output), self.date)

    @property
    def run(self) -> RunPaths:
        return RunPaths(self.night.root, self.date, self.brand, self.run_id)

    @property
    def paths(self) -> BrandPaths:
        return BrandPaths(self.night.root, self.brand)

    def prepare(self, dropped: Sequence[str] = ()) -> None:
        """Ingest, then the facts and dead letters that preprocessing would write."""
        ingest(self.made.load(), self.date)
        facts, letters = [], []
        for row in read_rows(self.night.snapshot, SnapshotRow):
            if row.image_id in dropped:
                letters.append(
                    DeadLetter(
                        row.product_id, row.image_id, row.image_uri, "preprocess", "corrupt", "cannot be decoded"
                    )
                )
            else:
                facts.append(facts_of(row))
        buckets = finished_info(self.night.snapshot, SnapshotRow).buckets
        write_partitioned(self.night.facts, self.night.facts_parts, facts, ImageFacts, buckets)
        write_json_lines(self.night.preprocess_dead_letters, letters)

    def plan(self, *, dry_run: bool = False) -> dict[str, Any]:
        return plan_run(self.made.load(), self.brand, self.date, self.run_id, dry_run=dry_run)

    def planned(self) -> list[str]:
        return [row.image_id for row in read_rows(self.run.plan, PlanRow)]

    def reused(self) -> list[ReleaseRow]:
        rows = []
        for part in finished_info(self.run.draft, ReleaseRow).parts:
            tables = [read_part(part, ReleaseRow), *([kept_rows(part)] if part.note.get("open") else [])]
            rows += [ReleaseRow(**values) for table in tables for values in table.to_pylist()]
        return sorted((row for row in rows if row.outcome != "pending"), key=lambda row: row.image_id)

    def compute(self, fates: Mapping[str, Fate] | None = None) -> None:
        """Results, objects, verdicts and dead letters that restyle and verify would write; default: all pass."""
        results, verdicts, letters = [], [], []
        for row in read_rows(self.run.plan, PlanRow):
            fate = (fates or {}).get(row.image_id, "pass")
            if fate == "dead":
                letters.append(
                    DeadLetter(row.product_id, row.image_id, row.image_uri, "restyle", "model-failed", "no output")
                )
                continue
            data = f"restyled {row.work_key}".encode()
            sha256 = hashlib.sha256(data).hexdigest()
            uri = self.paths.object(sha256, ".jpg")
            storage.create_once(uri, data)
            results.append(
                ResultRow(row.image_id, row.work_key, row.source_sha256, row.image_uri, uri, sha256, len(data),
                          row.width_px, row.height_px, row.product_id)
            )  # fmt: skip
            passed = fate == "pass"
            reason = "" if passed else "edges"
            verdicts.append(VerdictRow(row.image_id, row.work_key, passed, reason, 0.9, 0.8, 1.0, row.product_id))
        write_rows(self.run.results, results, ResultRow)
        write_rows(self.run.verdicts, verdicts, VerdictRow)
        write_json_lines(self.run.restyle_dead_letters, letters)

    def propose(self, *, ask_again: bool = False) -> dict[str, Any]:
        return propose(self.made.load(), self.brand, self.date, self.run_id, ask_again=ask_again)

    def publish(self, *, answer: str = "", move_back: bool = False) -> dict[str, Any]:
        self.propose()
        return publish(self.made.load(), self.brand, self.date, self.run_id, answer=answer, move_back=move_back)

    def whole(self, fates: Mapping[str, Fate] | None = None, *, move_back: bool = False) -> dict[str, Any]:
        """The whole night; returns the summary of publish."""
        self.prepare()
        self.plan()
        self.compute(fates)
        return self.publish(move_back=move_back)

    def released(self, release_id: str) -> list[ReleaseRow]:
        return read_rows(self.paths.release_rows(release_id), ReleaseRow)


def facts_of(row: SnapshotRow) -> ImageFacts:
    """What preprocessing learns of one picture."""
    decoded = decode_image(storage.read_bytes(row.image_uri), DecodeLimits())
    mask = product_mask(decoded.rgb, decoded.alpha)
    height, width = decoded.rgb.shape[:2]
    return ImageFacts(
        product_id=row.product_id,
        image_id=row.image_id,
        source_sha256=row.source_sha256,
        width_px=width,
        height_px=height,
        has_alpha=decoded.alpha is not None,
        mask_kind=mask.kind,
        flags=" ".join(decoded.flags),
        statistics_json=json.dumps(lab_statistics(decoded.rgb, mask.weights).to_json()),
    )
