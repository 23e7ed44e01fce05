"""What bytes are, told from the bytes alone; names and content types of files lie."""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

ALLOWED_FORMATS: Final = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "AVIF")

_MAGIC: Final = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),
    (b"MM\x00+", "TIFF"),
    (b"8BPS", "PSD"),
    (b"\x00\x00\x01\x00", "ICO"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "JPEG XL"),
    (b"BM", "BMP"),
)
_NOT_IMAGES: Final = (
    (b"%PDF", "a PDF document"),
    (b"%!PS", "a PostScript document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"\x7fELF", "a program"),
    (b"MZ", "a program"),
    (b"RIFF", "an audio or video file"),
    (b"OggS", "an audio or video file"),
    (b"\x1aE\xdf\xa3", "a video"),
    (b"ID3", "an audio file"),
    (b"version https://git-lfs", "a Git LFS pointer instead of the file"),
)
_AVIF_BRANDS: Final = (b"avif", b"avis")
_HEIF_BRANDS: Final = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")


class Sniffed(NamedTuple):
    """`image_format`: name of the image format, or None; `looks_like`: words for a person."""

    image_format: str | None
    looks_like: str


def sniff(data: bytes) -> Sniffed:
    """Name what `data` starts with: an image format (allowed or not) or what else it looks like."""
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return Sniffed("WEBP", "a WEBP image")
    if data[4:8] == b"ftyp":
        return _sniff_iso_media(data)
    for magic, name in _MAGIC:
        if data.startswith(magic):
            return Sniffed(name, f"a {name} image")
    for magic, words in _NOT_IMAGES:
        if data.startswith(magic):
            return Sniffed(None, words)
    if not data.strip(b"\x00"):
        return Sniffed(None, "nothing but zero bytes")
    return _sniff_text(data)


def _sniff_iso_media(data: bytes) -> Sniffed:
    length = min(struct.unpack(">I", data[:4])[0], 256)
    brands = {data[8:12], *(data[i : i + 4] for i in range(16, length, 4))}
    if brands & set(_AVIF_BRANDS):
        return Sniffed("AVIF", "an AVIF image")
    if brands & set(_HEIF_BRANDS):
        return Sniffed("HEIC", "a HEIC image")
    return Sniffed(None, "a video")


def _sniff_text(data: bytes) -> Sniffed:
    start = data[:2048].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"<svg" in start and start.startswith((b"<?xml", b"<svg", b"<!--")):
        return Sniffed("SVG", "an SVG drawing")
    if start.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        return Sniffed(None, "an HTML page")
    if start.startswith(b"<"):
        return Sniffed(None, "an XML or HTML document")
    if start.startswith((b"{", b"[")):
        return Sniffed(None, "a JSON document")
    printable = sum(32 <= byte < 127 or byte in b"\t\r\n" for byte in start)
    if start and printable >= 0.95 * len(start):
        return Sniffed(None, "a text file")
    return Sniffed(None, "unknown binary data")


def webp_canvas(data: bytes) -> tuple[int, int] | None:
    """(width, height) of a WebP file from its first chunk, None if the header is damaged.

    Read by hand because Pillow's opener allocates two full canvases before it tells the size.
    Source: RFC 9649.
    """
    chunk, payload = data[12:16], data[20:30]
    if len(payload) < 10:
        return None
    if chunk == b"VP8X":
        width = int.from_bytes(payload[4:7], "little") + 1
        return width, int.from_bytes(payload[7:10], "little") + 1
    if chunk == b"VP8L" and payload[0] == 0x2F:
        bits = int.from_bytes(payload[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if chunk == b"VP8 " and payload[3:6] == b"\x9d\x01\x2a":
        width, height = struct.unpack("<HH", payload[6:10])
        return width & 0x3FFF, height & 0x3FFF
    return None


def ends_early(data: bytes, image_format: str) -> bool:
    """Whether a file of an allowed format stops before the end that its own structure announces."""
    if image_format == "JPEG":
        return b"\xff\xd9" not in data[-4096:]
    if image_format == "PNG":
        return b"IEND" not in data[-4096:]
    if image_format == "GIF":
        return not data.rstrip(b"\x00").endswith(b";")
    if image_format == "WEBP":
        return len(data) < 12 or struct.unpack("<I", data[4:8])[0] + 8 > len(data)
    if image_format == "BMP":
        return len(data) < 54 or struct.unpack("<I", data[2:6])[0] > len(data)
    return _iso_boxes_end_early(data)


def _iso_boxes_end_early(data: bytes) -> bool:
    position = 0
    while position + 8 <= len(data):
        size = struct.unpack(">I", data[position : position + 4])[0]
        if size == 1 and position + 16 <= len(data):
            size = struct.unpack(">Q", data[position + 8 : position + 16])[0]
        if size == 0:
            return False
        if size < 8:
            return False
        position += size
    return position != len(data)
