"""A shop of a few small real pictures in a folder of its own: feed, settings, references."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image

from pipelines.core.settings import Shop, load_shop

DATE = "2026-11-23"


def picture(seed: int, size_px: int = 24, kind: str = "PNG") -> bytes:
    """File bytes of a coloured block on white, another one for every seed."""
    rng = np.random.default_rng(seed)
    rgb = np.full((size_px, size_px, 3), 255, np.uint8)
    low, high = size_px // 4, size_px - size_px // 4
    rgb[low:high, low:high] = rng.integers(0, 200, (high - low, high - low, 3))
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, kind)
    return buffer.getvalue()


@dataclass
class TinyShop:
    """The shop's folder; `settings` and `brand_settings` are changed by `configure` and `configure_brand`."""

    root: Path
    settings: dict[str, Any]
    brand_settings: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def file(self) -> Path:
        return self.root / "shop.yaml"

    @property
    def output(self) -> Path:
        return self.root / "out"

    def load(self) -> Shop:
        return load_shop(self.file)

    def configure(self, **values: Any) -> Shop:
        """Change the shop's settings and load them."""
        self.settings.update(values)
        self.file.write_text(yaml.safe_dump(self.settings))
        return self.load() if (self.root / "inkwell.yaml").exists() else None  # type: ignore[return-value]

    def configure_brand(self, brand: str, /, **values: Any) -> Shop:
        """Change a brand's settings and load the shop."""
        self.brand_settings.setdefault(brand, {}).update(values)
        (self.root / f"{brand}.yaml").write_text(yaml.safe_dump(self.brand_settings[brand]))
        return self.load()

    def add_picture(self, name: str, seed: int) -> Path:
        """Write one picture below `pictures/`, replacing what is there."""
        file = self.root / "pictures" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(picture(seed))
        return file

    def write_feed(self, rows: Sequence[Mapping[str, str]], name: str = "feed.csv") -> Path:
        """Write the CSV feed."""
        columns = list(dict.fromkeys(column for row in rows for column in row))
        with (self.root / name).open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, columns)
            writer.writeheader()
            writer.writerows(rows)
        return self.root / name

    def files(self) -> set[str]:
        """Names of all files of the shop, relative to its folder."""
        return {str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_file()}

    def bless_fake_model(self, brand: str = "inkwell", *, seed: int = 0, training_key: str = "key") -> str:
        """Store and bless a bundle with honest hashes (nothing here loads its weights); returns its sha256."""
        from pipelines.core.paths import BrandPaths
        from pipelines.release.models import bless, store_bundle

        paths = BrandPaths(self.load().settings.output_uri, brand)
        sha256 = store_bundle(paths, str(fake_bundle(self.root / "candidate", seed)))
        bless(paths, sha256, training_key, {"blessed": True, "reasons": []})
        return sha256


def fake_bundle(folder: Path, seed: int) -> Path:
    """A model bundle as far as its store can see: two files whose hashes fit."""
    import hashlib

    folder.mkdir(parents=True, exist_ok=True)
    weights = np.random.default_rng(seed).bytes(64)
    (folder / "weights.safetensors").write_bytes(weights)
    (folder / "model.json").write_text(json.dumps({"weights_sha256": hashlib.sha256(weights).hexdigest()}))
    return folder


def make_tiny_shop(root: Path, *, products: int = 3, brands: Sequence[str] = ("inkwell",)) -> TinyShop:
    """`products` products of one view each, a CSV feed with relative URIs, one reference a brand."""
    root.mkdir(parents=True, exist_ok=True)
    brand_files = [f"{brand}.yaml" for brand in brands]
    shop = TinyShop(root, {"shop": "corner", "feed": {"uri": "feed.csv"}, "output_uri": "out", "brands": brand_files})
    for brand in brands:
        (root / "references" / brand).mkdir(parents=True)
        (root / "references" / brand / "reference.png").write_bytes(picture(1000))
        shop.brand_settings[brand] = {"brand": brand, "references_uri": f"references/{brand}"}
        (root / f"{brand}.yaml").write_text(yaml.safe_dump(shop.brand_settings[brand]))
    shop.configure()
    rows = []
    for number in range(products):
        shop.add_picture(f"p{number}.png", number)
        rows.append(
            {"product_id": f"p{number}", "image_id": f"p{number}-a", "image_uri": f"pictures/p{number}.png",
             "title": f"Product {number}", "category": "mugs"}
        )  # fmt: skip
    if rows:
        shop.write_feed(rows)
    return shop
