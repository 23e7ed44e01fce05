"""What a picture file says beside its pixels: read from sources, written into restyled files."""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from PIL import Image

from pipelines.images.exif import ARTIST, COPYRIGHT, exif_block, exif_texts
from pipelines.images.iim import read_iim
from pipelines.images.profile import srgb_profile
from pipelines.images.provenance import NOTHING_SAID, Provenance, one_line, text_of
from pipelines.images.sniff import ALLOWED_FORMATS, sniff
from pipelines.images.xmp import read_xmp, xmp_packet

_IIM_RESOURCE: Final = 0x0404


@dataclass(frozen=True)
class Metadata:
    """Blocks that an encoder embeds as they are; none where empty."""

    xmp: bytes = b""
    exif: bytes = b""
    icc_profile: bytes = b""


def restyled_metadata(source: Provenance) -> Metadata:
    """All that a restyled file says beside its pixels: that a model edited it, whose it is, and that it is sRGB."""
    provenance = source.restyled()
    texts = {ARTIST: provenance.creator, COPYRIGHT: provenance.copyright}
    said = {tag: text for tag, text in texts.items() if text}
    return Metadata(xmp_packet(provenance), exif_block(said) if said else b"", srgb_profile())


def source_provenance(info: Mapping[Any, Any]) -> tuple[Provenance, tuple[str, ...]]:
    """Provenance in the blocks that Pillow found (`Image.info`), and flags of the damaged ones, which are ignored.

    XMP is asked first, being the only block with an encoding of its own, then IPTC-IIM, EXIF and PNG's text chunks.
    Flags: "corrupt-xmp", "corrupt-iptc", "corrupt-exif".
    """
    photoshop = info.get("photoshop")
    blocks: tuple[tuple[str, Callable[[bytes], Provenance], Any], ...] = (
        ("corrupt-xmp", read_xmp, info.get("xmp")),
        ("corrupt-iptc", read_iim, photoshop.get(_IIM_RESOURCE) if isinstance(photoshop, dict) else None),
        ("corrupt-exif", _read_exif, info.get("exif")),
    )
    found, flags = NOTHING_SAID, []
    for flag, read, block in blocks:
        if not isinstance(block, bytes) or not block:
            continue
        try:
            found = found.or_else(read(block))
        except ValueError:
            flags.append(flag)
    return found.or_else(_read_text_chunks(info)), tuple(flags)


def read_provenance(data: bytes) -> Provenance | None:
    """Provenance of a published file; None where it says nothing, or is no picture that can be opened.

    The pixels are not decoded. Never raises.
    """
    image_format = sniff(data).image_format
    if image_format not in ALLOWED_FORMATS:
        return None
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module=r"PIL\.")
            with Image.open(io.BytesIO(data), formats=[image_format]) as image:
                found, _ = source_provenance(image.info)
    except Exception:  # decoders raise whatever they like on damaged bytes
        return None
    return None if found == NOTHING_SAID else found


def _read_exif(exif: bytes) -> Provenance:
    texts = exif_texts(exif)
    # Copyright of the photographer, NUL, copyright of the editor; a blank stands for none.
    notices = [one_line(text_of(part)) for part in texts.get(COPYRIGHT, b"").split(b"\x00")]
    return Provenance("", one_line("; ".join(filter(None, notices))), one_line(text_of(texts.get(ARTIST, b""))))


def _read_text_chunks(info: Mapping[Any, Any]) -> Provenance:
    """PNG's own keywords for the two."""
    copyright_notice, author = (info.get(keyword) for keyword in ("Copyright", "Author"))
    return Provenance(
        "",
        one_line(copyright_notice) if isinstance(copyright_notice, str) else "",
        one_line(author) if isinstance(author, str) else "",
    )
