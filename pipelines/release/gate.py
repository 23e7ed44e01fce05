"""The fidelity gate's word on a whole batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from pipelines.core.contracts import VerdictRow
from pipelines.core.settings import BrandSettings


def is_blocked(brand: BrandSettings, verdicts: Sequence[VerdictRow], images: int) -> bool:
    """Whether the images that failed are a larger share of the release's `images` than the brand's settings allow.

    The share is of the release, not of what was computed: one failure among two changed images is no disaster in a
    catalog of a thousand.
    """
    failed = sum(not verdict.passed for verdict in verdicts)
    return failed > brand.gate.max_failed_share * images


def blocked_message(brand: BrandSettings, verdicts: Sequence[VerdictRow], images: int) -> str:
    """One sentence: what failed, how often, what to do."""
    reasons = Counter(verdict.reason for verdict in verdicts if not verdict.passed)
    return (
        f"brand {brand.brand}: {reasons.total()} of {images} images failed the fidelity gate "
        f"({', '.join(f'{count} {reason}' for reason, count in reasons.most_common())}), more than the "
        f"{brand.gate.max_failed_share:.0%} that gate.max_failed_share allows. Nothing was published; lower strength, "
        "choose the illustrative preset, or train again."
    )


def gate_summary(brand: BrandSettings, verdicts: Sequence[VerdictRow]) -> dict[str, Any]:
    """Thresholds and counts, as plain JSON types."""
    return {
        "thresholds": brand.gate.thresholds().resolved(),
        "passed": sum(verdict.passed for verdict in verdicts),
        "failed": sum(not verdict.passed for verdict in verdicts),
        "failed_by_reason": dict(Counter(verdict.reason for verdict in verdicts if not verdict.passed)),
    }
