"""What each loss rewards and what it punishes, on small pictures."""

from __future__ import annotations

import numpy as np
import pytest
from keras import ops

from training import losses
from training.models.views import hand_view, local_mean_matrix

random = np.random.default_rng(11)
PICTURE = np.repeat(np.repeat(random.uniform(0.1, 0.8, (2, 8, 8, 3)), 8, axis=1), 8, axis=2).astype(np.float32)
EVERYWHERE = np.ones((2, 64, 64, 1), np.float32)
HALF = EVERYWHERE.copy()
HALF[:, :, 32:] = 0


def number(value: object) -> float:
    return float(ops.convert_to_numpy(value))


def test_content_counts_inside_the_mask_alone() -> None:
    before = {"a": PICTURE}
    outside = PICTURE.copy()
    outside[:, :, 32:] += 0.3
    inside = PICTURE.copy()
    inside[:, :, :32] += 0.3
    assert number(losses.content_loss(before, before, ("a",), HALF)) == 0
    assert number(losses.content_loss({"a": outside}, before, ("a",), HALF)) == 0
    assert number(losses.content_loss({"a": inside}, before, ("a",), HALF)) > 0.05


def test_style_statistics_are_weighted_mean_and_spread() -> None:
    mean, spread = losses.style_statistics({"a": PICTURE}, HALF)["a"]
    left = PICTURE[:, :, :32]
    np.testing.assert_allclose(np.asarray(mean), left.mean(axis=(1, 2)), atol=1e-4)
    np.testing.assert_allclose(np.asarray(spread), left.std(axis=(1, 2)), atol=2e-3)


def test_style_is_zero_at_the_goal_and_grows_away_from_it() -> None:
    goal = losses.style_statistics({"a": PICTURE})
    near = losses.style_statistics({"a": PICTURE * 1.1})
    far = losses.style_statistics({"a": PICTURE * 1.5})
    values = [number(losses.style_loss(given, goal)) for given in (goal, near, far)]
    assert values[0] == pytest.approx(0, abs=1e-6)
    assert values[0] < values[1] < values[2]


def test_adversarial_players_want_the_opposite() -> None:
    ones, zeros = [np.ones((2, 8, 8, 1), np.float32)], [np.zeros((2, 8, 8, 1), np.float32)]
    assert number(losses.discriminator_loss(ones, zeros, EVERYWHERE)) == pytest.approx(0, abs=1e-3)
    assert number(losses.discriminator_loss(zeros, ones, EVERYWHERE)) == pytest.approx(2, abs=1e-2)
    assert number(losses.generator_loss(ones, EVERYWHERE)) == pytest.approx(0, abs=1e-3)
    assert number(losses.generator_loss(zeros, EVERYWHERE)) == pytest.approx(1, abs=1e-2)


def test_adversarial_ignores_background() -> None:
    verdict = np.zeros((2, 8, 8, 1), np.float32)
    verdict[:, :, :4] = 1
    assert number(losses.generator_loss([verdict], HALF)) == pytest.approx(0, abs=1e-3)


def test_reconstruction_and_identity_are_distances() -> None:
    assert number(losses.reconstruction_loss(PICTURE, PICTURE)) == 0
    assert number(losses.reconstruction_loss(PICTURE + 0.1, PICTURE)) == pytest.approx(1.0, rel=1e-3)
    assert number(losses.identity_loss(0 * EVERYWHERE)) == 0
    assert number(losses.identity_loss(-0.1 * EVERYWHERE)) == pytest.approx(1.0, rel=1e-3)


def test_flat_background_sees_only_flat_white() -> None:
    white = np.ones((1, 64, 64, 3), np.float32)
    speckled = white - 0.05
    assert number(losses.flat_background_loss(white, white)) == 0
    assert number(losses.flat_background_loss(speckled, white)) == pytest.approx(0.05, rel=1e-2)
    assert number(losses.flat_background_loss(PICTURE + 0.2, PICTURE)) == 0


def test_edges_may_grow_but_not_go() -> None:
    blurred = np.full_like(PICTURE, PICTURE.mean())
    stronger = 0.5 + (PICTURE - 0.5) * 1.3
    assert number(losses.edge_loss(PICTURE, PICTURE, EVERYWHERE)) < 1e-3
    assert number(losses.edge_loss(stronger, PICTURE, EVERYWHERE)) < 1e-3
    assert number(losses.edge_loss(blurred, PICTURE, EVERYWHERE)) > 0.8
    assert number(losses.edge_loss(1 - PICTURE, PICTURE, EVERYWHERE)) > 1.0


def test_tone_allows_strokes_and_forbids_blotches() -> None:
    strokes = PICTURE.copy()
    strokes[:, ::2] += 0.1
    strokes[:, 1::2] -= 0.1
    assert number(losses.tone_loss(strokes, PICTURE, EVERYWHERE)) < 1e-4
    assert number(losses.tone_loss(PICTURE + 0.1, PICTURE, EVERYWHERE)) == pytest.approx(1.0, rel=1e-2)


def test_range_counts_overshoot() -> None:
    assert number(losses.range_loss(PICTURE)) == 0
    assert number(losses.range_loss(PICTURE + 1)) > 1


def test_distillation_is_about_one_for_the_mean_and_zero_for_the_teacher() -> None:
    teacher = {
        "relu2_2": random.normal(size=(2, 16, 16, 128)).astype(np.float32),
        "relu3_3": random.normal(size=(2, 8, 8, 256)).astype(np.float32),
    }
    from training.losses.distillation import TEACHER_SCALE
    from training.models.perceptual import quarter

    right = tuple(np.asarray(quarter(teacher[name], 8)) * TEACHER_SCALE[name] for name in ("relu2_2", "relu3_3"))
    assert number(losses.distillation_loss(right, teacher)) == pytest.approx(0, abs=1e-4)
    nothing = tuple(np.zeros_like(part) for part in right)
    assert number(losses.distillation_loss(nothing, teacher)) == pytest.approx(1, abs=0.05)


def test_hand_view_takes_away_the_local_mean() -> None:
    light = PICTURE @ np.array([0.299, 0.587, 0.114], np.float32)
    padded = np.pad(light, ((0, 0), (16, 16), (16, 16)), mode="symmetric")
    view = np.asarray(hand_view(PICTURE))[..., 0]
    assert view[1, 20, 5] == pytest.approx(light[1, 20, 5] - padded[1, 20:53, 5:38].mean(), abs=1e-5)
    np.testing.assert_allclose(local_mean_matrix(40).sum(axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(np.asarray(hand_view(PICTURE * 0 + 0.3)), 0, atol=1e-6)


def test_habit_is_free_at_the_usual_shares_and_counts_inside_the_mask() -> None:
    usual, most = np.array([0.5, 0.2], np.float32), np.array([1.0, 0.4], np.float32)
    shares = np.broadcast_to(usual, (2, 64, 64, 2)).copy()
    assert number(losses.habit_loss(shares, usual, most, HALF)) == pytest.approx(0, abs=1e-6)
    shares[:, :, 32:] = 0
    assert number(losses.habit_loss(shares, usual, most, HALF)) == pytest.approx(0, abs=1e-6)
    shares[:, :, :32, 1] = 0.4
    assert number(losses.habit_loss(shares, usual, most, HALF)) == pytest.approx(0.25, abs=1e-3)
