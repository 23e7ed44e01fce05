"""Products for the shelf: bottles, mugs, vases."""

from __future__ import annotations

from pipelines.sample_shop import materials as m
from pipelines.sample_shop.labels import Label
from pipelines.sample_shop.product import ABOVE, ANGLE, BACK, BLUSH, FOG, FRONT, MIST, SAND, TURNED, Product
from pipelines.sample_shop.shapes import Bottle, Mug, Vase

_INDIGO = (44, 58, 108)
_RUST = (178, 84, 52)
_OCHRE = (208, 154, 70)
_SAGE = (150, 168, 142)
_TEAL = (52, 104, 108)
_BISQUE = (206, 168, 132)

BOTTLES = (
    Product(
        "bottle-01",
        "Cedar hand wash, amber glass, 250 ml",
        "bottles",
        Bottle(2.0, cap="pump"),
        {"body": m.AMBER_GLASS, "cap": m.BLACK_PLASTIC},
        (FRONT, ANGLE),
        (Label("Cedar", "hand wash  250 ml", (0, 0.62), (0.62, 0.62), radius=0.45),),
    ),
    Product(
        "bottle-02",
        "Olio Verde, extra virgin olive oil",
        "bottles",
        Bottle(2.7, 0.40, 0.13, 0.85, cap="cork"),
        {"body": m.GREEN_GLASS, "lip": m.GREEN_GLASS, "cap": m.CORK},
        (FRONT,),
        (
            Label(
                "Olio",
                "extra virgin, cold pressed",
                (0, 0.78),
                (0.66, 0.72),
                "band",
                radius=0.40,
                accent=(120, 134, 60),
            ),
        ),
    ),
    Product(
        "bottle-03",
        "Face oil with dropper, 30 ml",
        "bottles",
        Bottle(1.0, 0.34, 0.13, 0.22, 0.14, "dropper"),
        {"body": m.BLUE_GLASS, "cap": m.BRASS, "bulb": m.BLACK_PLASTIC},
        (FRONT, TURNED),
        (Label("No. 7", "face oil  30 ml", (0, 0.36), (0.46, 0.36), "bare", radius=0.34, ink=(248, 246, 240)),),
    ),
    Product(
        "bottle-04",
        "Trail flask, sage, 600 ml",
        "bottles",
        Bottle(2.3, 0.38, 0.22, 0.3, 0.24, "sport"),
        {"body": m.Material(_SAGE, 0.35), "cap": m.BLACK_PLASTIC, "loop": m.BLACK_PLASTIC},
        (FRONT, ANGLE, BACK),
        (Label("fell & tarn", "600 ml", (0, 1.0), (0.5, 0.3), "bare", radius=0.38, ink=(250, 248, 240)),),
        FOG,
    ),
    Product(
        "bottle-05",
        "Trail flask, midnight, 600 ml",
        "bottles",
        Bottle(2.3, 0.38, 0.22, 0.3, 0.24, "sport"),
        {"body": m.Material(_INDIGO, 0.4), "cap": m.STEEL, "loop": m.BLACK_PLASTIC},
        (FRONT,),
        (Label("fell & tarn", "600 ml", (0, 1.0), (0.5, 0.3), "bare", radius=0.38, ink=(240, 222, 180)),),
    ),
    Product(
        "bottle-06",
        "Oat milk shampoo, 400 ml",
        "bottles",
        Bottle(1.9, 0.42, 0.2, 0.3, 0.12),
        {"body": m.Material((242, 228, 208), 0.4), "cap": m.OAK},
        (FRONT,),
        (Label("Oat", "gentle shampoo", (0, 0.75), (0.66, 0.8), "bold", accent=_OCHRE, radius=0.42),),
    ),
    Product(
        "bottle-07",
        "Damson gin, smoke glass, 50 cl",
        "bottles",
        Bottle(1.9, 0.55, 0.17, 0.5, 0.3, "cork"),
        {"body": m.glass((132, 92, 128)), "lip": m.glass((132, 92, 128)), "cap": m.WALNUT},
        (FRONT,),
        (Label("Damson", "small batch gin", (0, 0.58), (0.8, 0.62), radius=0.55, accent=(120, 60, 110)),),
    ),
    Product(
        "bottle-08",
        "Room spray, rosemary",
        "bottles",
        Bottle(1.6, 0.36, 0.18, 0.35, 0.1, "screw"),
        {"body": m.Material((70, 96, 84), 0.3), "cap": m.BRASS},
        (FRONT,),
        (Label("Rosemary", "linen & room mist", (0, 0.6), (0.5, 0.5), "framed", radius=0.36, accent=(90, 120, 90)),),
        None,
    ),
)

MUGS = (
    Product(
        "mug-01",
        "Speckled mug, milk",
        "mugs",
        Mug(),
        {"body": m.WHITE_GLAZE.with_pattern("speckle", (96, 74, 58)), "handle": m.WHITE_GLAZE},
        (ANGLE, TURNED, ABOVE),
    ),
    Product(
        "mug-02",
        "Harbour mug, hand-painted bands",
        "mugs",
        Mug(belly=0.08, handle="ear"),
        {"body": m.CREAM.with_pattern("rings", _INDIGO), "handle": m.CREAM},
        (ANGLE, TURNED),
    ),
    Product(
        "mug-03",
        "Dipped mug, rust",
        "mugs",
        Mug(1.0, 0.40, 0.36),
        {"body": m.ceramic(_RUST).with_pattern("dip", _BISQUE, edge=0.26), "handle": m.ceramic(_RUST)},
        (TURNED,),
        (),
        SAND,
    ),
    Product(
        "mug-04",
        "Espresso cup and saucer",
        "mugs",
        Mug(0.55, 0.34, 0.22, 0.03, "ear", saucer=True),
        {"body": m.ceramic(_TEAL), "handle": m.ceramic(_TEAL), "saucer": m.ceramic(_TEAL)},
        (ANGLE, ABOVE),
    ),
    Product(
        "mug-05",
        "Morning mug, printed",
        "mugs",
        Mug(1.0, 0.43, 0.43, handle="square"),
        {"body": m.ceramic((246, 244, 238)), "handle": m.ceramic(_OCHRE)},
        (FRONT, TURNED),
        (Label("slow mornings", "est. 1984", (0, 0.5), (0.62, 0.36), "bare", radius=0.43, ink=_RUST),),
    ),
    Product(
        "mug-06",
        "Enamel camp mug",
        "mugs",
        Mug(0.8, 0.44, 0.43, wall=0.02),
        {"body": m.ceramic((58, 92, 140), 0.9), "handle": m.ceramic((58, 92, 140), 0.9)},
        (ANGLE,),
        (Label("BASE CAMP", "enamel", (0, 0.42), (0.56, 0.26), "bare", radius=0.43, ink=(246, 242, 230)),),
    ),
    Product(
        "mug-07",
        "Tea bowl, reactive glaze",
        "mugs",
        Mug(0.75, 0.46, 0.30, 0.05, "none"),
        {"body": m.ceramic((66, 84, 82)).with_pattern("reactive", (186, 160, 118), edge=0.42)},
        (FRONT,),
        (),
        MIST,
    ),
    Product(
        "mug-08",
        "Sprig mug, blue on white",
        "mugs",
        Mug(0.92, 0.43, 0.40, 0.02, "ear"),
        {"body": m.WHITE_GLAZE.with_pattern("sprigs", (52, 84, 150), 0.8), "handle": m.WHITE_GLAZE},
        (TURNED,),
        (),
        None,
    ),
)

_BELLY = ((0.30, 0.0), (0.34, 0.03), (0.62, 0.55), (0.52, 1.05), (0.22, 1.42), (0.20, 1.62), (0.30, 1.8))
_COLUMN = ((0.34, 0.0), (0.38, 0.04), (0.40, 0.6), (0.42, 1.3), (0.40, 1.9))
_BUD = ((0.24, 0.0), (0.30, 0.03), (0.46, 0.32), (0.36, 0.66), (0.12, 0.88), (0.10, 1.15), (0.14, 1.25))
_AMPHORA = ((0.22, 0.0), (0.26, 0.03), (0.56, 0.8), (0.54, 1.25), (0.24, 1.58), (0.21, 1.8), (0.29, 1.95))
_TULIP = ((0.26, 0.0), (0.30, 0.03), (0.34, 0.3), (0.50, 0.9), (0.44, 1.3), (0.52, 1.6))
_MOON = ((0.28, 0.0), (0.34, 0.02), (0.66, 0.34), (0.74, 0.68), (0.60, 1.06), (0.30, 1.27), (0.30, 1.36))

VASES = (
    Product(
        "vase-01",
        "Tide vase, running glaze",
        "vases",
        Vase(_BELLY),
        {"body": m.ceramic((44, 76, 108)).with_pattern("reactive", (150, 182, 190), edge=1.15)},
        (FRONT, ABOVE),
    ),
    Product(
        "vase-02",
        "Fluted column vase",
        "vases",
        Vase(_COLUMN),
        {"body": m.ceramic((236, 226, 208), 0.5).with_pattern("flutes")},
        (FRONT,),
        (),
        BLUSH,
    ),
    Product("vase-03", "Bud vase, saffron", "vases", Vase(_BUD), {"body": m.ceramic((214, 150, 46))}, (FRONT,)),
    Product(
        "vase-04",
        "Amphora with ears, terracotta",
        "vases",
        Vase(_AMPHORA, ears=True),
        {"body": m.TERRACOTTA},
        (FRONT, ANGLE),
    ),
    Product(
        "vase-05",
        "Faceted vase, sea glass",
        "vases",
        Vase(_TULIP, facets=9),
        {"body": m.glass((120, 178, 170))},
        (FRONT,),
    ),
    Product(
        "vase-06",
        "Moon jar, porcelain",
        "vases",
        Vase(_MOON),
        {"body": m.ceramic((240, 240, 236), 0.85)},
        (FRONT,),
        (),
        MIST,
    ),
    Product(
        "vase-07",
        "Moon jar, marbled",
        "vases",
        Vase(_MOON),
        {"body": m.ceramic((236, 232, 226), 0.5).with_pattern("marble", (70, 66, 72), 1.4)},
        (FRONT, TURNED),
    ),
    Product(
        "vase-08",
        "Tulip vase, speckled moss",
        "vases",
        Vase(_TULIP),
        {"body": m.ceramic((112, 126, 84), 0.4).with_pattern("speckle", (54, 58, 40))},
        (FRONT,),
        (),
        None,
    ),
)
