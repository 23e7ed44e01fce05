"""What a look is made of at run time: which brands, how much of each, and what becomes of the background."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Literal, get_args

from pipelines.core.errors import InputError

ColourPolicy = Literal["keep-hue", "full", "luminance"]
BackgroundPolicy = Literal["keep", "colour", "texture"]
Mix = tuple[tuple[str, float], ...]
"""(name, weight) pairs, weights above 0 with sum 1. A name is a brand, or one of its references: `brand/file.jpg`."""
Area = str | tuple[float, float, float, float]
"""Name of a mask that lies beside the picture, or a box (top, left, bottom, right) in shares of the picture."""

HEX_COLOUR: Final = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True)
class Region:
    """Part of a picture that takes other brands; what is None is as in the rest of the picture.

    Attributes:
        area: where.
        mix: which brands.
        strength: on the product, 0..1.
        colour: colour policy.
        category: only in pictures of products of this category; all when empty.
    """

    area: Area
    mix: Mix
    strength: float | None = None
    colour: ColourPolicy | None = None
    category: str = ""

    def __post_init__(self) -> None:
        check_mix(self.mix)
        check_area(self.area)
        if self.strength is not None:
            _check_share("strength", self.strength)
        _check_choice("colour", self.colour, (None, *get_args(ColourPolicy)))


@dataclass(frozen=True)
class Look:
    """One look; everything about it can change without training.

    Attributes:
        mix: which brands or references, and how much of each.
        strength: 0 gives the product back, 1 is the full hand.
        background_strength: how much the background changes, 0..1; None is 0 where it is kept, else 1.
        colour: colour policy; None is what the heaviest brand of the mix was trained for.
        background: "keep" leaves the photo's own, "colour" and "texture" put the brand's in its place.
        background_colour: #rrggbb for both; None is a light tone of the brand.
        regions: parts with other brands; later ones lie over earlier ones.
    """

    mix: Mix
    strength: float = 1.0
    background_strength: float | None = None
    colour: ColourPolicy | None = None
    background: BackgroundPolicy = "keep"
    background_colour: str | None = None
    regions: tuple[Region, ...] = ()

    def __post_init__(self) -> None:
        check_mix(self.mix)
        _check_share("strength", self.strength)
        if self.background_strength is not None:
            _check_share("background_strength", self.background_strength)
        _check_choice("colour", self.colour, (None, *get_args(ColourPolicy)))
        _check_choice("background", self.background, get_args(BackgroundPolicy))
        if self.background_colour is not None and not HEX_COLOUR.fullmatch(self.background_colour):
            raise InputError(f"background_colour: expected #rrggbb, received {self.background_colour!r}.")

    @classmethod
    def of_brand(cls, brand: str, strength: float = 1.0) -> Look:
        """The look of one brand alone."""
        return cls(((brand, 1.0),), strength)

    @property
    def background_share(self) -> float:
        """How much of the policy the background gets."""
        if self.background_strength is not None:
            return self.background_strength
        return 0.0 if self.background == "keep" else 1.0

    @property
    def names(self) -> tuple[str, ...]:
        """Every brand and reference that takes part."""
        mixes = (self.mix, *(region.mix for region in self.regions))
        return tuple(dict.fromkeys(name for mix in mixes for name, _ in mix))

    @property
    def mask_names(self) -> tuple[str, ...]:
        """Names of the masks that its regions ask for."""
        return tuple(dict.fromkeys(region.area for region in self.regions if isinstance(region.area, str)))

    def for_category(self, category: str) -> Look:
        """Without the regions of other categories."""
        kept = tuple(region for region in self.regions if region.category in ("", category))
        return replace(self, regions=kept)

    def weaker(self, share: float) -> Look:
        """With this share of every strength on the product; the background stays as it is, as on all other pictures."""
        regions = tuple(
            replace(region, strength=None if region.strength is None else region.strength * share)
            for region in self.regions
        )
        return replace(self, strength=self.strength * share, regions=regions)

    def without_background(self) -> Look:
        """For pictures that bring no background of their own: transparency is all the background they have."""
        return replace(self, background="keep", background_strength=0.0)


def as_mix(weights: Mapping[str, float] | Iterable[tuple[str, float]]) -> Mix:
    """A mix from weights of any sum; names that come twice are added up, and the order does not matter.

    Raises:
        InputError: nothing is named, or a weight is not above 0.
    """
    sums: dict[str, float] = {}
    for name, weight in weights.items() if isinstance(weights, Mapping) else weights:
        if not (math.isfinite(weight) and weight > 0):
            raise InputError(f"mix: expected a weight above 0 for {name!r}, received {weight}.")
        sums[name] = sums.get(name, 0.0) + weight
    total = sum(sums.values())
    mix = tuple(sorted((name, weight / total) for name, weight in sums.items()))
    check_mix(mix)
    return mix


def parse_mix(words: Iterable[str]) -> Mix:
    """A mix from words like `inkwell=0.7` or `inkwell/poster.jpg=2`.

    Raises:
        InputError: a word of another form.
    """
    pairs = []
    for word in words:
        name, _, weight = word.rpartition("=")
        try:
            pairs.append((name, float(weight)))
        except ValueError:
            name = ""
        if not name:
            raise InputError(f"mix: expected NAME=WEIGHT, such as inkwell=0.7, received {word!r}.")
    return as_mix(pairs)


def parse_region(word: str) -> Region:
    """A region from `AREA=NAME`: AREA is a mask's name or `top,left,bottom,right` in shares of the picture.

    Raises:
        InputError: a word of another form.
    """
    area, _, name = word.partition("=")
    if not area or not name:
        raise InputError(f"region: expected AREA=NAME, such as sleeve=inkwell or 0,0,0.5,1=inkwell, received {word!r}.")
    if "," not in area:
        return Region(area, ((name, 1.0),))
    try:
        top, left, bottom, right = map(float, area.split(","))
    except ValueError:
        raise InputError(f"region: expected a box as top,left,bottom,right, received {area!r}.") from None
    return Region((top, left, bottom, right), ((name, 1.0),))


def mask_beside(uri: str, name: str) -> str:
    """Where a picture's mask lies: `a/shirt.jpg` -> `a/shirt.NAME.png`."""
    folder, slash, file = uri.rpartition("/")
    stem, dot, _ = file.rpartition(".")
    return f"{folder}{slash}{stem if dot else file}.{name}.png"


def check_mix(mix: Mix) -> None:
    """InputError unless the weights are above 0 and sum to 1."""
    if not mix:
        raise InputError("mix: expected at least one brand, received none.")
    if any(not weight > 0 for _, weight in mix) or abs(sum(weight for _, weight in mix) - 1) > 1e-6:
        raise InputError(f"mix: expected weights above 0 that sum to 1, received {dict(mix)}.")


def check_area(area: Area) -> None:
    """InputError unless it is a plain name or a box inside the picture."""
    if isinstance(area, str):
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,47}", area):
            raise InputError(f"area: expected a mask's name in small letters, digits and hyphens, received {area!r}.")
        return
    top, left, bottom, right = area
    if not (0 <= top < bottom <= 1 and 0 <= left < right <= 1):
        raise InputError(f"area: expected 0 <= top < bottom <= 1 and 0 <= left < right <= 1, received {area}.")


def _check_share(name: str, value: float) -> None:
    if not 0.0 <= value <= 1.0:
        raise InputError(f"{name}: expected 0..1, received {value}.")


def _check_choice(name: str, value: str | None, choices: tuple[str | None, ...]) -> None:
    if value not in choices:
        known = ", ".join(choice for choice in choices if choice)
        raise InputError(f"{name}: expected one of {known}, received {value!r}.")
