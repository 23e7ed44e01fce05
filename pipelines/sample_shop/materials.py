"""What a surface is made of, as data, and the finishes the shop's products share."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Rgb = tuple[int, int, int]
PatternKind = Literal[
    "plain",
    "speckle",
    "dip",
    "rings",
    "flutes",
    "wood",
    "weave",
    "check",
    "marble",
    "reactive",
    "dots",
    "sprigs",
    "wicker",
    "leather",
    "stripes",
    "paper",
    "veins",
    "zigzag",
]


@dataclass(frozen=True)
class Pattern:
    """Surface pattern: its kind, second colour, scale (1 = the usual size) and the height of its edge, if any.

    `mapping` says how it lies on the object: around the axis ("round", and "open" for bowls and lids, where the middle
    lies flat), on all sides of a box ("flat"), or straight through from the front ("front").
    """

    kind: PatternKind = "plain"
    colour: Rgb = (255, 255, 255)
    scale: float = 1.0
    edge: float = 0.5
    mapping: Literal["round", "open", "flat", "front"] = "round"


@dataclass(frozen=True)
class Material:
    """A finish. `gloss` 0 (chalk) to 1 (lacquer); `glass` is the tint that light takes on its way through."""

    colour: Rgb
    gloss: float = 0.25
    pattern: Pattern = Pattern()
    metal: bool = False
    glass: bool = False
    glow: float = 0.0

    def with_pattern(
        self, kind: PatternKind, colour: Rgb = (255, 255, 255), scale: float = 1.0, **more: object
    ) -> Material:
        """The same finish under a pattern."""
        return replace(self, pattern=Pattern(kind, colour, scale, **more))  # type: ignore[arg-type]


def ceramic(colour: Rgb, gloss: float = 0.75) -> Material:
    """Glazed stoneware or porcelain."""
    return Material(colour, gloss)


def matte(colour: Rgb) -> Material:
    """Unglazed clay, painted wood, paper."""
    return Material(colour, 0.12)


def glass(colour: Rgb) -> Material:
    """Coloured or clear glass."""
    return Material(colour, 1.0, glass=True)


def metal(colour: Rgb, gloss: float = 0.8) -> Material:
    """Polished or brushed metal."""
    return Material(colour, gloss, metal=True)


WHITE_GLAZE = ceramic((240, 237, 230))
CREAM = ceramic((232, 220, 198))
BRASS = metal((224, 178, 96))
COPPER = metal((222, 140, 104))
STEEL = metal((205, 208, 212))
BLACK_METAL = Material((38, 38, 42), 0.45)
BLACK_PLASTIC = Material((30, 30, 33), 0.55)
WHITE_PLASTIC = Material((238, 238, 236), 0.5)
OAK = Material((203, 160, 108), 0.25, Pattern("wood", (160, 113, 68)))
WALNUT = Material((122, 80, 52), 0.3, Pattern("wood", (80, 48, 30)))
CORK = Material((205, 164, 116), 0.05, Pattern("speckle", (140, 98, 62), 0.7))
KRAFT = Material((196, 157, 112), 0.08, Pattern("paper", (170, 130, 88)))
WHITE_PAPER = Material((240, 238, 232), 0.1, Pattern("paper", (226, 222, 214)))
TERRACOTTA = Material((193, 107, 74), 0.08, Pattern("paper", (168, 88, 60)))
LINEN = Material((222, 208, 184), 0.03, Pattern("weave", (196, 178, 150)))
CANVAS = Material((232, 224, 206), 0.03, Pattern("weave", (210, 198, 174), 1.2, mapping="flat"))
TAN_LEATHER = Material((168, 104, 62), 0.35, Pattern("leather", (138, 80, 46), mapping="flat"))
DARK_LEATHER = Material((74, 50, 40), 0.38, Pattern("leather", (52, 34, 28), mapping="flat"))
WAX = Material((243, 234, 214), 0.35)
AMBER_GLASS = glass((186, 96, 22))
GREEN_GLASS = glass((84, 140, 92))
BLUE_GLASS = glass((86, 132, 176))
LEAF_GREEN = Material((86, 128, 72), 0.3, Pattern("veins", (120, 158, 96)))
DEEP_GREEN = Material((48, 92, 64), 0.4, Pattern("veins", (84, 128, 88)))
SAGE_LEAF = Material((138, 158, 128), 0.15, Pattern("veins", (164, 180, 150)))
SOIL = Material((74, 56, 44), 0.02, Pattern("speckle", (46, 34, 26), 0.8))
