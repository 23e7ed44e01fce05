"""Product feeds of Google Merchant Center as tab-separated text; `merchant_xml` reads the same as RSS and Atom.

An item is one product, and so is each variant: items that share an `item_group_id` differ in colour or size, and all
views of a product of ours share one colour map. `image_link` is an item's first view, each `additional_image_link` a
further one. The item's `id` stays as it is, since the feeds that are written back are matched by it.
Source: Merchant Center product data specification, support.google.com/merchants/answer/7052112 and /6324370.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from pipelines.core.errors import FeedError
from pipelines.release.feeds.delimited import Delimited
from pipelines.release.feeds.rows import FeedRow, views

CATEGORIES: Final = ("product_type", "google_product_category")
Item = Mapping[str, Sequence[str]]
"""Values of an item's attributes, which may be repeated, by attribute name."""


def attribute(name: str) -> str:
    """The attribute that a column means: `Image Link`, `image link` and `g:image_link` are all `image_link`."""
    return name.strip().lower().removeprefix("g:").replace(" ", "_")


def is_merchant(header: Iterable[str]) -> bool:
    """Whether a header is that of a Merchant Center feed."""
    return {"id", "image_link"} <= set(map(attribute, header))


def read_tsv(feed: Delimited) -> Iterator[FeedRow]:
    """Rows of a text feed.

    Raises FeedError when the columns `id` or `image_link` are missing.
    """
    names = [attribute(name) for name in feed.header]
    if missing := [name for name in ("id", "image_link") if name not in names]:
        raise FeedError(
            f"{feed.uri}: expected the attributes id and image_link of a Merchant Center feed; {', '.join(missing)} is "
            f"missing, found {', '.join(filter(None, names)) or 'none'}. Add it, or set feed.format: csv."
        )
    for number, (line, values) in enumerate(_with_quotes_as_meant(feed).lines(), 1):
        if any(values[len(names) :]):
            yield FeedRow(number, problem=f"line {line}: more values than the header has columns")
            continue
        item: dict[str, list[str]] = {}
        for name, value in zip(names, values, strict=False):
            if value:
                item.setdefault(name, []).append(value)
        yield from rows_of(number, item, f"line {line}")


def rows_of(number: int, item: Item, where: str) -> Iterator[FeedRow]:
    """All views of an item."""

    def first(names: Sequence[str]) -> str:
        return next((value.strip() for name in names for value in item.get(name, ()) if value.strip()), "")

    product_id = first(["id"])
    if not product_id:
        yield FeedRow(number, problem=f"{where}: expected an id, found none")
        return
    links = [first(["image_link"])]
    for value in item.get("additional_image_link", ()):
        links += split_links(value)
    if not links[0]:
        # Without the picture that the shop shows first, none of the others is known to be the product's main view.
        links = []
    yield from views(number, product_id, links, first(["title"]), first(CATEGORIES), "an image_link")


def split_links(text: str) -> list[str]:
    """Links with commas between; one with a comma of its own is in quotes.

    >>> split_links('https://a.example/1.jpg, "https://a.example/2,3.jpg"')
    ['https://a.example/1.jpg', 'https://a.example/2,3.jpg']
    """
    try:
        fields = [field for line in csv.reader(io.StringIO(text, newline=""), skipinitialspace=True) for field in line]
    except csv.Error:
        fields = text.split(",")
    return [field.strip() for field in fields if field.strip()]


def _with_quotes_as_meant(feed: Delimited) -> Delimited:
    """The feed as its quotes are meant: around values, or as mere characters (a 12" pan) where not all are pairs.

    Merchant Center finds that out file by file as well.
    """
    if feed.delimiter != "\t" or b'"' not in feed.data:
        return feed
    try:
        for _ in feed.lines():
            pass
    except FeedError:
        return replace(feed, quoted=False)
    return feed
