"""Merchant Center feeds in XML: RSS 2.0 (`item`) and Atom 1.0 (`entry`), attributes in Google's namespace or in none.

Feeds come from outside. The parser reads elements, attributes of namespaces and text, and nothing else: a document type
declaration, without which there are neither entities to expand nor external ones to load, ends it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from xml.parsers import expat

from pipelines.core.errors import FeedError
from pipelines.release.feeds.merchant import attribute, rows_of
from pipelines.release.feeds.rows import FeedRow

GOOGLE: Final = "://base.google.com/ns/1.0"
PLAIN: Final = frozenset({"", "http://www.w3.org/2005/Atom"})
ITEMS: Final = frozenset({"item", "entry"})
DEEPEST: Final = 64
LONGEST_VALUE: Final = 2**20
CHUNK_BYTES: Final = 2**20


def is_xml(data: bytes) -> bool:
    """Whether a feed's bytes begin like XML in an encoding that feeds come in."""
    start = data[:64].lstrip(b"\xef\xbb\xbf \t\r\n")
    return start.startswith((b"<", b"\xff\xfe<\x00", b"\xfe\xff\x00<"))


def read_xml(data: bytes, uri: str) -> Iterator[FeedRow]:
    """Rows of all items, as they are parsed.

    Raises FeedError, with the line, for what is not well-formed, has a DTD, nests too deep, or has no items.
    """
    number = 0
    items = _Items()
    for start in range(0, len(data) + CHUNK_BYTES, CHUNK_BYTES):
        _parse(items, data[start : start + CHUNK_BYTES], uri)
        for line, item in items.take():
            number += 1
            yield from rows_of(number, item, f"line {line}")
    if not number:
        raise FeedError(
            f"{uri}: expected a Merchant Center feed, RSS 2.0 with <item> or Atom with <entry>; found neither in "
            f"<{items.root}>."
        )


def _parse(items: _Items, piece: bytes, uri: str) -> None:
    """Parse the next piece of the feed; an empty one is its end."""
    parser = items.parser
    try:
        parser.Parse(piece, not piece)
    except expat.ExpatError as error:
        raise FeedError(
            f"{uri}: line {error.lineno}: not well-formed XML: {expat.ErrorString(error.code)}; was the file cut off, "
            "or is a & not written as &amp;?"
        ) from error
    except _Refused as error:
        raise FeedError(f"{uri}: line {parser.CurrentLineNumber}: {error}") from None
    except (LookupError, ValueError) as error:
        raise FeedError(f"{uri}: the encoding of the XML cannot be read ({error}); save it as UTF-8.") from error


class _Refused(Exception):
    """What a feed has no need of."""


class _Items:
    """Collects the direct children of items while expat parses; what lies deeper (parts of g:shipping) is left out."""

    def __init__(self) -> None:
        self.parser = expat.ParserCreate(namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._doctype
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.root = ""
        self._depth = 0
        self._item_depth = 0
        self._line = 0
        self._own: dict[str, list[str]] = {}
        self._plain: dict[str, list[str]] = {}
        self._value: list[str] | None = None
        self._done: list[tuple[int, dict[str, list[str]]]] = []

    def take(self) -> list[tuple[int, dict[str, list[str]]]]:
        """Line and attributes of the items that were completed since the last call."""
        done, self._done = self._done, []
        return done

    def _doctype(self, *_: object) -> None:
        raise _Refused("a document type declaration (<!DOCTYPE ...>) is not accepted in a feed; remove it.")

    def _start(self, name: str, _attributes: object) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise _Refused(f"elements are nested more than {DEEPEST} deep; expected <rss>, <channel>, <item>.")
        _, _, local = name.rpartition(" ")
        self.root = self.root or local
        if self._item_depth:
            self._value = [] if self._depth == self._item_depth + 1 else None
        elif local in ITEMS:
            self._item_depth, self._line = self._depth, self.parser.CurrentLineNumber
            self._own, self._plain = {}, {}

    def _end(self, name: str) -> None:
        if self._depth == self._item_depth:
            # Google's own attributes come before those of RSS and Atom of the same name (id, title).
            self._done.append((self._line, self._plain | self._own))
            self._item_depth = 0
        elif self._value is not None and (text := "".join(self._value).strip()):
            namespace, _, local = name.rpartition(" ")
            if namespace.rstrip("/").endswith(GOOGLE):
                self._own.setdefault(attribute(local), []).append(text)
            elif namespace in PLAIN:
                self._plain.setdefault(attribute(local), []).append(text)
        self._value = None
        self._depth -= 1

    def _text(self, text: str) -> None:
        if self._value is None:
            return
        self._value.append(text)
        if sum(map(len, self._value)) > LONGEST_VALUE:
            raise _Refused(f"a value is longer than {LONGEST_VALUE:,} characters; is an end tag missing?")
