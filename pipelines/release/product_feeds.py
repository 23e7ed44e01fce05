"""Feeds that point a shop's products to the images of a release: one for Merchant Center, a plain table for all others.

The Merchant Center feed is a supplemental one: `id` as the shop's own feed has it, and the attributes that take the
place of the primary feed's. That pictures are synthetic is said inside them (IPTC DigitalSourceType), where Merchant
Center asks for it; it has no attribute for that.
Source: Merchant Center help, answers 7439882 (supplemental feeds), 6324350 and 6324370 (image links, generated images).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import quote

from pipelines.core import storage, tables
from pipelines.core.contracts import ReleaseRow
from pipelines.core.errors import InputError
from pipelines.core.paths import BrandPaths
from pipelines.core.tables import ArtifactInfo
from pipelines.core.uris import is_remote

MERCHANT: Final = "merchant.tsv"
IMAGES: Final = "images.csv"
MERCHANT_COLUMNS: Final = ("id", "image_link", "additional_image_link")
IMAGE_COLUMNS: Final = ("product_id", "image_id", "image_url", "outcome", "reason", "release_id")
MOST_ADDITIONAL: Final = 10
"""Merchant Center takes no more."""


class PublishedImage(NamedTuple):
    """What these feeds need of a ReleaseRow, light enough for a catalog of millions."""

    product_id: str
    position: int
    image_id: str
    object_uri: str
    outcome: str
    reason: str


Published = PublishedImage | ReleaseRow


def published_images(rows: ArtifactInfo) -> Iterator[PublishedImage]:
    """Images of a release, part by part, those of a product one after the other in the order of its views."""
    for part in rows.parts:
        table = tables.read_part(part, ReleaseRow).select(PublishedImage._fields)
        table = table.sort_by([(name, "ascending") for name in PublishedImage._fields[:3]])
        yield from map(PublishedImage._make, zip(*(column.to_pylist() for column in table.columns), strict=True))


def public_url(object_uri: str, root: str, public_base_url: str) -> str:
    """Where the world finds an object: below `public_base_url`, which stands for the shop's output root.

    Without one, objects of Google Cloud Storage are at storage.googleapis.com and files are file:// URIs.
    """
    if public_base_url:
        below = f"{root.rstrip('/')}/"
        if not object_uri.startswith(below):
            raise InputError(f"{object_uri}: expected an object below {below}; output.public_base_url stands for that.")
        return f"{public_base_url.rstrip('/')}/{quote(object_uri.removeprefix(below))}"
    if is_remote(object_uri):
        return f"https://storage.googleapis.com/{quote(object_uri.removeprefix('gs://'))}"
    return Path(object_uri).as_uri()


def merchant_feed(rows: Iterable[Published], url: Callable[[str], str]) -> Iterator[str]:
    """Lines of the Merchant Center supplemental feed. Rows of a product come one after the other.

    Raises InputError when the images have no http(s) URL.
    """
    yield _line(MERCHANT_COLUMNS, "\t")
    for views in _products(rows):
        yield from _merchant_line(views, url)


def image_feed(rows: Iterable[Published], url: Callable[[str], str], release_id: str) -> Iterator[str]:
    """Lines of the CSV of all images."""
    yield _line(IMAGE_COLUMNS, ",")
    for row in rows:
        yield _image_line(row, url, release_id)


def write_product_feeds(
    paths: BrandPaths, release_id: str, rows: Iterable[Published], public_base_url: str
) -> list[str]:
    """Write both feeds beside the release, once; returns where.

    Rows of a product come one after the other. Where the images have no http(s) URL, only the CSV is written.
    """

    def url(object_uri: str) -> str:
        return public_url(object_uri, paths.root, public_base_url)

    images, merchant = bytearray(_line(IMAGE_COLUMNS, ",").encode()), bytearray(_line(MERCHANT_COLUMNS, "\t").encode())
    reachable = bool(public_base_url) or is_remote(paths.root)
    for views in _products(rows):
        images += "".join(_image_line(row, url, release_id) for row in views).encode()
        if reachable:
            merchant += "".join(_merchant_line(views, url)).encode()
    written = {paths.product_feed(release_id, IMAGES): images}
    if reachable:
        written[paths.product_feed(release_id, MERCHANT)] = merchant
    for uri, data in written.items():
        storage.create_once(uri, bytes(data))
    return list(written)


def _products(rows: Iterable[Published]) -> Iterator[list[Published]]:
    for _, views in groupby(rows, key=lambda row: row.product_id):
        yield sorted(views, key=lambda row: (row.position, row.image_id))


def _merchant_line(views: Sequence[Published], url: Callable[[str], str]) -> Iterator[str]:
    """One line, or none: without its first view a product keeps the images of the primary feed.

    Another view in its place would show the product as the shop does not.
    """
    if views[0].position == 0:
        links = [_link(url(view.object_uri)) for view in views]
        yield _line((views[0].product_id, links[0], ",".join(links[1 : MOST_ADDITIONAL + 1])), "\t")


def _image_line(row: Published, url: Callable[[str], str], release_id: str) -> str:
    return _line((row.product_id, row.image_id, url(row.object_uri), row.outcome, row.reason, release_id), ",")


def _link(url: str) -> str:
    if not url.startswith(("http://", "https://")):
        raise InputError(
            f"{url}: expected an http(s) URL, since Merchant Center fetches the images; set output.public_base_url in "
            "the brand's settings to where output_uri is served."
        )
    return url.replace(",", "%2C")


def _line(values: Sequence[str], delimiter: str) -> str:
    line = io.StringIO()
    csv.writer(line, delimiter=delimiter, lineterminator="\n").writerow(values)
    return line.getvalue()
