"""Whether a candidate may restyle the catalog: limits, and not clearly worse than the current model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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

INDEPENDENT_FLOORS: Final[Mapping[str, float]] = {"hand": 0.0, "style": 0.0}
"""Where AlexNet is there: no textures that no reference has, and nearer to the brand for a judge of its own."""

INDEPENDENT_CEILINGS: Final[Mapping[str, float]] = {"lpips": 0.45}
"""Where AlexNet is there: what the arbitrary style networks do to a product is too much."""

SLACK: Final[Mapping[str, float]] = {
    "ms_ssim": 0.05,
    "edge_f1": 0.05,
    "white_kept": 0.002,
    "style_gap_closed": 0.05,
    "hand": 0.05,
    "style": 0.05,
}
"""How far a candidate may fall behind the current model in each figure."""

BASELINE_SLACK: Final[Mapping[str, float]] = {"hand": 0.05}
"""How far a look may fall behind its own colour map alone, `NAME_colour_only`: below that, the hand does harm."""


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
    """Judge figures as `training.evaluate` measures them; `current` is None when nothing has been blessed before.

    The independent figures (hand, style, lpips) count where they were measured.
    """
    reasons = [*_beyond_limits(candidate), *_behind(candidate, current or {})]
    numbers: dict[str, Any] = {"candidate": dict(candidate)}
    if current is not None:
        numbers["current"] = dict(current)
    return Blessing(not reasons, tuple(reasons) or ("all figures are within their limits",), numbers)


def _beyond_limits(candidate: Mapping[str, float]) -> Iterator[str]:
    measured = {name: floor for name, floor in INDEPENDENT_FLOORS.items() if name in candidate}
    # Written so that NaN is refused.
    for name, floor in {**FLOORS, **measured}.items():
        if not candidate[name] >= floor:
            yield f"{name}: expected at least {floor:g}, received {candidate[name]:.3f}"
    for name, ceiling in INDEPENDENT_CEILINGS.items():
        if name in candidate and not candidate[name] <= ceiling:
            yield f"{name}: expected at most {ceiling:g}, received {candidate[name]:.3f}"
    for name, slack in BASELINE_SLACK.items():
        baseline = candidate.get(f"{name}_colour_only")
        if name in candidate and baseline is not None and not candidate[name] >= baseline - slack:
            yield f"{name}: the colour map alone has {baseline:.3f}, the whole look {candidate[name]:.3f}"


def _behind(candidate: Mapping[str, float], current: Mapping[str, float]) -> Iterator[str]:
    for name, slack in SLACK.items():
        if name in current and name in candidate and not candidate[name] >= current[name] - slack:
            yield f"{name}: the current model has {current[name]:.3f}, the candidate {candidate[name]:.3f}"
