"""Whether a candidate may restyle the catalog: floors, and not clearly worse than the current model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

FLOORS: Final[Mapping[str, float]] = {
    "ms_ssim": 0.70,
    "ms_ssim_low": 0.50,
    "edge_f1": 0.60,
    "white_kept": 0.995,
    "style_gap_closed": 0.0,
    "hand_seen": 1.0,
}
"""The product is kept, white stays white, the look comes nearer to the brand's, and there is a hand to be seen."""

SLACK: Final[Mapping[str, float]] = {"ms_ssim": 0.05, "edge_f1": 0.05, "white_kept": 0.002, "style_gap_closed": 0.05}
"""How far a candidate may fall behind the current model in each figure."""


@dataclass(frozen=True)
class Blessing:
    """The decision, in words and numbers."""

    blessed: bool
    reasons: tuple[str, ...]
    numbers: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Plain types."""
        return {"blessed": self.blessed, "reasons": list(self.reasons), "numbers": dict(self.numbers)}


def bless(candidate: Mapping[str, float], current: Mapping[str, float] | None) -> Blessing:
    """Judge figures as `training.evaluate` measures them; `current` is None when nothing has been blessed before."""
    reasons = [
        f"{name}: expected at least {floor:g}, received {candidate[name]:.3f}"
        for name, floor in FLOORS.items()
        if not candidate[name] >= floor
    ]
    if current is not None:
        reasons += [
            f"{name}: the current model has {current[name]:.3f}, the candidate {candidate[name]:.3f}"
            for name, slack in SLACK.items()
            if not candidate[name] >= current[name] - slack
        ]
    numbers: dict[str, Any] = {"candidate": dict(candidate)}
    if current is not None:
        numbers["current"] = dict(current)
    return Blessing(not reasons, tuple(reasons) or ("all figures are within their limits",), numbers)
