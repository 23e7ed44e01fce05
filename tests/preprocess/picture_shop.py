"""A small shop of generated pictures with its settings and a snapshot, as ingest would have left it."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from pipelines.core.contracts import DeadLetter, ImageFacts, SnapshotRow
from pipelines.core.partitions import write_partitioned
from pipelines.core.paths import NightPaths
from pipelines.core.tables import read_json_lines, read_rows
from pipelines.core.uris import join
from pipelines.preprocess.job import preprocess
from pipelines.transforms.job_options import NightJobOptions

# Importing Beam 2.77 imports google.api_core.
THIRD_PARTY_WARNINGS = [pytest.mark.filterwarnings("ignore:Please install grpcio-status:ImportWarning")]
DATE = "2026-11-23"


def product_picture(seed: int, height: int = 96, width: int = 72) -> Image.Image:
    """A coloured, striped block on pure white."""
    rng = np.random.default_rng(seed)
    rgb = np.full((height, width, 3), 255, np.uint8)
    rgb[height // 6 : -height // 6, width // 6 : -width // 6] = rng.integers(20, 180, 3)
    rgb[height // 6 : -height // 6 : 9, width // 6 : -width // 6] = rng.integers(20, 180, 3)
    return Image.fromarray(rgb)


def encoded(picture: Image.Image, image_format: str = "PNG", **options: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, image_format, **options)
    return buffer.getvalue()


@dataclass
class PictureShop:
    """`rows` is the snapshot; `write` puts it and the settings to disk."""

    home: Path
    images_per_shard: int = 7
    short_side_px: int = 64
    max_images: int = 20_000
    max_attempts: int = 3
    buckets: int = 0
    date: str = DATE
    output_uri: str = ""
    rows: list[SnapshotRow] = field(default_factory=list)

    @property
    def night(self) -> NightPaths:
        return NightPaths(self.output_uri or str(self.home / "out"), self.date)

    @property
    def settings(self) -> Path:
        return self.home / "shop.yaml"

    def add(self, product_id: str, image_id: str, data: bytes, seen_as: bytes | None = None) -> None:
        """Put a picture into the shop and the snapshot; `seen_as`: the bytes that ingest saw."""
        file = self.home / "pictures" / image_id
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        seen = data if seen_as is None else seen_as
        self.rows.append(
            SnapshotRow(
                product_id=product_id,
                image_id=image_id,
                image_uri=str(file),
                title="",
                category="shirts",
                source_sha256=hashlib.sha256(seen).hexdigest(),
                source_bytes=len(seen),
            )
        )

    def add_products(self, count: int, views: int = 2) -> None:
        """Readable products, one PNG a view."""
        for product in range(count):
            for view in range(views):
                picture = product_picture(100 * product + view)
                self.add(f"p{product:03d}", f"p{product:03d}-{view}.png", encoded(picture))

    def write(self) -> None:
        """Write settings and snapshot."""
        self.home.mkdir(parents=True, exist_ok=True)
        names = ("short_side_px", "images_per_shard", "max_images")
        shop = {
            "shop": "corner",
            "feed": {"uri": "f.csv"},
            "output_uri": self.night.root,
            "brands": ["b.yaml"],
            "dataset": {name: getattr(self, name) for name in names},
            "images": {"max_pixels": 50_000},
            "retry": {"max_attempts": self.max_attempts},
        }
        self.settings.write_text(yaml.safe_dump(shop))
        (self.home / "b.yaml").write_text(yaml.safe_dump({"brand": "inkwell", "references_uri": "references"}))
        folder = join(self.night.root, "snapshots", "parts")
        ordered = sorted(self.rows, key=lambda row: (row.product_id, row.image_id))
        write_partitioned(self.night.snapshot, folder, ordered, SnapshotRow, self.buckets)

    def run(self, run_id: str = "run-1", *flags: str, dry_run: bool = False) -> dict[str, Any]:
        """Run the job in this process."""
        return preprocess(NightJobOptions(str(self.settings), self.date, run_id, dry_run, flags))

    def facts(self) -> dict[str, ImageFacts]:
        return {fact.image_id: fact for fact in read_rows(self.night.facts, ImageFacts)}

    def dead_letters(self) -> dict[str, DeadLetter]:
        return {row.image_id: row for row in read_json_lines(self.night.preprocess_dead_letters, DeadLetter)}

    def files(self) -> dict[str, bytes]:
        """Name and content of every file of the dataset folder."""
        return {path.name: path.read_bytes() for path in Path(self.night.dataset).iterdir()}
