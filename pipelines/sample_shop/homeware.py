"""Products for the room: lamps, candles, boxes."""

from __future__ import annotations

from pipelines.sample_shop import materials as m
from pipelines.sample_shop.containers import Box
from pipelines.sample_shop.labels import Label
from pipelines.sample_shop.lights import Candle, Lamp
from pipelines.sample_shop.product import (
    ABOVE,
    ANGLE,
    BLUSH,
    FOG,
    FRONT,
    LOW,
    MIST,
    SAND,
    TURNED,
    Product,
)

_SHADE = m.Material((244, 232, 208), 0.03, m.LINEN.pattern, glow=0.16)
_OPAL = m.Material((250, 240, 220), 0.7, glow=0.22)
_RUST = (182, 88, 56)
_MUSTARD = (206, 156, 62)
_FOREST = (54, 84, 70)

LAMPS = (
    Product(
        "lamp-01",
        "Table lamp, celadon base",
        "lamps",
        Lamp(),
        {"base": m.ceramic((132, 168, 152)), "stem": m.BRASS, "shade": _SHADE},
        (LOW, ABOVE),
    ),
    Product(
        "lamp-02",
        "Mushroom lamp, tomato",
        "lamps",
        Lamp("mushroom", 1.7, 0.78),
        {"base": m.ceramic((204, 74, 48), 0.9), "shade": m.ceramic((204, 74, 48), 0.9)},
        (FRONT,),
    ),
    Product(
        "lamp-03",
        "Globe lamp, brass",
        "lamps",
        Lamp("globe", 1.9, 0.5),
        {"base": m.BRASS, "shade": _OPAL},
        (FRONT,),
        (),
        MIST,
    ),
    Product(
        "lamp-04",
        "Desk lamp, forest",
        "lamps",
        Lamp("desk", 2.2),
        {"base": m.Material(_FOREST, 0.5), "stem": m.BRASS, "joint": m.BRASS, "shade": m.Material(_FOREST, 0.5)},
        (FRONT, ANGLE, TURNED),
    ),
    Product(
        "lamp-05",
        "Tripod lamp, oak",
        "lamps",
        Lamp("tripod", 2.6, 0.72),
        {"base": m.OAK, "joint": m.BLACK_METAL, "shade": _SHADE},
        (LOW,),
    ),
    Product(
        "lamp-06",
        "Dome pendant, mustard",
        "lamps",
        Lamp("pendant", 2.2, 0.8),
        {"shade": m.Material(_MUSTARD, 0.5), "joint": m.BRASS, "stem": m.BLACK_PLASTIC, "bulb": _OPAL},
        (LOW,),
        (),
        None,
    ),
    Product(
        "lamp-07",
        "Table lamp, walnut",
        "lamps",
        Lamp("table", 2.2, 0.68),
        {
            "base": m.WALNUT,
            "stem": m.BLACK_METAL,
            "shade": m.Material((214, 190, 160), 0.03, m.LINEN.pattern, glow=0.12),
        },
        (LOW,),
        (),
        BLUSH,
    ),
)

CANDLES = (
    Product(
        "candle-01",
        "Fig candle in glass",
        "candles",
        Candle(),
        {"body": m.glass((236, 240, 236)), "wax": m.WAX, "wick": m.BLACK_PLASTIC},
        (FRONT, ABOVE),
        (Label("Fig", "hand poured soy wax", (0, 0.44), (0.5, 0.46), radius=0.42),),
    ),
    Product(
        "candle-02",
        "Smoke candle in amber glass",
        "candles",
        Candle("jar", 1.0, 0.40),
        {"body": m.glass((206, 128, 48)), "wax": m.WAX, "wick": m.BLACK_PLASTIC},
        (FRONT,),
        (Label("Smoke", "cade and birch tar", (0, 0.45), (0.52, 0.5), "band", radius=0.40, accent=(60, 52, 48)),),
    ),
    Product(
        "candle-03",
        "Travel candle in a tin",
        "candles",
        Candle("tin", 0.5, 0.45),
        {"body": m.COPPER, "wax": m.WAX, "wick": m.BLACK_PLASTIC},
        (ABOVE,),
    ),
    Product(
        "candle-04",
        "Pillar trio, dusk",
        "candles",
        Candle("trio", 1.0, 0.34),
        {
            "wax": m.Material((192, 112, 96), 0.3),
            "wax2": m.Material((228, 190, 168), 0.3),
            "wax3": m.Material((124, 82, 92), 0.3),
            "wick": m.BLACK_PLASTIC,
        },
        (FRONT, ANGLE),
        (),
        SAND,
    ),
    Product(
        "candle-05",
        "Brass holder with taper",
        "candles",
        Candle("holder", 1.3),
        {"body": m.BRASS, "wax": m.Material((84, 104, 88), 0.35), "wick": m.BLACK_PLASTIC},
        (FRONT,),
    ),
    Product(
        "candle-06",
        "Sea candle in stoneware",
        "candles",
        Candle("tin", 0.8, 0.44),
        {
            "body": m.ceramic((72, 112, 128)).with_pattern("dip", (204, 178, 148), edge=0.3),
            "wax": m.WAX,
            "wick": m.BLACK_PLASTIC,
        },
        (ANGLE,),
        (),
        None,
    ),
)

BOXES = (
    Product(
        "box-01",
        "Gift box with ribbon, ivory",
        "boxes",
        Box("ribbon"),
        {"body": m.WHITE_PAPER, "lid": m.WHITE_PAPER, "ribbon": m.Material((176, 52, 58), 0.45)},
        (ANGLE, TURNED),
    ),
    Product(
        "box-02",
        "Keepsake box, walnut",
        "boxes",
        Box("lidded", 1.5, 0.6, 1.0),
        {"body": m.WALNUT, "lid": m.WALNUT},
        (ANGLE,),
        (),
        FOG,
    ),
    Product(
        "box-03",
        "Loose leaf tea, caddy",
        "boxes",
        Box("canister", 0.9, 1.25),
        {"body": m.Material(_FOREST, 0.45), "lid": m.BRASS},
        (FRONT, TURNED),
        (Label("ASSAM", "second flush  100 g", (0, 0.5), (0.66, 0.6), "framed", radius=0.45, accent=_MUSTARD),),
    ),
    Product(
        "box-04",
        "Granola, toasted oats, 400 g",
        "boxes",
        Box("carton", 1.05, 1.55, 0.42),
        {"body": m.Material((238, 214, 168), 0.25)},
        (TURNED, ANGLE, FRONT),
        (
            Label(
                "crunch",
                "toasted oats & honey",
                (0, 0.95),
                (0.86, 0.95),
                "bold",
                mapping="flat",
                accent=_RUST,
                ground=(250, 242, 226),
            ),
        ),
    ),
    Product(
        "box-05",
        "Soap bar, lavender",
        "boxes",
        Box("carton", 1.2, 0.42, 0.7),
        {"body": m.Material((190, 178, 206), 0.25)},
        (ANGLE,),
        (Label("Lavande", "savon  100 g", (0, 0.21), (0.8, 0.3), "bare", mapping="flat", ink=(70, 56, 96)),),
    ),
    Product(
        "box-06", "Slatted crate, oak", "boxes", Box("crate", 1.6, 0.8, 1.1), {"body": m.OAK, "lid": m.OAK}, (ANGLE,)
    ),
    Product(
        "box-07",
        "Hat box, botanical",
        "boxes",
        Box("canister", 1.5, 0.85),
        {
            "body": m.Material((236, 224, 204), 0.2).with_pattern("sprigs", (84, 112, 84), 0.9),
            "lid": m.Material((84, 112, 84), 0.25),
        },
        (ANGLE,),
        (),
        None,
    ),
)
