"""Batches drawn in a thread beside the compiled step."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from training.sampling import BatchSampler
from training.terms import Batch


def prefetched(
    sampler: BatchSampler, steps: range, statistics: Sequence[NDArray[np.float32]]
) -> Iterator[tuple[int, Batch]]:
    """Step numbers and their batches, in order; an error of the thread is raised here."""
    ready: queue.Queue[tuple[int, Batch] | BaseException] = queue.Queue(maxsize=4)
    done = threading.Event()

    def put(item: tuple[int, Batch] | BaseException) -> bool:
        while not done.is_set():
            try:
                ready.put(item, timeout=0.2)
                return True
            except queue.Full:
                continue
        return False

    def draw() -> None:
        try:
            for number in steps:
                if not put((number, sampler.draw(number, statistics))):
                    return
        except Exception as error:  # raised again in the consumer
            put(error)

    thread = threading.Thread(target=draw, name="batches", daemon=True)
    thread.start()
    try:
        for _ in steps:
            item = ready.get()
            if isinstance(item, BaseException):
                raise item
            yield item
    finally:
        done.set()
        thread.join()
