"""Rows of the artifacts that join the stages. Parquet columns carry these names in this order.

A reader refuses an artifact whose schema version it does not know (`pipelines.core.tables`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Stage = Literal["ingest", "preprocess", "restyle", "verify"]
Outcome = Literal["restyled", "kept_original", "pending", "failed"]
"""`pending` waits in a draft for the run's results; `failed` has no object. Releases hold the first two alone."""


@dataclass(frozen=True)
class SnapshotRow:
    """One readable image of the night's catalog.

    `image_uri`: where all later stages read the bytes. `source_version`: what its storage says changes whenever the
    bytes do (an ETag, a file's times); empty where it does not say. `feed_uri`: the http(s) link that the bytes were
    fetched from; empty where `image_uri` is the feed's own. `position`: place among the product's images in the feed.
    """

    product_id: str
    image_id: str
    image_uri: str
    title: str
    category: str
    source_sha256: str
    source_bytes: int
    source_version: str = ""
    feed_uri: str = ""
    position: int = 0


@dataclass(frozen=True)
class DeadLetter:
    """One image that left the run, and why. `reason` is one of `ImageRejected.REASONS`.

    `attempts`: on how many nights in a row it was tried, this one included. `source_sha256`: of the bytes that the
    snapshot names, so that other bytes are a first attempt again; empty where the stage has no snapshot yet.
    """

    product_id: str
    image_id: str
    image_uri: str
    stage: str
    reason: str
    message: str
    attempts: int = 1
    source_sha256: str = ""


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
    """One restyled object, not yet judged. `strength` is the share of the brand's strength that it was drawn with."""

    image_id: str
    work_key: str
    source_sha256: str
    image_uri: str
    object_uri: str
    object_sha256: str
    object_bytes: int
    width_px: int
    height_px: int
    product_id: str = ""
    strength: float = 1.0


@dataclass(frozen=True)
class VerdictRow:
    """The fidelity gate's word on one restyled object. Figures inside the product, at no more than 512 px.

    `ms_ssim`, `edge_f1`, `white_kept`, `text_kept`: 0..1, 1 is untouched. `colour_drift`: CIEDE2000 of what the
    brand's colour policy promises to keep. `views_drift`: growth of the colour difference between views of a product,
    CIEDE2000. `thresholds_json`: what they were held against.
    """

    image_id: str
    work_key: str
    passed: bool
    reason: str
    ms_ssim: float
    edge_f1: float
    white_kept: float
    product_id: str = ""
    colour_drift: float = 0.0
    text_kept: float = 1.0
    views_drift: float = 0.0
    thresholds_json: str = "{}"


@dataclass(frozen=True)
class WorkRow:
    """What came of one work key: kept for ever, so that the same key is never computed twice.

    `failed` rows have no object. Figures are those of `VerdictRow`.
    """

    work_key: str
    outcome: Outcome
    reason: str
    source_sha256: str
    object_uri: str
    object_sha256: str
    object_bytes: int
    width_px: int
    height_px: int
    strength: float
    ms_ssim: float
    edge_f1: float
    white_kept: float
    colour_drift: float
    text_kept: float
    views_drift: float
    thresholds_json: str
    model_sha256: str
    computed_in_run: str


@dataclass(frozen=True)
class ReleaseRow:
    """One image of a release: what readers are pointed to, and where it came from. A catalog row and its `WorkRow`.

    `feed_uri` and `position` are those of `SnapshotRow`.
    """

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
    strength: float
    ms_ssim: float
    edge_f1: float
    white_kept: float
    colour_drift: float
    text_kept: float
    views_drift: float
    thresholds_json: str
    model_sha256: str
    computed_in_run: str
    feed_uri: str = ""
    position: int = 0
