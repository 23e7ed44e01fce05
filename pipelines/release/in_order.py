"""Work by many threads whose results come out in the order in which it went in, with a bounded amount under way."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sized
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Task = TypeVar("Task", bound=Sized)
Result = TypeVar("Result")


def in_order(
    work: Callable[[Task], Result], tasks: Iterable[Task], *, threads: int, under_way: int
) -> Iterator[Result]:
    """Results of all tasks. As many are begun ahead as have `under_way` members together; one always is.

    The first error ends it, once the tasks at which threads are have been finished; others are not begun any more.
    """
    pool = ThreadPoolExecutor(threads)
    waiting: deque[tuple[int, Future[Result]]] = deque()
    members = 0
    try:
        for task in tasks:
            while waiting and members + len(task) > under_way:
                size, future = waiting.popleft()
                members -= size
                yield future.result()
            waiting.append((len(task), pool.submit(work, task)))
            members += len(task)
        while waiting:
            yield waiting.popleft()[1].result()
    finally:
        pool.shutdown(cancel_futures=True)
