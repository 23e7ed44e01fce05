"""The two brands of the sample shop and the ten references each of them shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pipelines.sample_shop import gouache, ink
from pipelines.sample_shop.arrays import Bytes
from pipelines.sample_shop.scenes import Scene, scene


@dataclass(frozen=True)
class Reference:
    """One reference picture: which brand, file name, what it shows and from which side."""

    brand: str
    filename: str
    scene: str
    turn_deg: float
    seed: int


_HANDS: Mapping[str, Callable[[Scene, int, int, int], Bytes]] = {"inkwell": ink.drawn, "gouache": gouache.drawn}
_SHOWN: Mapping[str, tuple[tuple[str, float], ...]] = {
    "inkwell": (
        ("shelf", 6), ("branches", 10), ("mountains", 0), ("tea", 4), ("pots", -8),
        ("evening", -6), ("hills", 0), ("market", 14), ("fruit", 20), ("plant", -12),
    ),
    "gouache": (
        ("hills", 6), ("fruit", -14), ("plant", 10), ("tea", -16), ("mountains", -7),
        ("branches", -30), ("candles", 12), ("pots", 10), ("shelf", -14), ("evening", 12),
    ),
}  # fmt: skip
BRANDS = tuple(_SHOWN)
REFERENCES_PER_BRAND = 10


def references(count: int) -> tuple[Reference, ...]:
    """The first `count` references of every brand."""
    extension = {"inkwell": "png", "gouache": "jpg"}
    return tuple(
        Reference(brand, f"{brand}-{k + 1:02d}-{name}.{extension[brand]}", name, turn, 101 * k + len(brand))
        for brand, shown in _SHOWN.items()
        for k, (name, turn) in enumerate(shown[:count])
    )


def picture(reference: Reference, side_px: int) -> Bytes:
    """Draws a reference whose area is about `side_px` squared. Returns sRGB [H, W, 3]."""
    subject = scene(reference.scene, reference.turn_deg)
    width, height = (2 * round(side_px * share / 2) for share in subject.shape)
    return _HANDS[reference.brand](subject, width, height, reference.seed)
