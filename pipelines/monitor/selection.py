"""Which images a report shows when it cannot show all: failures first, then an even sample over categories."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True, order=True)
class Candidate:
    """One image of the table that is chosen from. `urgent`: a failure or a kept original."""

    category: str
    product_id: str
    image_id: str
    position: int
    urgent: bool


def choose(candidates: Sequence[Candidate], limit: int) -> list[int]:
    """Positions of at most `limit` images.

    Urgent ones come first; the rest is shared out evenly over categories, and within a category over products before a
    product shows a second view. Deterministic; does not depend on the order of `candidates`.
    """
    urgent = spread(sorted(c for c in candidates if c.urgent), limit)
    by_category: dict[str, list[Candidate]] = defaultdict(list)
    for candidate in sorted(c for c in candidates if not c.urgent):
        by_category[candidate.category].append(candidate)
    shares = fair_shares({name: len(members) for name, members in by_category.items()}, limit - len(urgent))
    sample = [c for name, share in shares.items() for c in _over_products(by_category[name], share)]
    return [c.position for c in [*urgent, *sorted(sample)]]


def fair_shares(sizes: Mapping[str, int], total: int) -> dict[str, int]:
    """Share `total` out so that no group gets more than it has, and the smallest groups are served in full first."""
    shares: dict[str, int] = {}
    left = max(0, total)
    by_size = sorted(sizes, key=lambda name: (sizes[name], name))
    for served, name in enumerate(by_size):
        waiting = len(by_size) - served
        shares[name] = min(sizes[name], -(-left // waiting))
        left -= shares[name]
    return dict(sorted(shares.items()))


def spread(items: Sequence[Item], count: int) -> list[Item]:
    """At most `count` items at even distances, the first always among them."""
    if count >= len(items):
        return list(items)
    return [items[index * len(items) // count] for index in range(max(0, count))]


def _over_products(members: Sequence[Candidate], count: int) -> list[Candidate]:
    seen: set[str] = set()
    first: list[Candidate] = []
    further: list[Candidate] = []
    for member in members:
        (further if member.product_id in seen else first).append(member)
        seen.add(member.product_id)
    chosen = spread(first, count)
    return [*chosen, *spread(further, count - len(chosen))]
