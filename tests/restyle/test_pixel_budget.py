from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from pipelines.restyle.pixel_budget import PixelBudget


def test_pixels_in_work_stay_within_the_limit_and_every_picture_gets_its_turn() -> None:
    budget, lock = PixelBudget(100), threading.Lock()
    held: list[int] = []
    seen: list[tuple[int, ...]] = []

    def work(pixels: int) -> int:
        with budget.hold(pixels):
            with lock:
                held.append(pixels)
                seen.append(tuple(held))
            with lock:
                held.remove(pixels)
        return pixels

    sizes = [30, 250, 60, 40, 100, 10, 250, 50] * 25
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, sizes)) == sizes
    assert all(len(together) == 1 or sum(together) <= 100 for together in seen)
    assert held == []


def test_room_is_given_back_after_a_failure() -> None:
    budget = PixelBudget(10)
    with pytest.raises(RuntimeError, match="model"), budget.hold(50):
        raise RuntimeError("model")
    with ThreadPoolExecutor(1) as pool, budget.hold(5):
        assert pool.submit(lambda: _enters(budget, 5)).result(timeout=5)


def test_a_large_picture_waits_for_the_others() -> None:
    budget = PixelBudget(10)
    entered = threading.Event()

    def large() -> None:
        with budget.hold(50):
            entered.set()

    thread = threading.Thread(target=large)
    with budget.hold(1):
        thread.start()
        assert not entered.wait(0.05)
    assert entered.wait(5)
    thread.join()


def _enters(budget: PixelBudget, pixels: int) -> bool:
    with budget.hold(pixels):
        return True
