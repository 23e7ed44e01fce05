from __future__ import annotations

import math

import pytest

from pipelines.monitor.words import clip, count_words, duration_words, figure_words, moment_words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.04, "0.0 s"), (59.96, "60.0 s"), (99.96, "1 min 40 s"), (200, "3 min 20 s"), (3840, "1 h 04 min")],
)
def test_durations(seconds: float, words: str) -> None:
    assert duration_words(seconds) == words


@pytest.mark.parametrize("nonsense", [-1.0, math.nan, math.inf])
def test_what_is_no_duration(nonsense: float) -> None:
    assert duration_words(nonsense) == "\N{EN DASH}"


def test_figures_that_miss_never_read_as_their_threshold() -> None:
    assert figure_words(0.69996, 0.7) == "0.699"
    assert figure_words(0.69996) == "0.700"
    assert figure_words(0.9996, 0.7) == "1.000"
    assert figure_words(math.nan, 0.7) == "\N{EN DASH}"


def test_moments_and_counts() -> None:
    assert moment_words("2026-11-03T04:14:00+02:00") == "3 Nov 2026, 02:14 UTC"
    assert moment_words("2026-11-03T02:14:00") == "3 Nov 2026, 02:14 UTC"
    assert moment_words("yesterday") == "yesterday"
    assert [count_words(n, "image") for n in (0, 1, 1820)] == ["0 images", "1 image", "1,820 images"]
    assert count_words(2, "category", "categories") == "2 categories"


def test_clip() -> None:
    assert clip("abcdef", 6) == "abcdef"
    assert clip("abcdefg", 6) == "abcde…"
