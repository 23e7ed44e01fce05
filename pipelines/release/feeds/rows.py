"""What all formats of feeds are read into."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

Record = dict[str, object] | str
"""Values by column, or the problem that a line could not be read for."""

SCHEMA_VERSION: Final = 1


class FeedRow(NamedTuple):
    """One image as the feed has it.

    `number` counts the feed's records from 1, the header left out; one record may hold several images of a product.
    `problem` is what the reader met.
    """

    number: int
    product_id: str = ""
    image_uri: str = ""
    image_id: str = ""
    title: str = ""
    category: str = ""
    problem: str = ""


def views(
    number: int, product_id: str, links: Iterable[str], title: str, category: str, missing: str
) -> Iterator[FeedRow]:
    """Rows of one product with several views; a link that is named twice is one view.

    `missing` names what is expected where the product has no link at all; empty where that is no problem.
    """
    texts = [product_id, title, category, *links]
    if not all(map(is_unicode, texts)):
        yield FeedRow(number, problem="expected Unicode text, received half a surrogate pair")
        return
    named = list(dict.fromkeys(link for link in texts[3:] if link))
    if not named and missing:
        yield FeedRow(number, product_id, title=title, category=category, problem=f"expected {missing}, found none")
    for link in named:
        yield FeedRow(number, product_id, link, title=title, category=category)


def is_unicode(text: str) -> bool:
    """Whether UTF-8 can hold it: JSON may name, and a file system may list, what it cannot."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
