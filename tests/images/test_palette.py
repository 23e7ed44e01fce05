"""Palettes: what they hold, and how colours are drawn to them."""

from __future__ import annotations

import numpy as np

from pipelines.images.colour import LabStatistics, srgb8_to_lab
from pipelines.images.look import ColourMap, fit_colour_map
from pipelines.images.palette import drawn_to, mixed_palette, palette_of

RED, BLUE = (200, 60, 40), (40, 70, 180)


def painted(*colours: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    rgb = np.zeros((40, 20 * len(colours), 3), np.uint8)
    for index, colour in enumerate(colours):
        rgb[:, 20 * index : 20 * index + 20] = colour
    return rgb, np.ones(rgb.shape[:2], np.float32)


def test_palette_holds_the_colours_and_their_shares() -> None:
    palette = palette_of([painted(RED, RED, BLUE)], colours=2)
    shares = [colour[3] for colour in palette]
    np.testing.assert_allclose(shares, [2 / 3, 1 / 3], atol=0.01)
    np.testing.assert_allclose(palette[0][:3], srgb8_to_lab(np.uint8([[RED]]))[0, 0], atol=0.1)


def test_only_painted_pixels_count() -> None:
    rgb, weights = painted(RED, BLUE)
    weights[:, 20:] = 0
    palette = palette_of([(rgb, weights)])
    np.testing.assert_allclose(palette[0][:3], srgb8_to_lab(np.uint8([[RED]]))[0, 0], atol=0.1)
    assert palette_of([(rgb, 0 * weights)]) == () == palette_of([])


def test_the_same_pictures_give_the_same_palette() -> None:
    rgb = np.random.default_rng(4).integers(0, 256, (60, 60, 3)).astype(np.uint8)
    pictures = [(rgb, np.ones((60, 60), np.float32))]
    assert palette_of(pictures) == palette_of(pictures)


def test_colours_are_drawn_to_those_near_them() -> None:
    palette = palette_of([painted(RED, BLUE)], colours=2)
    lab = srgb8_to_lab(np.uint8([[(170, 80, 70), (70, 90, 150)]]))[0]
    reds, blues = drawn_to(palette, lab)
    assert reds[0] > 30 and blues[1] < -30


def test_full_map_takes_the_palette_and_leaves_white_alone() -> None:
    palette = palette_of([painted(BLUE, (120, 130, 170))])
    middle = LabStatistics((60.0, 20.0, 20.0), (15.0, 10.0, 10.0), 28.0, 1e4)
    drawn = fit_colour_map(middle, middle, "full", palette=palette)
    rgb = np.uint8([[(200, 150, 120), (255, 255, 255)]])
    out = drawn.apply(rgb, np.ones((1, 2), np.float32))
    assert srgb8_to_lab(out)[0, 0, 2] < 0 < srgb8_to_lab(rgb)[0, 0, 2]
    assert (out[0, 1] == 255).all()
    assert ColourMap.from_json(drawn.to_json()) == drawn


def test_other_policies_know_no_palette() -> None:
    palette = palette_of([painted(BLUE)])
    middle = LabStatistics((60.0, 20.0, 20.0), (15.0, 10.0, 10.0), 28.0, 1e4)
    for policy in ("keep-hue", "luminance"):
        assert fit_colour_map(middle, middle, policy, palette=palette) == fit_colour_map(middle, middle, policy)


def test_mixed_palettes_weigh_their_shares() -> None:
    one, other = palette_of([painted(RED)]), palette_of([painted(BLUE)])
    assert [colour[3] for colour in mixed_palette([(one, 0.25), (other, 0.75)])] == [0.25, 0.75]
