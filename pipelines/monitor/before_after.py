"""Draws docs/pictures/before-after.jpg from the sample shop's releases: `python -m pipelines.monitor.before_after`."""

from __future__ import annotations

import json
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps

from pipelines.core import storage, tables
from pipelines.core.contracts import ReleaseRow
from pipelines.core.paths import BrandPaths
from pipelines.core.settings import Shop, load_shop

PRODUCTS = ("teapot-01", "bottle-01", "mug-02", "cushion-02")
CELL_PX, LABEL_PX, GAP_PX = 400, 110, 6
INK, PAPER = (40, 40, 44), (252, 251, 249)


def draw(shop: Shop) -> Image.Image:
    """One row of originals, then for each brand a row of its references and one of restyled products."""
    releases = {name: _by_product(shop, name) for name in shop.brands}
    first = next(iter(releases.values()))
    rows = [("products", [Path(first[product].image_uri) for product in PRODUCTS])]
    for name, brand in shop.brands.items():
        references = [Path(file) for file in storage.list_files(brand.references_uri)]
        rows.append((f"{name}:\nreferences", references[: len(PRODUCTS)]))
        rows.append((f"{name}:\nrestyled", [Path(releases[name][product].object_uri) for product in PRODUCTS]))
    step = CELL_PX + GAP_PX
    sheet = Image.new("RGB", (LABEL_PX + step * len(PRODUCTS), step * len(rows)), PAPER)
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(17)
    for y, (label, files) in enumerate(rows):
        pen.multiline_text((10, y * step + CELL_PX // 2 - 20), label, INK, font)
        for x, file in enumerate(files):
            sheet.paste(_thumbnail(file), (LABEL_PX + x * step, y * step))
    return sheet


def _by_product(shop: Shop, brand: str) -> dict[str, ReleaseRow]:
    paths = BrandPaths(shop.settings.output_uri, brand)
    release_id = json.loads(storage.read_bytes(paths.current))["release_id"]
    rows = tables.read_rows(paths.release_rows(release_id), ReleaseRow)
    return {row.product_id: row for row in reversed(rows)}


def _thumbnail(file: Path) -> Image.Image:
    with Image.open(file) as image:
        picture = image.convert("RGBA")
    white = Image.new("RGBA", picture.size, "white")
    return ImageOps.fit(Image.alpha_composite(white, picture).convert("RGB"), (CELL_PX, CELL_PX))


def main() -> None:
    """Write the picture."""
    target = Path("docs/pictures/before-after.jpg")
    target.parent.mkdir(parents=True, exist_ok=True)
    draw(load_shop("sample-shop/shop.yaml")).save(target, quality=80)
    print(target)  # noqa: T201


if __name__ == "__main__":
    main()
