from __future__ import annotations

from typing import Any

import pytest

from pipelines.core.errors import InputError
from pipelines.core.looks import Look, Region, as_mix, mask_beside, parse_mix, parse_region

ONE = (("inkwell", 1.0),)


def test_a_mix_is_a_ratio_whatever_its_order() -> None:
    assert parse_mix(["b=1", "a=3"]) == as_mix({"a": 0.75, "b": 0.25}) == (("a", 0.75), ("b", 0.25))
    assert parse_mix(["a=1", "a=1", "b=2"]) == (("a", 0.5), ("b", 0.5))
    assert parse_mix(["a/x=1.jpg=2"]) == (("a/x=1.jpg", 1.0),)


@pytest.mark.parametrize("word", ["a", "a=", "=1", "a=much", "a=0", "a=-1", "a=nan", "a=inf"])
def test_what_is_no_part_of_a_mix(word: str) -> None:
    with pytest.raises(InputError, match="mix: expected"):
        parse_mix([word])


def test_regions_by_mask_and_by_box() -> None:
    assert parse_region("sleeve=inkwell") == Region("sleeve", ONE)
    assert parse_region("0,0.25,1,1=inkwell/poster.jpg") == Region((0, 0.25, 1, 1), (("inkwell/poster.jpg", 1.0),))


@pytest.mark.parametrize(
    "word", ["sleeve", "=a", "sleeve=", "../x=a", "0,0,1=a", "0,0,1,x=a", "0.5,0,0.5,1=a", "0,0,1,2=a"]
)
def test_what_is_no_region(word: str) -> None:
    with pytest.raises(InputError, match=r"(region|area): expected"):
        parse_region(word)


@pytest.mark.parametrize(
    ("wishes", "message"),
    [
        ({"strength": 1.5}, r"strength: expected 0\.\.1, received 1\.5"),
        ({"strength": float("nan")}, "strength"),
        ({"background_strength": -0.1}, "background_strength"),
        ({"colour": "sepia"}, "colour: expected one of keep-hue, full, luminance, received 'sepia'"),
        ({"background": "white"}, "background: expected one of keep, colour, texture"),
        ({"background_colour": "#fff"}, "expected #rrggbb"),
        ({"mix": ()}, "at least one brand"),
        ({"mix": (("a", 0.5),)}, "sum to 1"),
    ],
)
def test_looks_that_make_no_sense(wishes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Look(**{"mix": ONE, **wishes})


def test_how_much_of_the_background_changes() -> None:
    assert Look(ONE).background_share == 0
    assert Look(ONE, background="texture").background_share == 1
    assert Look(ONE, background="texture", background_strength=0.3).background_share == 0.3
    assert Look(ONE, background="texture").without_background().background_share == 0


def test_a_weaker_look_leaves_its_background_alone() -> None:
    half, own = Region((0, 0, 1, 0.5), (("gilded", 1.0),)), Region("sleeve", (("gilded", 1.0),), strength=0.5)
    look = Look((("inkwell", 1.0),), 0.8, background_strength=0.4, regions=(half, own))
    weaker = look.weaker(0.5)
    assert (weaker.strength, weaker.background_share) == (0.4, 0.4)
    assert [region.strength for region in weaker.regions] == [None, 0.25]
    assert look.weaker(1.0) == look


def test_names_masks_and_categories_of_regions() -> None:
    sleeve = Region("sleeve", (("gilded", 1.0),), category="shirts")
    box = Region((0, 0, 1, 0.5), (("poster", 1.0),))
    look = Look(ONE, regions=(sleeve, box))
    assert look.names == ("inkwell", "gilded", "poster")
    assert look.mask_names == ("sleeve",)
    assert look.for_category("shirts") == look
    assert look.for_category("bags").regions == (box,)


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("a/shirt.jpg", "a/shirt.sleeve.png"),
        ("gs://b.c/shirt", "gs://b.c/shirt.sleeve.png"),
        ("shirt.v2.webp", "shirt.v2.sleeve.png"),
    ],
)
def test_where_a_mask_lies(uri: str, expected: str) -> None:
    assert mask_beside(uri, "sleeve") == expected
