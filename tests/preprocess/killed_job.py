"""The preprocess job in a process of its own, where one of its writes is the last thing that it does."""

from __future__ import annotations

import errno
import functools
import itertools
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from picture_shop import PictureShop

from pipelines.core import storage

WRITES = ("write_bytes", "create_once", "create_object", "copy", "delete")


def killed_at(shop: PictureShop, write: int, *, after: bool) -> bool:
    """Run the job and kill it at its n-th write, before or after; False when it ended before it came to that."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["pipelines.preprocess.pipeline"])
    process = context.Process(target=_run_until, args=(shop, write, after))
    process.start()
    process.join()
    if process.exitcode not in {0, -signal.SIGKILL}:
        raise RuntimeError(f"expected the job to end well or to be killed, its process ended with {process.exitcode}")
    return process.exitcode != 0


def writes_of(shop: PictureShop) -> int:
    """Run the job and count its writes."""
    count = 0

    def meet(write: int, verb: Callable[[], Any]) -> Any:
        nonlocal count
        count = max(count, write)
        return verb()

    with broken_storage(meet):
        shop.run()
    return count


def disk_full_at(write: int) -> Any:
    """A storage whose n-th write finds no room; every later one does again."""

    def meet(number: int, verb: Callable[[], Any]) -> Any:
        if number == write:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/somewhere")
        return verb()

    return broken_storage(meet)


@contextmanager
def broken_storage(meet: Callable[[int, Callable[[], Any]], Any]) -> Iterator[None]:
    """`meet` is asked to do every write, by its number and itself."""
    numbers, real = itertools.count(1), {name: getattr(storage, name) for name in WRITES}

    def wrap(verb: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(verb)
        def broken(*args: Any, **options: Any) -> Any:
            return meet(next(numbers), functools.partial(verb, *args, **options))

        return broken

    for name, verb in real.items():
        setattr(storage, name, wrap(verb))
    try:
        yield
    finally:
        for name, verb in real.items():
            setattr(storage, name, verb)


def _run_until(shop: PictureShop, last: int, after: bool) -> None:
    def meet(write: int, verb: Callable[[], Any]) -> Any:
        if write == last and not after:
            os.kill(os.getpid(), signal.SIGKILL)
        done = verb()
        if write == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return done

    with Path(os.devnull).open("w") as nowhere, broken_storage(meet):
        os.dup2(nowhere.fileno(), 2)
        shop.run()
