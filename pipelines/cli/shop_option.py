"""The option that names the shop, and what commands do for each of its brands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from pipelines.core.paths import BrandPaths
from pipelines.core.settings import load_shop

SHOP_OPTION: Final = click.option(
    "--shop",
    "shop_file",
    type=click.Path(path_type=Path),
    default=Path("sample-shop/shop.yaml"),
    help="Shop settings file.",
)


def each_brand(shop_file: Path, brand: str | None) -> Iterator[BrandPaths]:
    """Paths of one brand, or of all."""
    shop = load_shop(shop_file)
    for name in [shop.brand(brand).brand] if brand else shop.brands:
        yield BrandPaths(shop.settings.output_uri, name)
