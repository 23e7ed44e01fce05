from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from printed_goods import blurred, erased, faded, graded, jar, product_of

from pipelines.images.legibility import text_kept
from pipelines.images.quality import luminance
from pipelines.images.text_lines import text_lines

JAR = jar()
BEFORE = luminance(JAR)
LINES = text_lines(BEFORE, product_of(JAR))


def _kept(rgb: np.ndarray) -> float:
    return text_kept(BEFORE, luminance(rgb), LINES)


def test_untouched_print_is_perfect_and_so_is_none() -> None:
    assert _kept(JAR) == pytest.approx(1, abs=1e-4)
    assert text_kept(BEFORE, luminance(erased(JAR)), []) == 1.0


def test_an_honest_look_leaves_print_legible() -> None:
    assert _kept(graded(JAR)) > 0.9


@pytest.mark.parametrize(("harm", "levels"), [(blurred, (0.5, 1.0, 2.0, 4.0, 8.0)), (faded, (0.8, 0.4, 0.2, 0.1, 0.0))])
def test_it_falls_with_growing_harm(harm: object, levels: tuple[float, ...]) -> None:
    kept = [_kept(harm(JAR, level)) for level in levels]  # type: ignore[operator]
    assert kept == sorted(kept, reverse=True)
    assert kept[0] > 0.8
    assert kept[-1] < 0.2


def test_erased_shifted_and_inverted_print_is_lost() -> None:
    assert _kept(erased(JAR)) < 0.1
    assert _kept(np.roll(JAR, 5, axis=1)) < 0.3
    assert _kept((255 - JAR.astype(int)).astype(np.uint8)) < 0.1


def test_the_worst_line_counts() -> None:
    half = JAR.copy()
    half[165:230, 71:250] = (240, 234, 220)
    assert _kept(half) < 0.1


@given(st.floats(0.5, 1.0), st.floats(0, 60))
@settings(max_examples=20, deadline=None)
def test_exposure_does_not_matter_while_there_is_contrast(gain: float, offset: float) -> None:
    assert text_kept(BEFORE, BEFORE * np.float32(gain) + np.float32(offset), LINES) > 0.9


def test_other_sizes_are_named() -> None:
    with pytest.raises(ValueError, match="after: expected"):
        text_kept(BEFORE, BEFORE[1:], LINES)
