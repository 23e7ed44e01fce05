"""IPTC-IIM records, the metadata that photo agencies wrote before XMP: by-line and copyright notice.

Source: IPTC-NAA Information Interchange Model 4.2.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pipelines.images.provenance import Provenance, one_line, text_of

_TAG_MARKER: Final = 0x1C
_BY_LINE: Final = (2, 80)
_COPYRIGHT: Final = (2, 116)
_EXTENDED: Final = 0x8000
_HEADER_BYTES: Final = 5


def read_iim(record: bytes) -> Provenance:
    """By-line and copyright notice of a record.

    Raises:
        ValueError: it is damaged.
    """
    by_lines, notice = [], ""
    for dataset, value in _datasets(record):
        if dataset == _BY_LINE:
            by_lines.append(text_of(value))
        elif dataset == _COPYRIGHT and not notice:
            notice = text_of(value)
    return Provenance("", one_line(notice), one_line("; ".join(by_lines)))


def _datasets(record: bytes) -> Iterator[tuple[tuple[int, int], bytes]]:
    at = 0
    # Blocks of Photoshop's are padded; what follows the last dataset is no dataset.
    while at < len(record) and record[at]:
        if record[at] != _TAG_MARKER or at + _HEADER_BYTES > len(record):
            raise ValueError(f"IPTC-IIM: expected a dataset at byte {at} of {len(record)}")
        length = int.from_bytes(record[at + 3 : at + 5], "big")
        end = at + _HEADER_BYTES + length
        if length & _EXTENDED or end > len(record):
            raise ValueError(f"IPTC-IIM: the dataset at byte {at} of {len(record)} claims {length} bytes")
        yield (record[at + 1], record[at + 2]), record[at + _HEADER_BYTES : end]
        at = end
