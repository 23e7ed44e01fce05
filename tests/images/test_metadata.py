from __future__ import annotations

import io
import struct
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from photo_with_secrets import SECRETS, dataset, exif, photo, photoshop_segment, xmp
from PIL import Image, ImageCms, PngImagePlugin

from pipelines.images.decode import DecodeLimits, decode_image
from pipelines.images.encode import EncodeOptions, ImageFormat, encode_image
from pipelines.images.exif import ARTIST, COPYRIGHT, exif_block, exif_texts
from pipelines.images.iim import read_iim
from pipelines.images.metadata import read_provenance, restyled_metadata, source_provenance
from pipelines.images.profile import srgb_profile
from pipelines.images.provenance import (
    CREATED_BY_AI,
    DIGITAL_SOURCE_TYPES,
    EDITED_BY_AI,
    MOST_CHARACTERS,
    Provenance,
    one_line,
)
from pipelines.images.xmp import read_xmp, xmp_packet

FORMATS: tuple[ImageFormat, ...] = ("jpeg", "png", "webp")
RIGHTS = '<dc:rights><rdf:Alt><rdf:li xml:lang="x-default">© Corner Shop</rdf:li></rdf:Alt></dc:rights>'
LIMITS = DecodeLimits()


def provenance_of(data: bytes) -> Provenance:
    return decode_image(data, LIMITS).provenance


def restyled(data: bytes, image_format: ImageFormat = "jpeg") -> bytes:
    """What the restyle job writes of a picture, the look aside."""
    source = decode_image(data, LIMITS)
    return encode_image(source.rgb, None, EncodeOptions(image_format), restyled_metadata(source.provenance))


@pytest.mark.parametrize("image_format", FORMATS)
def test_of_all_metadata_only_whose_picture_it_is_survives(image_format: ImageFormat) -> None:
    iim = dataset(2, 116, b"Corner Shop, by IIM") + dataset(2, 90, b"Munich")
    source = photo(
        exif=exif("Corner Shop, by EXIF", "Jane Photo"), xmp=xmp(RIGHTS), comment=b"a comment",
        extra=photoshop_segment(iim),
    )  # fmt: skip
    assert all(secret in source for secret in SECRETS)
    data = restyled(source, image_format)
    assert not [secret for secret in SECRETS if secret in data]
    with Image.open(io.BytesIO(data)) as image:
        assert dict(image.getexif()) == {0x8298: "Â© Corner Shop", 0x013B: "Jane Photo"}, "UTF-8, which Pillow ignores"
        assert image.getexif().get_ifd(0x8825) == image.getexif().get_ifd(0x8769) == {}
        assert image.info["icc_profile"] == srgb_profile()
        assert not {"comment", "photoshop", "Comment", "Author"} & set(image.info)
        packet = image.info["xmp"]
    assert packet == xmp_packet(Provenance(EDITED_BY_AI, "© Corner Shop", "Jane Photo"))
    assert read_provenance(data) == Provenance(EDITED_BY_AI, "© Corner Shop", "Jane Photo")


@pytest.mark.parametrize("image_format", FORMATS)
def test_a_picture_that_says_nothing_gets_the_source_type_and_the_profile(image_format: ImageFormat) -> None:
    data = restyled(photo(), image_format)
    with Image.open(io.BytesIO(data)) as image:
        assert "exif" not in image.info
        assert image.info["icc_profile"] == srgb_profile()
    assert read_provenance(data) == Provenance(EDITED_BY_AI)
    assert data == restyled(photo(), image_format), "the same picture, the same bytes"


@pytest.mark.parametrize("image_format", FORMATS)
def test_metadata_costs_bytes_and_no_pixel(image_format: ImageFormat) -> None:
    rgb, options = decode_image(photo(), LIMITS).rgb, EncodeOptions(image_format)
    bare, told = encode_image(rgb, None, options), encode_image(rgb, None, options, restyled_metadata(Provenance()))
    assert 800 < len(told) - len(bare) < 1200
    before, after = decode_image(bare, LIMITS), decode_image(told, LIMITS)
    assert (before.rgb == after.rgb).all() and after.flags == ()


def test_the_packet_is_the_xml_that_the_standards_ask_for() -> None:
    packet = xmp_packet(Provenance(EDITED_BY_AI, "A & B <C>", "Jane"))
    assert packet.startswith(b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>')
    assert packet.endswith(b'<?xpacket end="w"?>')
    root = ElementTree.fromstring(packet.decode())  # noqa: S314 - our own packet
    names = {"rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#", "dc": "http://purl.org/dc/elements/1.1/"}
    names["ext"] = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
    (description,) = root.findall("rdf:RDF/rdf:Description", names)
    assert description.findtext("ext:DigitalSourceType", None, names) == (
        "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
    )
    (notice,) = description.findall("dc:rights/rdf:Alt/rdf:li", names)
    assert (notice.text, notice.attrib) == ("A & B <C>", {"{http://www.w3.org/XML/1998/namespace}lang": "x-default"})
    assert [item.text for item in description.findall("dc:creator/rdf:Seq/rdf:li", names)] == ["Jane"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("", EDITED_BY_AI),
        (f"{DIGITAL_SOURCE_TYPES}digitalCapture", EDITED_BY_AI),
        (f"{DIGITAL_SOURCE_TYPES}compositeSynthetic", EDITED_BY_AI),
        (CREATED_BY_AI, CREATED_BY_AI),
        (CREATED_BY_AI.replace("http:", "https:"), CREATED_BY_AI),
        ("digsrctype:trainedAlgorithmicMedia", CREATED_BY_AI),
    ],
)
def test_a_photo_is_edited_and_a_generated_picture_stays_generated(source: str, expected: str) -> None:
    property_ = f"<Iptc4xmpExt:DigitalSourceType>{source}</Iptc4xmpExt:DigitalSourceType>"
    assert read_provenance(restyled(photo(xmp=xmp(property_)))) == Provenance(expected)


@pytest.mark.parametrize(
    ("properties", "attributes"),
    [
        (RIGHTS, ""),
        ("<dc:rights>© Corner Shop</dc:rights>", ""),
        ("", 'dc:rights="© Corner Shop"'),
        ('<dc:rights><rdf:Alt><rdf:li xml:lang="de">Eckladen</rdf:li>'
         '<rdf:li xml:lang="x-default">© Corner Shop</rdf:li></rdf:Alt></dc:rights>', ""),
        ("<dc:rights><rdf:Alt><rdf:li xml:lang='en'>© Corner\n  Shop</rdf:li></rdf:Alt></dc:rights>", ""),
    ],
)  # fmt: skip
def test_every_way_to_write_rights_in_xmp(properties: str, attributes: str) -> None:
    assert provenance_of(photo(xmp=xmp(properties, attributes))).copyright == "© Corner Shop"


def test_source_types_may_be_resources_and_creators_several() -> None:
    resource = f'<Iptc4xmpExt:DigitalSourceType rdf:resource="{CREATED_BY_AI}"/>'
    creators = "<dc:creator><rdf:Seq><rdf:li>Jane</rdf:li><rdf:li>Joe</rdf:li></rdf:Seq></dc:creator>"
    assert provenance_of(photo("WEBP", xmp=xmp(resource + creators))) == Provenance(CREATED_BY_AI, "", "Jane; Joe")


def test_rights_of_something_inside_the_picture_are_not_its_own() -> None:
    nested = f"<photoshop:Layer><rdf:Description>{RIGHTS}</rdf:Description></photoshop:Layer>"
    assert provenance_of(photo(xmp=xmp(nested))) == Provenance()


def test_xmp_wins_over_iim_and_iim_over_exif() -> None:
    iim = photoshop_segment(
        dataset(1, 90, b"\x1b%G") + dataset(2, 80, "Jürgen".encode()) + dataset(2, 80, b"Joe")
        + dataset(2, 116, "Köln, by IIM".encode("latin-1"))
    )  # fmt: skip
    block = exif("by EXIF", "Jane")
    assert provenance_of(photo(exif=block)) == Provenance("", "by EXIF", "Jane")
    assert provenance_of(photo(exif=block, extra=iim)) == Provenance("", "Köln, by IIM", "Jürgen; Joe")
    assert provenance_of(photo(exif=block, extra=iim, xmp=xmp(RIGHTS))) == Provenance(
        "", "© Corner Shop", "Jürgen; Joe"
    )


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_exif_of_every_format_is_read(kind: str) -> None:
    assert provenance_of(photo(kind, exif=exif("Corner Shop", "Jane"))) == Provenance("", "Corner Shop", "Jane")


def test_text_chunks_of_png_are_read() -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("Copyright", "© Corner Shop")
    text.add_itxt("Author", "Jürgen", zip=True)
    assert provenance_of(photo("PNG", pnginfo=text)) == Provenance("", "© Corner Shop", "Jürgen")


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        (b"Jane, 2026\x00Corner Shop\x00", "Jane, 2026; Corner Shop"),
        (b" \x00Corner Shop\x00", "Corner Shop"),
        ("© Köln".encode(), "© Köln"),
        ("© Köln".encode("latin-1"), "© Köln"),
        (b"abc", "abc"),
        (b"   \x00", ""),
        (b"one\r\ntwo\x07\x1b[31m", "one two[31m"),
    ],
)
@pytest.mark.parametrize("order", ["<", ">"])
def test_copyright_in_exif_has_two_parts_and_no_encoding(stored: bytes, expected: str, order: str) -> None:
    start = 8 + 2 + 12 + 4
    place = struct.pack(order + "I", start) if len(stored) > 4 else stored.ljust(4, b"\x00")
    tiff = {"<": b"II", ">": b"MM"}[order] + struct.pack(order + "HI", 42, 8)
    tiff += struct.pack(order + "HHHI", 1, COPYRIGHT, 2, len(stored)) + place + struct.pack(order + "I", 0) + stored
    assert source_provenance({"exif": tiff}) == (Provenance("", expected), ())


def test_our_exif_block_is_what_pillow_reads() -> None:
    block = exif_block({COPYRIGHT: "Corner Shop", ARTIST: "Joe"})
    assert exif_texts(block) == {COPYRIGHT: b"Corner Shop", ARTIST: b"Joe"}
    read = Image.Exif()
    read.load(block)
    assert dict(read) == {COPYRIGHT: "Corner Shop", ARTIST: "Joe"}


@pytest.mark.parametrize(
    ("packet", "why"),
    [
        (b"<x:xmpmeta", "cut off"),
        (xmp(RIGHTS)[:-300], "cut off"),
        (b"\xff\xfe<x/>", "not UTF-8"),
        (b'<!DOCTYPE x [<!ENTITY a "' + b"A" * 99 + b'">]>' + xmp(RIGHTS), "entities"),
        (xmp("<dc:rights>" + "a" * 2**18 + "</dc:rights>"), "too long"),
    ],
)
def test_damaged_xmp_is_flagged_and_the_picture_kept(packet: bytes, why: str) -> None:
    image = decode_image(photo("WEBP", xmp=packet, exif=exif("by EXIF")), LIMITS)
    assert image.flags == ("corrupt-xmp",), why
    assert image.provenance == Provenance("", "by EXIF")
    assert image.rgb.shape == (40, 48, 3)


@pytest.mark.parametrize(
    "iim", [b"\x1c\x02\x74\x00\x50short", b"\x1c\x02", b"garbage", b"\x1c\x02\x74\x80\x04\0\0\0\1a"]
)
def test_damaged_iim_is_flagged_and_the_picture_kept(iim: bytes) -> None:
    image = decode_image(photo(extra=photoshop_segment(iim)), LIMITS)
    assert image.flags == ("corrupt-iptc",)
    assert image.provenance == Provenance()


def test_text_that_reaches_beyond_its_exif_block_is_flagged() -> None:
    block = exif_block({COPYRIGHT: "Corner Shop"})
    image = decode_image(photo(exif=block[:-4]), LIMITS)
    assert image.flags == ("corrupt-exif",)
    assert image.provenance == Provenance()


@given(text=st.text(max_size=700))
@settings(max_examples=200, deadline=None)
def test_any_text_comes_back_from_the_packet_as_one_line(text: str) -> None:
    line = one_line(text)
    assert len(line) <= MOST_CHARACTERS and line == one_line(line)
    assert not [character for character in line if ord(character) < 32 or 127 <= ord(character) < 160]
    provenance = Provenance(EDITED_BY_AI, line, line)
    assert read_xmp(xmp_packet(provenance)) == provenance
    assert source_provenance({"exif": exif_block({COPYRIGHT: line})})[0].copyright == line


@given(data=st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_random_blocks_never_raise(data: bytes) -> None:
    for block in ({"xmp": data}, {"exif": data}, {"exif": b"II*\x00" + data}, {"photoshop": {0x0404: data}}):
        provenance, flags = source_provenance(block)
        assert set(flags) <= {"corrupt-xmp", "corrupt-exif", "corrupt-iptc"}
        assert isinstance(provenance, Provenance)
    assert read_provenance(data) is None


@given(edits=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=12))
@settings(max_examples=100, deadline=None)
def test_damaged_published_files_never_raise(edits: list[tuple[int, int]]) -> None:
    data = bytearray(PUBLISHED)
    for position, value in edits:
        data[position % len(data)] = value
    found = read_provenance(bytes(data))
    assert found is None or isinstance(found, Provenance)


PUBLISHED = restyled(photo(exif=exif("Corner Shop", "Jane")))


def test_files_that_say_nothing() -> None:
    assert read_provenance(b"") is None
    assert read_provenance(b"<html>") is None
    assert read_provenance(photo()) is None
    assert read_provenance(photo("GIF")) is None
    assert read_iim(b"") == Provenance()


def test_the_profile_is_srgb_and_never_another() -> None:
    profile = srgb_profile()
    fresh = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert len(profile) == len(fresh) < 600
    assert struct.unpack(">6H", profile[24:36]) == (1999, 10, 18, 0, 0, 0)
    assert (profile[:24], profile[36:40], profile[44:]) == (fresh[:24], fresh[36:40], fresh[44:])
    opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    assert ImageCms.getProfileDescription(opened).startswith("sRGB"), "our decoder takes it at its word"
