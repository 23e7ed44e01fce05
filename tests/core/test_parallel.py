from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from pipelines.core.parallel import ordered_map


def test_results_come_in_order_whatever_finishes_first() -> None:
    late = threading.Event()

    def work(number: int) -> int:
        if number == 0:
            assert late.wait(20)
        if number == 5:
            late.set()
        return number

    assert list(ordered_map(work, range(20), 4, ahead=16)) == list(range(20))


@pytest.mark.parametrize(("size", "most"), [(1, 12), (5, 3)])
def test_no_more_are_taken_than_may_wait(size: int, most: int) -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(50):
            taken.append(number)
            yield number

    for result in ordered_map(lambda number: number, items(), 2, ahead=12, size=lambda _: size):
        assert taken[-1] - result < most


def test_an_error_comes_in_the_place_of_its_result() -> None:
    def work(number: int) -> int:
        if number == 3:
            raise ValueError("three")
        return number

    seen = []
    with pytest.raises(ValueError, match="three"):
        for result in ordered_map(work, range(50), 4, ahead=40):
            seen.append(result)  # noqa: PERF402 (what came before the error counts)
    assert seen == [0, 1, 2]
