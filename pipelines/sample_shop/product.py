"""What the shop knows about one product, and the camera positions it uses."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipelines.sample_shop.labels import Label
from pipelines.sample_shop.materials import Material, Rgb
from pipelines.sample_shop.shapes import Shape
from pipelines.sample_shop.studio import View

WHITE: Rgb = (255, 255, 255)
FOG: Rgb = (219, 218, 216)
SAND: Rgb = (224, 212, 194)
BLUSH: Rgb = (232, 208, 200)
MIST: Rgb = (204, 214, 216)

FRONT = View("front", 0, 13)
ANGLE = View("angle", -34, 17)
TURNED = View("turned", 38, 15)
SIDE = View("side", 78, 12)
BACK = View("back", 148, 15)
ABOVE = View("above", -18, 38)
LOW = View("front", 0, 5)


@dataclass(frozen=True)
class Product:
    """One product: shape, finish of every part, prints, and how it is photographed.

    `backdrop` None means a cut-out: PNG with alpha.
    """

    product_id: str
    title: str
    category: str
    shape: Shape
    finishes: Mapping[str, Material]
    views: tuple[View, ...] = (FRONT,)
    labels: tuple[Label, ...] = ()
    backdrop: Rgb | None = WHITE
