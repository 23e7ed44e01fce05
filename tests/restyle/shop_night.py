"""A small shop with generated pictures, its settings, a plan and a pinned, untrained model bundle."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from pipelines.core import storage
from pipelines.core.contracts import PlanRow
from pipelines.core.paths import RunPaths
from pipelines.core.tables import write_rows
from pipelines.images.colour import LabStatistics, lab_statistics
from pipelines.images.decode import DecodeLimits, decode_image
from pipelines.images.mask import product_mask
from pipelines.transforms.job_options import RunJobOptions

THIRD_PARTY_WARNINGS = [
    # Keras 3.15 hands TensorFlow variables to NumPy 2.
    pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept a copy:DeprecationWarning"),
    # Importing Beam 2.77 imports google.api_core.
    pytest.mark.filterwarnings("ignore:Please install grpcio-status:ImportWarning"),
]
BRAND = "inkwell"
DATE = "2026-11-23"


def product_photo(height: int, width: int, seed: int = 0) -> np.ndarray:
    """A striped, shaded disc on pure white; uint8 [height, width, 3]."""
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    y, x = rows / height - 0.5, columns / width - 0.5
    inside = x**2 + y**2 < 0.34**2
    shade = 150 + 60 * np.sin((columns + 3 * seed) / 5) * (rows / height) - 60 * y
    hue = np.array([1.0, 0.75, 0.5]) if seed % 2 else np.array([0.45, 0.8, 0.95])
    rgb = np.where(inside[..., None], shade[..., None] * hue, 255)
    return rgb.clip(0, 255).astype(np.uint8)


def soft_alpha(height: int, width: int) -> np.ndarray:
    """A disc with a soft edge and a half transparent half; uint8 [height, width]."""
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    distance = np.hypot(rows / height - 0.5, columns / width - 0.5)
    alpha = ((0.36 - distance) * 40).clip(0, 1) * 255
    alpha[:, width // 2 :] *= 0.5
    return alpha.astype(np.uint8)


def encoded(pixels: np.ndarray, kind: str = "PNG", mode: str | None = None) -> bytes:
    """File bytes of an array; `mode` converts first, e.g. to CMYK."""
    image = Image.fromarray(pixels)
    if mode:
        image = image.convert(mode)
    buffer = io.BytesIO()
    image.save(buffer, kind, **({"quality": 95} if kind in ("JPEG", "WEBP", "AVIF") else {}))
    return buffer.getvalue()


@dataclass
class Night:
    """One run of the shop below `home`; add pictures, then `write`."""

    home: Path
    bundle: Path
    run_id: str = "manual"
    output_format: str = "png"
    root: str = ""
    bundle_uri: str = ""
    beam_options: tuple[str, ...] = ()
    brand: dict[str, Any] = field(default_factory=dict)
    plan: list[PlanRow] = field(default_factory=list)

    @property
    def paths(self) -> RunPaths:
        return RunPaths(self.root or str(self.home / "out"), DATE, BRAND, self.run_id)

    def options(self, *beam_flags: str, dry_run: bool = False) -> RunJobOptions:
        return RunJobOptions(str(self.home / "shop.yaml"), BRAND, DATE, self.run_id, dry_run, beam_flags)

    def arguments(self) -> list[str]:
        settings = str(self.home / "shop.yaml")
        return ["--settings", settings, "--brand", BRAND, "--date", DATE, "--run-id", self.run_id]

    def add(self, image_id: str, data: bytes | None, planned_as: bytes | None = None) -> Path:
        """Put a picture (None: no file) into the shop and the plan; `planned_as`: the bytes that the snapshot saw."""
        file = self.home / "pictures" / image_id
        file.parent.mkdir(parents=True, exist_ok=True)
        if data is not None:
            file.write_bytes(data)
        self.plan.append(planned_row(image_id, file, planned_as or data or b""))
        return file

    def write(self) -> None:
        """Write settings, plan and pin."""
        self.home.mkdir(parents=True, exist_ok=True)
        brand = {"brand": BRAND, "references_uri": "references", "output": {"format": self.output_format}}
        brand |= self.brand
        shop = {"shop": "corner", "feed": {"uri": "feed.csv"}, "output_uri": self.root or "out"}
        shop |= {"brands": ["inkwell.yaml"], "jobs": {"beam_options": list(self.beam_options)}}
        (self.home / "inkwell.yaml").write_text(yaml.safe_dump(brand))
        (self.home / "shop.yaml").write_text(yaml.safe_dump(shop))
        write_rows(self.paths.plan, self.plan, PlanRow)
        sha256 = hashlib.sha256((self.bundle / "model.json").read_bytes()).hexdigest()
        pin = {"schema_version": 1, "bundle_uri": self.bundle_uri or str(self.bundle), "bundle_sha256": sha256}
        storage.write_bytes(self.paths.model_pin, json.dumps(pin).encode())

    def rerun(self, run_id: str) -> Night:
        """The same night as another run over the same output root."""
        again = replace(self, run_id=run_id, plan=list(self.plan))
        again.write()
        return again

    def objects(self) -> dict[str, int]:
        """Stored objects and their times of change."""
        root = self.home / "out" / "objects"
        return {str(path): path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()}


def planned_row(image_id: str, file: Path, data: bytes) -> PlanRow:
    """The row that planning makes of a picture; figures of an unreadable one are made up."""
    try:
        decoded = decode_image(data, DecodeLimits())
    except Exception:  # the plan may well name what can no longer be read
        statistics, size, alpha = LabStatistics(weight=1.0), (64, 64), False
    else:
        statistics = lab_statistics(decoded.rgb, product_mask(decoded.rgb, decoded.alpha).weights)
        size, alpha = decoded.rgb.shape[:2], decoded.alpha is not None
    sha256 = hashlib.sha256(data).hexdigest()
    return PlanRow(
        product_id=image_id.split(".")[0],
        image_id=image_id,
        image_uri=str(file),
        title="",
        category="",
        source_sha256=sha256,
        width_px=size[1],
        height_px=size[0],
        has_alpha=alpha,
        product_statistics_json=json.dumps(statistics.to_json()),
        work_key=hashlib.sha256(f"{sha256}|model|recipe".encode()).hexdigest(),
    )
