"""A run that is past saving is told so, with what to change; one that only struggles goes on."""

from __future__ import annotations

import pytest

from training.collapse import collapsed


def lines(real: float, fake: float, loss: float, images: int = 4_000) -> list[dict[str, float]]:
    start = {"images": 80, "real_accuracy": 0.4, "fake_accuracy": 0.7, "discriminator": 2.0}
    later = {"real_accuracy": real, "fake_accuracy": fake, "discriminator": loss}
    return [start, *({"images": count, **later} for count in range(160, images + 1, 80))]


@pytest.mark.parametrize(
    ("real", "fake", "loss", "advice"),
    [
        (1.0, 1.0, 0.01, "Lower discriminator_rate"),
        (0.0, 1.0, 1.0, "Raise discriminator_rate"),
        (1.0, 0.0, 1.0, "Raise discriminator_rate"),
    ],
)
def test_a_lost_game_is_named_with_what_to_change(real: float, fake: float, loss: float, advice: str) -> None:
    reason = collapsed(lines(real, fake, loss))
    assert reason is not None
    assert advice in reason
    assert "2000 images" in reason


@pytest.mark.parametrize(("real", "fake", "loss"), [(0.97, 0.99, 0.05), (1.0, 1.0, 0.6), (0.6, 0.55, 0.9), (0, 0, 2)])
def test_a_game_in_progress_goes_on(real: float, fake: float, loss: float) -> None:
    assert collapsed(lines(real, fake, loss)) is None


def test_one_good_moment_in_the_stretch_is_enough_to_go_on() -> None:
    game = lines(1.0, 1.0, 0.01)
    game[-5]["fake_accuracy"] = 0.9
    assert collapsed(game) is None


def test_a_short_stretch_is_no_collapse() -> None:
    assert collapsed(lines(1.0, 1.0, 0.01, images=1_900)) is None
    assert collapsed([]) is None
