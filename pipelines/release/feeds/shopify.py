"""Product exports of Shopify: CSV, several lines a product, under the column names of before and after 2025.

All lines of a product share its handle. `Image Src` is a picture of the product, in the order of `Image Position`;
`Variant Image` repeats the one that shows the line's variant. Where variants are shown by different pictures they look
different, and all views of a product of ours share one colour map: each such picture is then a product of its own,
named handle:SKU. Pictures that no variant claims stay with the handle.
Source: Shopify Help Center, Using CSV files to import and export products.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from pipelines.core.errors import FeedError
from pipelines.release.feeds.delimited import Delimited
from pipelines.release.feeds.rows import FeedRow, views

COLUMNS: Final[Mapping[str, Sequence[str]]] = {
    "handle": ("url handle", "handle"),
    "title": ("title",),
    "category": ("type", "custom product type", "product category", "standardized product type"),
    "image": ("product image url", "image src"),
    "position": ("image position",),
    "variant_image": ("variant image url", "variant image"),
    "sku": ("sku", "variant sku"),
    "options": ("option1 value", "option2 value", "option3 value"),
}


@dataclass
class _Product:
    """What the lines of one handle say."""

    number: int
    title: str = ""
    category: str = ""
    images: list[tuple[float, str]] = field(default_factory=list)
    shown_by: dict[str, str] = field(default_factory=dict)
    """Name of the first variant that a picture shows, by its link."""


def is_shopify(header: Iterable[str]) -> bool:
    """Whether a header is that of a Shopify product export."""
    names = _normal(header)
    return any(name in names for name in COLUMNS["handle"]) and any(name in names for name in COLUMNS["image"])


def read_shopify(feed: Delimited) -> Iterator[FeedRow]:
    """Rows of an export; a product without pictures has none.

    Raises FeedError when the columns of handle or image are missing.
    """
    names = _normal(feed.header)
    if not is_shopify(names):
        raise FeedError(
            f"{feed.uri}: expected the columns Handle and Image Src, or URL handle and Product image URL, of a Shopify "
            f"export; found {', '.join(filter(None, feed.header)) or 'none'}. Export the products again, or set "
            "feed.format: csv."
        )
    places = {what: [names.index(name) for name in known if name in names] for what, known in COLUMNS.items()}
    products: dict[str, _Product] = {}
    for number, (line, values) in enumerate(feed.lines(), 1):
        if any(values[len(names) :]):
            yield FeedRow(number, problem=f"line {line}: more values than the header has columns")
            continue
        found = {what: [v for p in at if p < len(values) and (v := values[p].strip())] for what, at in places.items()}
        if found["handle"]:
            _add(products.setdefault(found["handle"][0], _Product(number)), found)
        elif found["image"] or found["variant_image"]:
            yield FeedRow(number, problem=f"line {line}: expected a handle, found none")
    for handle, product in products.items():
        yield from _rows(handle, product)


def _normal(header: Iterable[str]) -> list[str]:
    return [name.strip().lower() for name in header]


def _add(product: _Product, found: Mapping[str, Sequence[str]]) -> None:
    product.title = product.title or _first(found["title"])
    product.category = product.category or _first(found["category"])
    if image := _first(found["image"]):
        product.images.append((_position(_first(found["position"])), image))
    if image := _first(found["variant_image"]):
        product.shown_by.setdefault(image, _first(found["sku"]) or "-".join(found["options"]))


def _rows(handle: str, product: _Product) -> Iterator[FeedRow]:
    # Lines without a position keep the order of the file, behind those with one.
    images = [image for _, image in sorted(product.images, key=lambda placed: placed[0])]
    alone = list(product.shown_by) if len(product.shown_by) > 1 else []
    shared = [image for image in [*images, *product.shown_by] if image not in alone]
    number, words = product.number, (product.title, product.category, "")
    yield from views(number, handle, shared, *words)
    for image in alone:
        variant = re.sub(r"[/\\]", "-", product.shown_by[image])
        yield from views(number, f"{handle}:{variant}" if variant else handle, [image], *words)


def _first(values: Sequence[str]) -> str:
    return values[0] if values else ""


def _position(text: str) -> float:
    return float(text) if text.isdecimal() else float("inf")
