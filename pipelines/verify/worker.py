"""Result rows to verdicts: fetches both pictures, makes sure that they are the ones meant, and judges."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.core import storage
from pipelines.core.contracts import ResultRow, VerdictRow
from pipelines.core.errors import ImageRejected
from pipelines.core.settings import GateThresholds
from pipelines.images.decode import DecodeLimits, decode_image
from pipelines.images.fidelity import Judgement, compare_views, judge_bytes
from pipelines.images.mask import product_mask


@dataclass(frozen=True)
class VerifyTask:
    """All that a worker process must know. `limits` are those that the originals were decoded with."""

    thresholds: GateThresholds
    limits: DecodeLimits

    def judge(self, row: ResultRow) -> Judgement:
        """What there is to say of one result by itself; whatever is wrong with its pictures is a failure, no error."""
        try:
            original = storage.read_source_image(row.image_uri, self.limits.max_bytes)
            if _sha256(original) != row.source_sha256:
                return Judgement("source-changed")
            restyled = storage.read_bytes(row.object_uri)
            if _sha256(restyled) != row.object_sha256:
                return Judgement("unreadable")
            before = decode_image(original, self.limits)
        except (ImageRejected, OSError):
            return Judgement("unreadable")
        if before.rgb.shape[:2] != (row.height_px, row.width_px):
            return Judgement("wrong-size")
        try:
            weights = product_mask(before.rgb, before.alpha).weights
        except MemoryError:
            return Judgement("unmeasurable")
        return judge_bytes(before, weights, restyled, self.limits, self.thresholds)

    def conclude(self, views: Sequence[tuple[ResultRow, Judgement]]) -> list[VerdictRow]:
        """Verdicts on all results of one product, whatever order they come in."""
        ordered = sorted(views, key=lambda view: view[0].image_id)
        compared = compare_views([judgement for _, judgement in ordered], self.thresholds)
        return [self._verdict(row, judgement) for (row, _), judgement in zip(ordered, compared, strict=True)]

    def _verdict(self, row: ResultRow, judgement: Judgement) -> VerdictRow:
        figures = judgement.figures
        return VerdictRow(
            image_id=row.image_id,
            work_key=row.work_key,
            passed=judgement.passed,
            reason=judgement.reason,
            ms_ssim=figures.ms_ssim if figures else 0.0,
            edge_f1=figures.edge_f1 if figures else 0.0,
            white_kept=figures.white_kept if figures else 0.0,
            product_id=row.product_id,
            colour_drift=figures.colour_drift if figures else 0.0,
            text_kept=figures.text_kept if figures else 0.0,
            views_drift=judgement.views_drift,
            thresholds_json=self.thresholds.to_json(),
        )


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
