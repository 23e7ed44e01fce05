"""Work on many parts with a few threads, in order and in bounded memory."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
MOST_THREADS: Final = 8


def ordered_map(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    threads: int | None = None,
    *,
    ahead: int | None = None,
    size: Callable[[Item], int] = lambda _: 1,
) -> Iterator[Result]:
    """Results in the order of the items.

    For work that waits, or leaves the interpreter's lock alone, as Arrow's, hashing and storage do. An error ends it;
    what has not begun by then never does.

    Args:
        function: what is done to each item.
        items: taken as they are needed.
        threads: one a core, up to 8, when not given.
        ahead: items that are in work or wait to be taken, twice as many as there are threads when not given. More of
            them keep threads busy while one result is long in coming.
        size: for how many an item counts.
    """
    count = threads or min(MOST_THREADS, os.cpu_count() or 1)
    most = ahead or 2 * count
    under_way = 0
    waiting: deque[tuple[int, Future[Result]]] = deque()
    with ThreadPoolExecutor(count) as pool:
        try:
            for item in items:
                waiting.append((size(item), pool.submit(function, item)))
                under_way += waiting[-1][0]
                while under_way >= most:
                    counted, future = waiting.popleft()
                    under_way -= counted
                    yield future.result()
            while waiting:
                yield waiting.popleft()[1].result()
        finally:
            for _, future in waiting:
                future.cancel()
