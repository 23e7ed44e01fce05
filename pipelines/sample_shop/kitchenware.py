"""Products for the kitchen: bowls, teapots, jars."""

from __future__ import annotations

from pipelines.sample_shop import materials as m
from pipelines.sample_shop.labels import Label
from pipelines.sample_shop.pots import Jar, Teapot
from pipelines.sample_shop.product import ABOVE, ANGLE, FOG, FRONT, SAND, SIDE, TURNED, Product
from pipelines.sample_shop.shapes import Bowl

_INDIGO = (44, 58, 108)
_OCHRE = (208, 154, 70)
_SAGE = (150, 168, 142)

BOWLS = (
    Product(
        "bowl-01",
        "Serving bowl, celadon",
        "bowls",
        Bowl(0.85, 0.5),
        {"body": m.ceramic((160, 186, 166), 0.85)},
        (FRONT, ABOVE),
    ),
    Product(
        "bowl-02",
        "Breakfast bowl, speckled",
        "bowls",
        Bowl(0.62, 0.5, 0.28, 0.85),
        {"body": m.ceramic((232, 222, 204)).with_pattern("speckle", (110, 84, 60), mapping="open")},
        (ABOVE,),
    ),
    Product(
        "bowl-03",
        "Scalloped bowl, rose",
        "bowls",
        Bowl(0.8, 0.42, 0.36, 0.7, 14),
        {"body": m.ceramic((208, 140, 130))},
        (FRONT, ABOVE),
    ),
    Product(
        "bowl-04", "Turned oak fruit bowl", "bowls", Bowl(0.95, 0.42, 0.4, 0.8), {"body": m.OAK}, (ABOVE,), (), FOG
    ),
    Product(
        "bowl-05",
        "Ramen bowl, indigo bands",
        "bowls",
        Bowl(0.78, 0.58, 0.34, 0.62),
        {"body": m.WHITE_GLAZE.with_pattern("rings", _INDIGO, 0.9)},
        (FRONT,),
    ),
    Product(
        "bowl-06",
        "Footed bowl, polka",
        "bowls",
        Bowl(0.7, 0.6, 0.3, 0.9),
        {"body": m.ceramic((196, 70, 56)).with_pattern("dots", (246, 232, 210))},
        (FRONT,),
        (),
        None,
    ),
)

TEAPOTS = (
    Product(
        "teapot-01",
        "Teapot, persimmon",
        "teapots",
        Teapot(),
        {"body": m.ceramic((206, 92, 56)), "lid": m.ceramic((206, 92, 56)), "knob": m.OAK, "handle": m.OAK},
        (FRONT, ANGLE),
    ),
    Product(
        "teapot-02",
        "Teapot with brass handle, ink",
        "teapots",
        Teapot(0.64, 0.8, "top"),
        {
            "body": m.Material((52, 56, 70), 0.35),
            "lid": m.Material((52, 56, 70), 0.35),
            "knob": m.BRASS,
            "handle": m.BRASS,
        },
        (FRONT, SIDE),
    ),
    Product(
        "teapot-03",
        "Teapot, blue sprigs",
        "teapots",
        Teapot(0.58, 1.05),
        {
            "body": m.WHITE_GLAZE.with_pattern("sprigs", (60, 90, 150)),
            "lid": m.WHITE_GLAZE,
            "knob": m.ceramic((60, 90, 150)),
            "handle": m.WHITE_GLAZE,
        },
        (FRONT,),
    ),
    Product(
        "teapot-04",
        "Stove kettle, brushed steel",
        "teapots",
        Teapot(0.7, 0.9, "top"),
        {"body": m.STEEL, "lid": m.STEEL, "knob": m.BLACK_PLASTIC, "handle": m.BLACK_PLASTIC},
        (FRONT,),
        (),
        SAND,
    ),
)

JARS = (
    Product(
        "jar-01",
        "Storage jar, oak lid",
        "jars",
        Jar(1.0, 0.46),
        {"body": m.CREAM, "lid": m.OAK, "knob": m.OAK},
        (FRONT, ABOVE),
        (Label("FLOUR", "1.2 l", (0, 0.5), (0.5, 0.34), "bare", radius=0.46, ink=(70, 62, 54)),),
    ),
    Product(
        "jar-02",
        "Storage jar, tall, oak lid",
        "jars",
        Jar(1.35, 0.40),
        {"body": m.ceramic(_SAGE), "lid": m.OAK, "knob": m.OAK},
        (FRONT,),
        (Label("PASTA", "2 l", (0, 0.68), (0.46, 0.34), "bare", radius=0.40, ink=(250, 248, 240)),),
    ),
    Product(
        "jar-03",
        "Honey, wildflower, 340 g",
        "jars",
        Jar(0.85, 0.42, knob=False, lid_height=0.2),
        {"body": m.ceramic((216, 138, 28), 0.95), "lid": m.BRASS},
        (FRONT, TURNED),
        (Label("Honey", "raw wildflower  340 g", (0, 0.42), (0.66, 0.5), "framed", radius=0.42, accent=_OCHRE),),
    ),
    Product(
        "jar-04",
        "Preserve jar, plum",
        "jars",
        Jar(0.8, 0.44, knob=False, lid_height=0.18),
        {
            "body": m.ceramic((96, 30, 48), 0.95),
            "lid": m.Material((232, 228, 220), 0.4).with_pattern("check", (190, 60, 60), 0.8, mapping="open"),
        },
        (ANGLE,),
        (Label("Plum", "jam with star anise", (0, 0.4), (0.66, 0.48), "band", radius=0.44, accent=(150, 50, 80)),),
    ),
    Product(
        "jar-05",
        "Sea salt cellar, marble",
        "jars",
        Jar(0.55, 0.48),
        {
            "body": m.Material((238, 236, 232), 0.6).with_pattern("marble", (90, 90, 96)),
            "lid": m.WALNUT,
            "knob": m.WALNUT,
        },
        (ANGLE,),
        (),
        None,
    ),
)
