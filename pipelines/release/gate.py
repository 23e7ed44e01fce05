"""The fidelity gate's word on a whole batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.core.contracts import VerdictRow
from pipelines.core.settings import BrandSettings


def failures(verdicts: Sequence[VerdictRow], remembered: Mapping[str, int]) -> Counter[str]:
    """Images that would newly be published as originals, by reason.

    `remembered` counts those of runs that were not published: a blocked night does not pass by being run again.
    """
    return Counter(verdict.reason for verdict in verdicts if not verdict.passed) + Counter(remembered)


def is_blocked(brand: BrandSettings, failed: Counter[str], images: int) -> bool:
    """Whether the images that failed are a larger share of the release's `images` than the brand's settings allow.

    The share is of the release, not of what was computed: one failure among two changed images is no disaster in a
    catalog of a thousand.
    """
    return failed.total() > brand.gate.max_failed_share * images


def blocked_message(brand: BrandSettings, failed: Counter[str], images: int) -> str:
    """One sentence: what failed, how often, what to do."""
    return (
        f"brand {brand.brand}: {failed.total()} of {images} images failed the fidelity gate "
        f"({', '.join(f'{count} {reason}' for reason, count in failed.most_common())}), more than the "
        f"{brand.gate.max_failed_share:.0%} that gate.max_failed_share allows. Nothing was published; lower strength, "
        "choose the illustrative preset, or train again."
    )


def gate_summary(brand: BrandSettings, verdicts: Sequence[VerdictRow], failed: Counter[str]) -> dict[str, Any]:
    """Thresholds and counts, as plain JSON types."""
    return {
        "thresholds": brand.thresholds().numbers,
        "passed": sum(verdict.passed for verdict in verdicts),
        "failed": failed.total(),
        "failed_by_reason": dict(failed),
    }
