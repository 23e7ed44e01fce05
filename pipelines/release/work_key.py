"""Work keys: one hash over everything that decides an output's bytes and its verdict."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipelines.core.version import OUTPUT_VERSION


def views_mark(source_sha256s: Iterable[str]) -> str:
    """Hash of a product's views: they share one colour map, so that a new view changes the others."""
    return hashlib.sha256("|".join(sorted(source_sha256s)).encode()).hexdigest()


@dataclass(frozen=True)
class KeyBasis:
    """What all images of one run and brand share."""

    model_sha256: str
    recipe_sha256: str
    output_version: int = OUTPUT_VERSION

    def key(self, source_sha256: str, views: str, region_mark: str = "") -> str:
        """Work key of one image: its bytes, its product's views (`views_mark`), and the masks of its regions."""
        parts = [source_sha256, views, self.model_sha256, self.recipe_sha256, str(self.output_version)]
        if region_mark:
            parts.append(region_mark)
        return hashlib.sha256("|".join(parts).encode()).hexdigest()

    @property
    def sha256(self) -> str:
        """Hash of the basis itself."""
        parts = ["basis", self.model_sha256, self.recipe_sha256, str(self.output_version)]
        return hashlib.sha256("|".join(parts).encode()).hexdigest()

    def fingerprint(self, snapshot_part: str, facts_part: str) -> str:
        """Hash of everything that decides one bucket of a release, when no regions are asked for."""
        parts = ["bucket", snapshot_part, facts_part, self.model_sha256, self.recipe_sha256, str(self.output_version)]
        return hashlib.sha256("|".join(parts).encode()).hexdigest()


def work_keys(
    basis: KeyBasis,
    product_ids: Sequence[str],
    source_sha256s: Sequence[str],
    region_marks: Sequence[str] | None = None,
) -> list[str]:
    """Work keys of whole products, row by row: every view of each product must be among the rows."""
    views: dict[str, list[str]] = {}
    for product, sha256 in zip(product_ids, source_sha256s, strict=True):
        views.setdefault(product, []).append(sha256)
    marks = {product: views_mark(members) for product, members in views.items()}
    regions = region_marks or [""] * len(product_ids)
    return [
        basis.key(sha256, marks[product], region)
        for product, sha256, region in zip(product_ids, source_sha256s, regions, strict=True)
    ]
