"""At which strength a product is drawn: the full one, unless the fidelity gate passes more of its views at another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

FULL: Final = 1.0

Item = TypeVar("Item")
Attempt = TypeVar("Attempt")


@dataclass(frozen=True)
class Rung(Generic[Attempt]):
    """All views of one product at one strength. `attempts` in the order of the views; `passed` how many of them did."""

    attempts: Sequence[Attempt]
    passed: int
    failed: int


def climb_down(
    products: Sequence[Sequence[Item]],
    strengths: Sequence[float],
    attempt: Callable[[Sequence[Sequence[Item]], float], Sequence[Rung[Attempt]]],
) -> list[Sequence[Attempt]]:
    """The attempts to keep, of each product, in order.

    Views of a product are always drawn at one strength, so that they look alike. A product none of whose views fails
    is done; the others are tried at the next strength. What is kept is the strength at which most views pass, the
    higher of two that are equal; where none passes at any, the last, which does the least harm.

    Args:
        products: views of each.
        strengths: falling shares of the brand's strength, at least one.
        attempt: draws and judges all views of the given products at one strength.
    """
    rungs: list[list[Rung[Attempt]]] = [[] for _ in products]
    pending = list(range(len(products)))
    for strength in strengths:
        if not pending:
            break
        for index, rung in zip(pending, attempt([products[index] for index in pending], strength), strict=True):
            rungs[index].append(rung)
        pending = [index for index in pending if rungs[index][-1].failed]
    return [_best(tried).attempts for tried in rungs]


def _best(tried: Sequence[Rung[Attempt]]) -> Rung[Attempt]:
    best = max(tried, key=lambda rung: rung.passed)
    return best if best.passed else tried[-1]
