"""Lines of values: CSV and TSV in UTF-8, or in UTF-16 with a byte order mark as spreadsheets save "Unicode text"."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from pipelines.core.errors import FeedError
from pipelines.release.feeds.rows import Record

LONGEST_FIELD: Final = 4 * 2**20
_UTF16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


@dataclass(frozen=True)
class Delimited:
    """A feed of lines, not yet read. `quoted`: values may be in quotes, which then hold delimiters and line breaks."""

    data: bytes
    uri: str
    delimiter: str
    header: tuple[str, ...]
    quoted: bool = True

    def lines(self) -> Iterator[tuple[int, list[str]]]:
        """Line number and values of every record after the header.

        Raises FeedError, with the line, for what is no text or has a quote left open.
        """
        reader = _reader(self.data, self.delimiter, quoted=self.quoted)
        try:
            next(reader, None)
            for values in reader:
                if values:
                    yield reader.line_num, values
        except UnicodeDecodeError:
            raise _not_text(self.data, self.uri) from None
        except csv.Error as error:
            raise FeedError(
                f"{self.uri}: line {reader.line_num}: not valid CSV: {error}; is a quote left open?"
            ) from error

    def columns(self) -> dict[str, int]:
        """Place of each named column. FeedError when the header names one twice."""
        names = [name for name in self.header if name]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise FeedError(f"{self.uri}: the header names {', '.join(twice)} more than once; rename all but one.")
        return {name: place for place, name in enumerate(self.header) if name}


def open_delimited(data: bytes, uri: str) -> Delimited:
    """Find delimiter and header. FeedError when the first line cannot be read."""
    try:
        first = _text(data).readline()
    except UnicodeDecodeError:
        raise _not_text(data, uri) from None
    delimiter = max(",;\t", key=first.count)
    reader = _reader(data, delimiter, quoted=True)
    try:
        header: list[str] = next(reader, [])
    except UnicodeDecodeError:
        raise _not_text(data, uri) from None
    except csv.Error as error:
        raise FeedError(f"{uri}: line {reader.line_num}: not valid CSV: {error}; is a quote left open?") from error
    return Delimited(data, uri, delimiter, tuple(header))


def records(feed: Delimited) -> Iterator[Record]:
    """The header's names, then the values of each line by name."""
    columns = feed.columns()
    yield dict.fromkeys(columns, "")
    width = len(feed.header)
    for line, values in feed.lines():
        # A column without a name, as spreadsheets like to leave, is no harm; values beyond the header are.
        if any(values[width:]):
            yield f"line {line}: more values than the header has columns"
        else:
            yield {name: values[place] if place < len(values) else "" for name, place in columns.items()}


def _text(data: bytes) -> io.TextIOWrapper:
    encoding = "utf-16" if data.startswith(_UTF16) else "utf-8-sig"
    return io.TextIOWrapper(io.BytesIO(data), encoding, newline="")


def _reader(data: bytes, delimiter: str, *, quoted: bool) -> Any:
    csv.field_size_limit(LONGEST_FIELD)
    return csv.reader(
        _text(data), delimiter=delimiter, strict=True, quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE
    )


def _not_text(data: bytes, uri: str) -> FeedError:
    try:
        data.decode("utf-16" if data.startswith(_UTF16) else "utf-8")
        offset = 0
    except UnicodeDecodeError as error:
        offset = error.start
    line = data.count(b"\n", 0, offset) + 1
    return FeedError(f"{uri}: line {line}: expected UTF-8, received other bytes at offset {offset}; save it as UTF-8.")
