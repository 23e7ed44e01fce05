"""Products to live with: bags, planters, cushions."""

from __future__ import annotations

from pipelines.sample_shop import materials as m
from pipelines.sample_shop.containers import Bag
from pipelines.sample_shop.furnishings import Cushion, Planter
from pipelines.sample_shop.labels import Label
from pipelines.sample_shop.product import (
    ABOVE,
    ANGLE,
    BLUSH,
    FOG,
    FRONT,
    SAND,
    TURNED,
    Product,
)

_INDIGO = (50, 64, 112)
_RUST = (182, 88, 56)
_MUSTARD = (206, 156, 62)

BAGS = (
    Product(
        "bag-01",
        "Canvas tote, natural",
        "bags",
        Bag(),
        {"body": m.CANVAS, "strap": m.CANVAS},
        (FRONT, ANGLE),
        (
            Label(
                "market day", "fruit, bread, flowers", (0, 0.72), (0.95, 0.5), "bare", mapping="flat", ink=(48, 70, 62)
            ),
        ),
    ),
    Product(
        "bag-02",
        "Striped tote",
        "bags",
        Bag(),
        {"body": m.CANVAS.with_pattern("stripes", _INDIGO, mapping="flat"), "strap": m.TAN_LEATHER},
        (ANGLE,),
    ),
    Product(
        "bag-03",
        "House blend coffee, 250 g",
        "bags",
        Bag("pouch", 1.05, 1.6, 0.6),
        {"body": m.KRAFT},
        (FRONT, ANGLE),
        (Label("ember", "house blend  250 g", (0, 0.72), (0.72, 0.72), "bold", mapping="flat", accent=(52, 46, 46)),),
    ),
    Product(
        "bag-04",
        "Ethiopia filter coffee, 250 g",
        "bags",
        Bag("pouch", 1.05, 1.6, 0.6),
        {"body": m.Material((58, 96, 104), 0.3)},
        (FRONT,),
        (
            Label(
                "sidama", "filter roast  250 g", (0, 0.72), (0.72, 0.72), "bold", mapping="flat", accent=(222, 140, 90)
            ),
        ),
    ),
    Product(
        "bag-05",
        "Market basket",
        "bags",
        Bag("basket", 1.5, 1.0),
        {"body": m.Material((206, 166, 108), 0.1).with_pattern("wicker", (122, 84, 46)), "strap": m.TAN_LEATHER},
        (FRONT,),
        (),
        SAND,
    ),
    Product(
        "bag-06",
        "Satchel, chestnut",
        "bags",
        Bag("satchel", 1.6, 1.15, 0.45),
        {"body": m.TAN_LEATHER, "flap": m.TAN_LEATHER, "strap": m.DARK_LEATHER, "clasp": m.BRASS},
        (ANGLE, TURNED, FRONT),
    ),
    Product(
        "bag-07",
        "Paper carrier, coral",
        "bags",
        Bag("paper", 1.2, 1.5, 0.55),
        {"body": m.Material((226, 118, 98), 0.15), "strap": m.WHITE_PLASTIC},
        (ANGLE,),
        (Label("maison", "rue des lilas", (0, 0.8), (0.8, 0.36), "bare", mapping="flat", ink=(252, 240, 226)),),
        None,
    ),
)

PLANTERS = (
    Product(
        "planter-01",
        "Snake plant in white pot",
        "planters",
        Planter(),
        {"body": m.matte((238, 236, 230)), "soil": m.SOIL, "leaf": m.LEAF_GREEN},
        (FRONT, ANGLE),
    ),
    Product(
        "planter-02",
        "Fern in terracotta",
        "planters",
        Planter("fern", seed=4),
        {"body": m.TERRACOTTA, "soil": m.SOIL, "leaf": m.LEAF_GREEN},
        (FRONT,),
    ),
    Product(
        "planter-03",
        "Rubber plant in basket",
        "planters",
        Planter("rubber", seed=7),
        {
            "body": m.Material((204, 164, 108), 0.1).with_pattern("wicker", (126, 88, 50)),
            "soil": m.SOIL,
            "leaf": m.DEEP_GREEN,
            "stem": m.WALNUT,
        },
        (FRONT, TURNED),
    ),
    Product(
        "planter-04",
        "Succulent in speckled cup",
        "planters",
        Planter("succulent", 0.6, 0.45, seed=3),
        {"body": m.WHITE_GLAZE.with_pattern("speckle", (80, 80, 84)), "soil": m.SOIL, "leaf": m.SAGE_LEAF},
        (ABOVE,),
        (),
        BLUSH,
    ),
    Product(
        "planter-05",
        "Cactus in mustard pot",
        "planters",
        Planter("cactus", 0.55, 0.42),
        {"body": m.ceramic(_MUSTARD), "soil": m.SOIL, "leaf": m.Material((98, 142, 96), 0.15)},
        (FRONT,),
        (),
        None,
    ),
)

CUSHIONS = (
    Product(
        "cushion-01",
        "Linen cushion, oatmeal",
        "cushions",
        Cushion(),
        {"body": m.Material((224, 208, 180), 0.02).with_pattern("weave", (196, 176, 144), mapping="front")},
        (FRONT, ANGLE),
    ),
    Product(
        "cushion-02",
        "Gingham cushion, bottle green",
        "cushions",
        Cushion(1.5, 1.5),
        {"body": m.Material((240, 236, 224), 0.02).with_pattern("check", (48, 100, 80), mapping="front")},
        (FRONT,),
    ),
    Product(
        "cushion-03",
        "Zigzag cushion, clay",
        "cushions",
        Cushion(1.8, 1.2),
        {"body": m.Material((236, 222, 198), 0.02).with_pattern("zigzag", _RUST, mapping="front")},
        (ANGLE,),
        (),
        FOG,
    ),
    Product(
        "cushion-04",
        "Ticking cushion, ink",
        "cushions",
        Cushion(1.8, 1.1),
        {"body": m.Material((238, 232, 220), 0.02).with_pattern("stripes", _INDIGO, mapping="front")},
        (FRONT,),
    ),
    Product(
        "cushion-05",
        "Botanical cushion, ochre",
        "cushions",
        Cushion(),
        {"body": m.Material(_MUSTARD, 0.02).with_pattern("sprigs", (250, 240, 214), 1.3, mapping="front")},
        (FRONT, TURNED),
    ),
)
