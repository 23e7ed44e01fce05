from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from pipelines.monitor.selection import Candidate, choose, fair_shares, spread

sizes = st.dictionaries(st.text("abcdef", min_size=1, max_size=3), st.integers(0, 50), max_size=8)


@given(sizes, st.integers(0, 120))
def test_shares_use_what_there_is_and_favour_nobody(groups: dict[str, int], total: int) -> None:
    shares = fair_shares(groups, total)
    assert sum(shares.values()) == min(total, sum(groups.values()))
    assert all(shares[name] <= groups[name] for name in groups)
    unfilled = [shares[name] for name in groups if shares[name] < groups[name]]
    assert not unfilled or max(shares.values()) - min(unfilled) <= 1


@given(st.lists(st.integers(), max_size=40), st.integers(0, 60))
def test_spread_keeps_order_and_count(items: list[int], count: int) -> None:
    positions = spread(list(enumerate(items)), count)
    assert len(positions) == min(count, len(items))
    assert positions == sorted(set(positions))


@st.composite
def catalogs(draw: st.DrawFn) -> list[Candidate]:
    rows = draw(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9), st.booleans()), max_size=60))
    return [Candidate(c, f"{c}{p}", f"{c}{p}-{n}", n, urgent) for n, (c, p, urgent) in enumerate(rows)]


@given(catalogs(), st.integers(0, 70))
def test_failures_come_first_and_nothing_twice(catalog: list[Candidate], limit: int) -> None:
    chosen = choose(catalog, limit)
    urgent = sum(candidate.urgent for candidate in catalog)
    assert len(chosen) == len(set(chosen)) == min(limit, len(catalog))
    assert sum(catalog[position].urgent for position in chosen) == min(limit, urgent)
    assert all(catalog[position].urgent for position in chosen[:urgent])
    assert choose(catalog[::-1], limit) == chosen


def test_categories_share_evenly_and_products_come_before_views() -> None:
    catalog = [
        Candidate(category, f"{category}{number // 4}", f"{category}{number}", position, urgent=False)
        for position, (category, number) in enumerate((c, n) for c in "ab" for n in range(40))
    ]
    chosen = [catalog[position] for position in choose(catalog, 20)]
    assert Counter(candidate.category for candidate in chosen) == {"a": 10, "b": 10}
    assert len({candidate.product_id for candidate in chosen}) == 20
