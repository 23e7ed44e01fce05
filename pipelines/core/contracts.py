"""Rows of the artifacts that join the stages. Parquet columns carry these names in this order.

A reader refuses an artifact whose schema version it does not know (`pipelines.core.tables`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Stage = Literal["ingest", "preprocess", "restyle", "verify"]
Outcome = Literal["restyled", "reused", "kept_original"]


@dataclass(frozen=True)
class SnapshotRow:
    """One readable image of the night's catalog."""

    product_id: str
    image_id: str
    image_uri: str
    title: str
    category: str
    source_sha256: str
    source_bytes: int


@dataclass(frozen=True)
class DeadLetter:
    """One image that left the run, and why. `reason` is one of `ImageRejected.REASONS`."""

    product_id: str
    image_id: str
    image_uri: str
    stage: str
    reason: str
    message: str


@dataclass(frozen=True)
class ImageFacts:
    """What preprocessing learnt of one image.

    `statistics_json`: `LabStatistics` of the product pixels. `flags`: space-separated, see `DecodedImage.flags`.
    """

    product_id: str
    image_id: str
    source_sha256: str
    width_px: int
    height_px: int
    has_alpha: bool
    mask_kind: str
    flags: str
    statistics_json: str


@dataclass(frozen=True)
class PlanRow:
    """One image to restyle. `product_statistics_json` merges all views of the product."""

    product_id: str
    image_id: str
    image_uri: str
    title: str
    category: str
    source_sha256: str
    width_px: int
    height_px: int
    has_alpha: bool
    product_statistics_json: str
    work_key: str


@dataclass(frozen=True)
class ResultRow:
    """One restyled object, not yet judged."""

    image_id: str
    work_key: str
    source_sha256: str
    image_uri: str
    object_uri: str
    object_sha256: str
    object_bytes: int
    width_px: int
    height_px: int


@dataclass(frozen=True)
class VerdictRow:
    """The fidelity gate's word on one restyled object. Figures in 0..1, inside the product, at no more than 512 px."""

    image_id: str
    work_key: str
    passed: bool
    reason: str
    ms_ssim: float
    edge_f1: float
    white_kept: float


@dataclass(frozen=True)
class ReleaseRow:
    """One image of a release: what readers are pointed to, and where it came from."""

    product_id: str
    image_id: str
    title: str
    category: str
    image_uri: str
    source_sha256: str
    work_key: str
    outcome: Outcome
    reason: str
    object_uri: str
    object_sha256: str
    object_bytes: int
    width_px: int
    height_px: int
    ms_ssim: float
    edge_f1: float
    white_kept: float
    computed_in_run: str
