"""`restyle release feed`: the feeds of a release, printed."""

from __future__ import annotations

from pathlib import Path

import click

from pipelines.cli.shop_option import SHOP_OPTION
from pipelines.core.errors import InputError
from pipelines.core.paths import BrandPaths
from pipelines.core.settings import load_shop


@click.command("feed")
@SHOP_OPTION
@click.option("--brand", required=True)
@click.option(
    "--format",
    "kind",
    type=click.Choice(["merchant", "csv"]),
    default="csv",
    show_default=True,
    help="merchant: supplemental feed of Google Merchant Center, TSV. csv: every image with its public URL.",
)
@click.argument("release_id", required=False)
def product_feed(shop_file: Path, brand: str, kind: str, release_id: str | None) -> None:
    """Print where the published images of a release (default: the current one) are, for other systems."""
    from pipelines.release.product_feeds import image_feed, merchant_feed, public_url, published_images
    from pipelines.release.releases import current_release, read_index, read_manifest

    shop = load_shop(shop_file)
    paths = BrandPaths(shop.settings.output_uri, shop.brand(brand).brand)
    base = shop.brand(brand).output.public_base_url
    release = release_id or current_release(paths)
    if not release:
        raise InputError(f"brand {brand}: nothing was published yet.")
    read_manifest(paths, release)

    def url(object_uri: str) -> str:
        return public_url(object_uri, paths.root, base)

    images = published_images(read_index(paths, release))
    for line in merchant_feed(images, url) if kind == "merchant" else image_feed(images, url, release):
        click.echo(line, nl=False)
