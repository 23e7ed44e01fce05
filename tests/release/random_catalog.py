"""Catalogs and releases drawn at random, with the means that a test asks for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from pipelines.core.contracts import ImageFacts, ReleaseRow, SnapshotRow
from pipelines.images.colour import LabStatistics

CATEGORIES = 30


def drawn_rows(
    seed: int,
    products: int,
    views: int = 1,
    *,
    lightness: float = 61.0,
    sides_px: Sequence[int] = (1024, 1600, 2048),
    category: str = "",
    mask: str = "",
) -> tuple[list[ImageFacts], list[SnapshotRow]]:
    """Rows of a catalog whose products are drawn one by one; views of a product are nearly alike."""
    rng = np.random.default_rng(seed)
    shares = 1 / np.arange(1, CATEGORIES + 1) ** 1.2
    facts, snapshot = [], []
    for number in range(products):
        mean = rng.normal((lightness, 10, 10), (15, 20, 20))
        side = int(rng.choice(sides_px))
        kind = mask or str(rng.choice(["flood", "alpha", "none"], p=[0.8, 0.1, 0.1]))
        name = category or f"category {rng.choice(CATEGORIES, p=shares / shares.sum())}"
        for view in range(views):
            seen = np.clip(mean + rng.normal(0, 2, 3), (0, -90, -90), (100, 90, 90))
            statistics = LabStatistics(tuple(seen.tolist()), (9.0, 5.0, 5.0), float(np.hypot(*seen[1:])), 900.0)
            product, image = f"{seed}-{number}", f"{seed}-{number}-{view}"
            text = json.dumps(statistics.to_json(), sort_keys=True)
            facts.append(ImageFacts(product, image, "0" * 64, side, side // 2, False, kind, "", text))
            snapshot.append(SnapshotRow(product, image, f"{image}.jpg", "", name, "0" * 64, 1))
    return facts, snapshot


def drawn_release(
    seed: int, products: int, views: int = 1, *, ms_ssim: float = 0.9, refused: float = 0.05
) -> list[ReleaseRow]:
    """Rows of a release, each with figures of the gate."""
    rng = np.random.default_rng(seed)
    return [
        release_row(f"{number}", f"{number}-{view}", rng, ms_ssim, refused_product)
        for number in range(products)
        for refused_product in [bool(rng.random() < refused)]
        for view in range(views)
    ]


def release_row(product: str, image: str, rng: np.random.Generator, ms_ssim: float, refused: bool) -> ReleaseRow:
    def drawn(mean: float, spread: float, most: float = 1.0) -> float:
        return float(np.clip(rng.normal(mean, spread), 0.01, most))

    text: dict[str, Any] = dict.fromkeys(
        ("title", "category", "image_uri", "source_sha256", "work_key", "reason", "object_uri", "object_sha256",
         "thresholds_json", "model_sha256", "computed_in_run"), ""
    )  # fmt: skip
    return ReleaseRow(
        product_id=product,
        image_id=image,
        outcome="kept_original" if refused else "restyled",
        object_bytes=1,
        width_px=8,
        height_px=8,
        strength=float(rng.choice([1.0, 0.6], p=[0.9, 0.1])),
        ms_ssim=drawn(ms_ssim, 0.04),
        edge_f1=drawn(0.85, 0.08),
        white_kept=float(1 - abs(rng.normal(0, 0.001))),
        colour_drift=drawn(3, 2, 50),
        text_kept=float(rng.choice([1.0, 0.8], p=[0.9, 0.1])),
        views_drift=0.0,
        **text,
    )
