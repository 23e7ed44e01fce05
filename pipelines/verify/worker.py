"""Result rows to verdicts: fetches both pictures, makes sure that they are the ones meant, and judges."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from pipelines.core import storage
from pipelines.core.contracts import ResultRow, VerdictRow
from pipelines.core.errors import ImageRejected
from pipelines.core.settings import GateThresholds
from pipelines.images.decode import DecodeLimits, decode_image
from pipelines.verify.judge import Judgement, failed, judge


@dataclass(frozen=True)
class VerifyTask:
    """All that a worker process must know. `limits` are those that the originals were decoded with."""

    thresholds: GateThresholds
    limits: DecodeLimits

    def __call__(self, row: ResultRow) -> VerdictRow:
        """The verdict on one result; whatever is wrong with its pictures is a failure, never an error."""
        found = self._judge(row)
        return VerdictRow(
            image_id=row.image_id,
            work_key=row.work_key,
            passed=found.passed,
            reason=found.reason,
            ms_ssim=found.ms_ssim,
            edge_f1=found.edge_f1,
            white_kept=found.white_kept,
        )

    def _judge(self, row: ResultRow) -> Judgement:
        try:
            original = storage.read_source_image(row.image_uri, self.limits.max_bytes)
            if _sha256(original) != row.source_sha256:
                return failed("source-changed")
            # The restyled picture is our own: a PNG may well be larger than what a feed may bring.
            restyled = storage.read_bytes(row.object_uri)
            if _sha256(restyled) != row.object_sha256:
                return failed("unreadable")
            own_limits = DecodeLimits(len(restyled) + 1, self.limits.max_pixels, self.limits.min_side_px)
            before, after = decode_image(original, self.limits), decode_image(restyled, own_limits)
        except (ImageRejected, OSError):
            return failed("unreadable")
        if after.rgb.shape[:2] != (row.height_px, row.width_px):
            return failed("wrong-size")
        try:
            return judge(before, after, self.thresholds)
        except (ValueError, MemoryError):
            return failed("unmeasurable")


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
