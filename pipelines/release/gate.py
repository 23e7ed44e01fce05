"""The fidelity gate's word on a whole batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from pipelines.core.contracts import VerdictRow
from pipelines.core.settings import BrandSettings


def is_blocked(brand: BrandSettings, verdicts: Sequence[VerdictRow]) -> bool:
    """Whether a larger share of the computed images failed than the brand's settings allow."""
    failed = sum(not verdict.passed for verdict in verdicts)
    return bool(verdicts) and failed / len(verdicts) > brand.gate.max_failed_share


def blocked_message(brand: BrandSettings, verdicts: Sequence[VerdictRow]) -> str:
    """One sentence: what failed, how often, what to do."""
    reasons = Counter(verdict.reason for verdict in verdicts if not verdict.passed)
    return (
        f"brand {brand.brand}: {reasons.total()} of {len(verdicts)} restyled images failed the fidelity gate "
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
