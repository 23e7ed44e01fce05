from __future__ import annotations

import numpy as np
import pytest
from printed_goods import blurred, faded, graded, inside, jar, product_of

from pipelines.images.cells import product_cells
from pipelines.images.presence import has_vanished

JAR = jar()


def _vanished(before: np.ndarray, after: np.ndarray, weights: np.ndarray | None = None) -> bool:
    shown = product_of(before) if weights is None else weights
    return has_vanished(product_cells(before, after, shown), before, after, shown)


@pytest.mark.parametrize("after", [JAR, graded(JAR), blurred(JAR, 6), faded(JAR, 0.5)])
def test_a_product_that_is_still_seen(after: np.ndarray) -> None:
    assert not _vanished(JAR, after)


@pytest.mark.parametrize("left", [0.08, 0.03, 0.0])
def test_a_product_that_melted_into_white(left: float) -> None:
    assert _vanished(JAR, faded(JAR, left))


def test_a_product_of_one_colour_alone() -> None:
    assert _vanished(JAR, inside(JAR, np.full(JAR.shape, (120, 80, 60), np.float32)))


def test_a_product_that_was_plain_may_stay_plain() -> None:
    plain = inside(JAR, np.full(JAR.shape, (120, 80, 60), np.float32))
    assert not _vanished(plain, plain)
    assert not _vanished(plain, faded(plain, 0.6))


def test_a_white_product_on_white_may_stay_so() -> None:
    white = inside(JAR, np.full(JAR.shape, 253, np.float32))
    assert not _vanished(white, white)
    assert not _vanished(white, np.full_like(white, 255), product_of(white))


def test_a_product_that_takes_the_colour_of_its_new_background() -> None:
    weights = product_of(JAR)
    ground = np.array([160, 90, 60])
    swapped = np.where(weights[..., None] > 0, JAR, ground).astype(np.uint8)
    assert not _vanished(JAR, swapped, weights)
    near = np.where(weights[..., None] > 0, ground + (JAR.astype(int) - ground) // 12, ground).astype(np.uint8)
    assert _vanished(JAR, near, weights)


def test_without_a_background_only_fading_is_looked_for() -> None:
    everywhere = np.ones(JAR.shape[:2], np.float32)
    assert not _vanished(JAR, graded(JAR), everywhere)
    assert _vanished(JAR, np.full_like(JAR, 128), everywhere)
