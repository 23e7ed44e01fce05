"""A contact sheet of a written sample shop, for people."""

from __future__ import annotations

import csv
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from pipelines.sample_shop.references import BRANDS

_COLUMNS, _TILE_PX, _GAP_PX, _MARGIN_PX = 14, 150, 8, 36
_REFERENCE_PX = 212
_PAGE, _TEXT = (252, 251, 249), (52, 50, 48)


def contact_sheet(root: Path) -> Image.Image:
    """Draws all product pictures of the feed and both brands' references below them; also saves contact-sheet.jpg."""
    feed = root / "feed" / "products.csv"
    with feed.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    tiles = [_tile(feed.parent / row["image_uri"]) for row in rows]
    brands = {b: sorted((root / "brands" / b / "references").iterdir()) for b in BRANDS}
    lines = -(-len(tiles) // _COLUMNS)
    width = 2 * _MARGIN_PX + _COLUMNS * (_TILE_PX + _GAP_PX) - _GAP_PX
    per_line = max(1, (width - 2 * _MARGIN_PX + _GAP_PX) // (_REFERENCE_PX + _GAP_PX))
    brand_lines = {b: -(-len(files) // per_line) for b, files in brands.items()}
    height = 2 * _MARGIN_PX + 60 + lines * (_TILE_PX + _GAP_PX)
    height += sum(70 + count * (_REFERENCE_PX + _GAP_PX) for count in brand_lines.values())
    page = Image.new("RGB", (width, height), _PAGE)
    draw = ImageDraw.Draw(page)
    products = len({row["product_id"] for row in rows})
    _heading(draw, _MARGIN_PX, f"Sample shop: {products} products, {len(rows)} pictures")
    top = _MARGIN_PX + 60
    for k, tile in enumerate(tiles):
        x = _MARGIN_PX + k % _COLUMNS * (_TILE_PX + _GAP_PX)
        page.paste(tile, (x, top + k // _COLUMNS * (_TILE_PX + _GAP_PX)))
    top += lines * (_TILE_PX + _GAP_PX) + 16
    for brand, files in brands.items():
        _heading(draw, top, f"{brand}: {len(files)} references")
        for k, path in enumerate(files):
            x = _MARGIN_PX + k % per_line * (_REFERENCE_PX + _GAP_PX)
            y = top + 48 + k // per_line * (_REFERENCE_PX + _GAP_PX)
            with Image.open(path) as image:
                small = image.convert("RGB")
            small.thumbnail((_REFERENCE_PX, _REFERENCE_PX), Image.Resampling.LANCZOS)
            page.paste(small, (x + (_REFERENCE_PX - small.width) // 2, y + (_REFERENCE_PX - small.height) // 2))
        top += 70 + brand_lines[brand] * (_REFERENCE_PX + _GAP_PX)
    page.save(root / "contact-sheet.jpg", quality=90)
    return page


def _heading(draw: ImageDraw.ImageDraw, y: int, text: str) -> None:
    draw.text((_MARGIN_PX, y), text, fill=_TEXT, font=ImageFont.load_default(28))


def _tile(path: Path) -> Image.Image:
    """A thumbnail; cut-outs lie on a grey chequerboard."""
    with Image.open(path) as image:
        small = image.convert("RGBA").resize((_TILE_PX, _TILE_PX), Image.Resampling.LANCZOS)
    board = Image.new("RGBA", small.size, (255, 255, 255, 255))
    if small.getchannel("A").getextrema() != (255, 255):
        draw = ImageDraw.Draw(board)
        for x in range(0, _TILE_PX, 10):
            for y in range(0, _TILE_PX, 10):
                if (x + y) // 10 % 2:
                    draw.rectangle([x, y, x + 9, y + 9], fill=(228, 228, 228))
    board.alpha_composite(small)
    return board.convert("RGB")
