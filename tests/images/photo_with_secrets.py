"""A photo as a camera and an agency leave it: full of metadata, most of it nobody's business."""

from __future__ import annotations

import io
import struct

import numpy as np
from PIL import Image

SECRETS = (b"BODY-4711", b"LENS-0815", b"Jane Owner", b"maker notes", b"a comment", b"Munich", b"a thumbnail")
XMP_NAMES = (
    'xmlns:x="adobe:ns:meta/" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/" '
    'xmlns:aux="http://ns.adobe.com/exif/1.0/aux/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/"'
)


def xmp(properties: str, attributes: str = "") -> bytes:
    """A packet with these properties, and the camera's serial number and a place beside them."""
    return (
        f'<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta {XMP_NAMES}><rdf:RDF>'
        f'<rdf:Description rdf:about="" aux:SerialNumber="BODY-4711" photoshop:City="Munich" {attributes}>{properties}'
        f'</rdf:Description></rdf:RDF></x:xmpmeta>{" " * 200}<?xpacket end="w"?>'
    ).encode()


def exif(copyright_notice: str = "", artist: str = "") -> Image.Exif:
    """GPS, serial numbers, the owner's name, maker notes."""
    block = Image.Exif()
    block[0x010F] = "Canon"
    if copyright_notice:
        block[0x8298] = copyright_notice
    if artist:
        block[0x013B] = artist
    block.get_ifd(0x8769).update({0xA430: "Jane Owner", 0xA431: "BODY-4711", 0xA435: "LENS-0815"})
    block.get_ifd(0x8769).update({0x927C: b"maker notes, a thumbnail"})
    block.get_ifd(0x8825).update({1: "N", 2: (48.0, 8.0, 0.0), 3: "E", 4: (11.0, 34.0, 0.0)})
    return block


def dataset(record: int, number: int, value: bytes) -> bytes:
    """One dataset of IPTC-IIM."""
    return struct.pack(">BBBH", 0x1C, record, number, len(value)) + value


def photoshop_segment(iim: bytes) -> bytes:
    """A JPEG's APP13 segment that holds an IPTC-IIM record."""
    padded = iim + b"\x00" * (len(iim) % 2)
    resource = b"Photoshop 3.0\x008BIM" + struct.pack(">HHI", 0x0404, 0, len(iim)) + padded
    return b"\xff\xed" + struct.pack(">H", len(resource) + 2) + resource


def photo(kind: str = "JPEG", **options: object) -> bytes:
    """A small picture with blocks as Pillow's encoders take them."""
    shade = np.linspace(30, 220, 48).astype(np.uint8)
    rgb = np.stack([np.tile(shade, (40, 1)), np.full((40, 48), 90, np.uint8), np.tile(shade[::-1], (40, 1))], axis=-1)
    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, kind, **options)
    return buffer.getvalue()
