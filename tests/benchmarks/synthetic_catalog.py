"""A catalog of any size without a pixel: snapshot, image facts and a published release, straight into hash partitions.

Everything is what the stages would have written: the same schemas, buckets, work keys and fingerprints.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml

from pipelines.core import tables
from pipelines.core.contracts import ImageFacts, ReleaseRow, ResultRow, SnapshotRow, VerdictRow
from pipelines.core.partitions import bucket_count, bucket_of, index_of, write_index, write_part
from pipelines.core.paths import BrandPaths, NightPaths, RunPaths
from pipelines.core.settings import Shop, load_shop
from pipelines.core.tables import ArtifactInfo, Part, arrow_schema
from pipelines.images.colour import LabStatistics
from pipelines.release.models import bless, blessed_model, store_bundle
from pipelines.release.pointer import read_pointer
from pipelines.release.releases import make_current, release_id, utc_now, write_release
from pipelines.release.work_key import KeyBasis, work_keys

BRAND = "inkwell"
VIEWS = 2
CATEGORIES = ("mugs", "shirts", "chairs", "lamps", "bags")


@dataclass(frozen=True)
class SyntheticCatalog:
    """A shop in `root` whose catalog has `images` images, `VIEWS` to a product."""

    root: Path
    images: int

    @property
    def settings_file(self) -> Path:
        return self.root / "shop.yaml"

    @property
    def shop(self) -> Shop:
        return load_shop(self.settings_file)

    @property
    def output(self) -> str:
        return str(self.root / "out")

    @property
    def buckets(self) -> int:
        return bucket_count(self.images)

    def set_up(self) -> None:
        """Settings, and a blessed bundle with honest hashes whose weights nobody loads."""
        self.root.mkdir(parents=True, exist_ok=True)
        self.settings_file.write_text(
            yaml.safe_dump({"shop": "big", "feed": {"uri": "feed.csv"}, "output_uri": "out", "brands": ["brand.yaml"]})
        )
        (self.root / "brand.yaml").write_text(yaml.safe_dump({"brand": BRAND, "references_uri": "references"}))
        bundle = self.root / "bundle"
        bundle.mkdir(exist_ok=True)
        (bundle / "weights.safetensors").write_bytes(b"weights")
        weights = hashlib.sha256(b"weights").hexdigest()
        (bundle / "model.json").write_text(json.dumps({"weights_sha256": weights}))
        paths = BrandPaths(self.output, BRAND)
        bless(paths, store_bundle(paths, str(bundle)), "key", {"blessed": True, "reasons": []})

    def write_night(self, date: str, changed: float = 0.0, publish: bool = False) -> None:
        """Snapshot and facts of a date. `changed`: share of products with other bytes than on other dates."""
        night = NightPaths(self.output, date)
        basis = self._basis()
        snapshots: list[Part] = []
        facts: list[Part] = []
        released: list[Part] = []
        for bucket, products in self._products():
            columns = self._columns(products, changed)
            snapshots.append(write_part(night.snapshot_parts, bucket, _table(columns, SnapshotRow)))
            facts.append(write_part(night.facts_parts, bucket, _table(columns, ImageFacts)))
            if publish:
                keys = work_keys(basis, columns["product_id"], columns["source_sha256"])
                inputs = basis.fingerprint(snapshots[-1].sha256, facts[-1].sha256)
                released.append(self._released_part(bucket, columns, keys, inputs, basis))
        write_index(night.snapshot, index_of(snapshots, SnapshotRow, self.buckets))
        write_index(night.facts, index_of(facts, ImageFacts, self.buckets))
        for uri in (night.ingest_dead_letters, night.preprocess_dead_letters):
            tables.write_json_lines(uri, [])
        if publish:
            self._publish(date, index_of(released, ReleaseRow, self.buckets), basis.model_sha256)

    def answer_plan(self, date: str, run_id: str) -> int:
        """Results, objects and verdicts for everything the run has planned; returns their number."""
        run = RunPaths(self.output, date, BRAND, run_id)
        results: list[ResultRow] = []
        verdicts: list[VerdictRow] = []
        paths = BrandPaths(self.output, BRAND)
        from pipelines.core.contracts import PlanRow

        for row in tables.read_rows(run.plan, PlanRow):
            data = row.work_key.encode()
            sha256 = hashlib.sha256(data).hexdigest()
            uri = paths.object(sha256, ".jpg")
            Path(uri).parent.mkdir(parents=True, exist_ok=True)
            Path(uri).write_bytes(data)
            results.append(
                ResultRow(row.image_id, row.work_key, row.source_sha256, row.image_uri, uri, sha256, len(data),
                          row.width_px, row.height_px, row.product_id)
            )  # fmt: skip
            verdicts.append(VerdictRow(row.image_id, row.work_key, True, "", 0.9, 0.9, 1.0, row.product_id))
        tables.write_rows(run.results, results, ResultRow)
        tables.write_rows(run.verdicts, verdicts, VerdictRow)
        tables.write_json_lines(run.restyle_dead_letters, [])
        return len(results)

    def _basis(self) -> KeyBasis:
        model = blessed_model(BrandPaths(self.output, BRAND))
        assert model is not None
        return KeyBasis(model.bundle_sha256, self.shop.brand(BRAND).recipe_sha256())

    def _products(self) -> Iterator[tuple[int, list[int]]]:
        """Numbers of the products of every bucket; the last product has what views are left."""
        members: dict[int, list[int]] = {}
        for number in range(-(-self.images // VIEWS)):
            members.setdefault(bucket_of(_product(number), self.buckets), []).append(number)
        return iter(sorted(members.items()))

    def _columns(self, products: list[int], changed: float) -> dict[str, list[Any]]:
        every = round(1 / changed) if changed else 0
        rows = [
            (number, view)
            for number in sorted(products, key=_product)
            for view in range(min(VIEWS, self.images - number * VIEWS))
        ]
        salts = ["other" if every and number % every == 0 else "" for number, _ in rows]
        ids = [f"{_product(number)}-{view}" for number, view in rows]
        count = len(rows)
        return {
            "product_id": [_product(number) for number, _ in rows],
            "image_id": ids,
            "image_uri": [f"/catalog/{name}.jpg" for name in ids],
            "title": [f"Product number {number}" for number, _ in rows],
            "category": [CATEGORIES[number % len(CATEGORIES)] for number, _ in rows],
            "source_sha256": [
                hashlib.sha256(f"{name}{salt}".encode()).hexdigest() for name, salt in zip(ids, salts, strict=True)
            ],
            "source_bytes": [100_000 + number % 1000 for number, _ in rows],
            "source_version": [f"{name}{salt}" for name, salt in zip(ids, salts, strict=True)],
            "feed_uri": [""] * count,
            "position": [view for _, view in rows],
            "width_px": [1000] * count,
            "height_px": [1200] * count,
            "has_alpha": [False] * count,
            "mask_kind": ["studio"] * count,
            "flags": [""] * count,
            "statistics_json": [_statistics(number) for number, _ in rows],
        }

    def _released_part(
        self, bucket: int, columns: dict[str, list[Any]], keys: list[str], inputs: str, basis: KeyBasis
    ) -> Part:
        count = len(keys)
        paths = BrandPaths(self.output, BRAND)
        objects = [hashlib.sha256(key.encode()).hexdigest() for key in keys]
        work = {
            "work_key": keys,
            "outcome": ["restyled"] * count,
            "reason": [""] * count,
            "object_uri": [paths.object(sha256, ".jpg") for sha256 in objects],
            "object_sha256": objects,
            "object_bytes": [90_000] * count,
            **{name: [0.9] * count for name in ("strength", "ms_ssim", "edge_f1", "white_kept", "text_kept")},
            **{name: [0.0] * count for name in ("colour_drift", "views_drift")},
            "thresholds_json": ["{}"] * count,
            "model_sha256": [basis.model_sha256] * count,
            "computed_in_run": ["first"] * count,
        }
        note = {
            "inputs": inputs,
            "basis": basis.sha256,
            "restyled": count,
            "kept_original": 0,
            "run": "first",
            "restyled_here": count,
        }
        return write_part(paths.release_parts, bucket, _table({**columns, **work}, ReleaseRow), note)

    def _publish(self, date: str, rows: ArtifactInfo, model_sha256: str) -> None:
        paths = BrandPaths(self.output, BRAND)
        release = release_id(date, rows)
        manifest = {
            "release_id": release,
            "date": date,
            "created_at": utc_now(),
            "model_sha256": model_sha256,
            "accounting": {"restyled": rows.rows, "reused": 0, "kept_original": 0},
        }
        write_release(paths, manifest, rows)
        make_current(paths, read_pointer(paths.current), release, "publish", "first")


def _product(number: int) -> str:
    return f"sku-{number:08d}"


def _statistics(number: int) -> str:
    lightness = 40.0 + number % 50
    found = LabStatistics((lightness, 1.5, -2.25), (10.0, 5.0, 5.0), 250_000.0, 1.0)
    return json.dumps(found.to_json(), sort_keys=True)


def _table(columns: dict[str, list[Any]], row_type: type[Any]) -> pa.Table:
    schema = arrow_schema(row_type)
    return pa.Table.from_arrays(
        [pa.array(columns[name], schema.field(name).type) for name in schema.names], schema=schema
    )
