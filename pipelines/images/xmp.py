"""XMP packets: the provenance that one tells, and packets that tell nothing else.

Source: ISO 16684-1 (XMP); IPTC Photo Metadata Standard 2025.1.
"""

from __future__ import annotations

from typing import Final
from xml.etree import ElementTree

from pipelines.images.provenance import NOTHING_SAID, Provenance, one_line

_MOST_BYTES: Final = 2**18
_DC: Final = "http://purl.org/dc/elements/1.1/"
_IPTC: Final = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_RDF: Final = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_LANGUAGE: Final = "{http://www.w3.org/XML/1998/namespace}lang"


def read_xmp(packet: bytes) -> Provenance:
    """Provenance in a packet; the properties of its main description only.

    Raises:
        ValueError: it is damaged, longer than 256 KiB, or declares a document type, which no packet needs.
    """
    if len(packet) > _MOST_BYTES:
        raise ValueError(f"XMP: expected at most {_MOST_BYTES} bytes, received {len(packet)}")
    text = packet.decode().strip("\x00\ufeff \t\r\n")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ValueError("XMP: expected no document type, received one")
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - entities, the danger, need the document type refused above
    except ElementTree.ParseError as error:
        raise ValueError(f"XMP: expected well-formed XML: {error}") from error
    found = NOTHING_SAID
    for rdf in root.iter(f"{{{_RDF}}}RDF"):
        for description in rdf:
            found = found.or_else(
                Provenance(
                    _value(description, f"{{{_IPTC}}}DigitalSourceType"),
                    _value(description, f"{{{_DC}}}rights"),
                    _value(description, f"{{{_DC}}}creator"),
                )
            )
    return found


def xmp_packet(provenance: Provenance) -> bytes:
    """A packet of the provenance. The same provenance, the same bytes."""
    properties = (
        f"<Iptc4xmpExt:DigitalSourceType>{_escaped(provenance.digital_source_type)}</Iptc4xmpExt:DigitalSourceType>"
    )
    if provenance.copyright:
        notice = f'<rdf:li xml:lang="x-default">{_escaped(provenance.copyright)}</rdf:li>'
        properties += f"<dc:rights><rdf:Alt>{notice}</rdf:Alt></dc:rights>"
    if provenance.creator:
        properties += f"<dc:creator><rdf:Seq><rdf:li>{_escaped(provenance.creator)}</rdf:li></rdf:Seq></dc:creator>"
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{_RDF}">'
        f'<rdf:Description rdf:about="" xmlns:Iptc4xmpExt="{_IPTC}" xmlns:dc="{_DC}">{properties}</rdf:Description>'
        '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def _value(description: ElementTree.Element, name: str) -> str:
    """A property as one line: an attribute, a URI, plain text, the default of several languages, or a list's items."""
    element = description.find(name)
    if element is None:
        return one_line(description.get(name, ""))
    items = element.findall(f"*/{{{_RDF}}}li")
    if not items:
        return one_line(element.get(f"{{{_RDF}}}resource") or _text(element))
    if element.find(f"{{{_RDF}}}Alt") is not None:
        items = [next((item for item in items if item.get(_LANGUAGE) == "x-default"), items[0])]
    return one_line("; ".join(_text(item) for item in items))


def _text(element: ElementTree.Element) -> str:
    return "".join(element.itertext())


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
