from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_shop import DATE

from pipelines.core.errors import FeedError
from pipelines.core.feed_settings import FeedSettings
from pipelines.release.feeds.merchant import split_links
from pipelines.release.feeds.read import read_feed
from pipelines.release.feeds.rows import FeedRow

FEEDS = Path(__file__).parent / "feeds"
SHOP = "https://shop.example"


def rows_of(file: Path, **settings: Any) -> list[FeedRow]:
    return list(read_feed(FeedSettings(uri=str(file), **settings), DATE))


def feed(tmp_path: Path, data: str | bytes, name: str = "feed.tsv") -> Path:
    file = tmp_path / name
    file.write_bytes(data.encode() if isinstance(data, str) else data)
    return file


def refused(file: Path, **settings: Any) -> str:
    with pytest.raises(FeedError) as caught:
        rows_of(file, **settings)
    return str(caught.value)


def test_text_with_awkward_rows() -> None:
    mug, shirts = ('Mug, 12" tall', "Kitchen > Mugs"), ("Tee", "Shirts")
    assert rows_of(FEEDS / "merchant.tsv") == [
        FeedRow(1, "mug-1", f"{SHOP}/mug-1.jpg", "", *mug),
        FeedRow(1, "mug-1", f"{SHOP}/mug-1-b.jpg", "", *mug),
        FeedRow(1, "mug-1", f"{SHOP}/mug-1-c.jpg", "", *mug),
        FeedRow(2, "tee-red", f"{SHOP}/tee-red.jpg", "", *shirts),
        FeedRow(2, "tee-red", f"{SHOP}/tee,red.jpg", "", *shirts),
        FeedRow(2, "tee-red", f"{SHOP}/tee-red-2.jpg", "", *shirts),
        FeedRow(3, "tee-blue", f"{SHOP}/tee-blue.jpg", "", '"Tee"', "Shirts"),
        FeedRow(4, problem="line 5: expected an id, found none"),
        FeedRow(5, "no-image", title="No image", problem="expected an image_link, found none"),
        FeedRow(6, problem="line 7: more values than the header has columns"),
        FeedRow(7, "Bol à thé", f"{SHOP}/bol.jpg", "", "Bol à thé"),
    ]


def test_rss_with_awkward_items() -> None:
    mug = ("Mug & saucer", "Kitchen > Mugs")
    assert rows_of(FEEDS / "merchant_rss.xml") == [
        FeedRow(1, "mug-1", f"{SHOP}/mug-1.jpg?w=1&h=2", "", *mug),
        FeedRow(1, "mug-1", f"{SHOP}/mug-1-b.jpg", "", *mug),
        FeedRow(1, "mug-1", f"{SHOP}/mug-1-c.jpg", "", *mug),
        FeedRow(2, "tee-red", f"{SHOP}/tee-red.jpg", "", "Tee"),
        FeedRow(3, problem="line 32: expected an id, found none"),
        FeedRow(4, "no-image", problem="expected an image_link, found none"),
    ]


def test_atom_has_an_id_of_its_own() -> None:
    assert rows_of(FEEDS / "merchant_atom.xml") == [
        FeedRow(1, "mug-1", f"{SHOP}/mug-1.jpg", "", "Mug", "2169"),
        FeedRow(2, "tee", f"{SHOP}/tee.jpg", "", "Tee"),
    ]


def test_quotes_around_values_where_all_are_pairs(tmp_path: Path) -> None:
    text = 'id\ttitle\timage_link\n1\t"A mug,\n""large"""\thttps://a/1\n"2"\tPan 12" wide\thttps://a/2\n'
    assert [(row.product_id, row.title) for row in rows_of(feed(tmp_path, text))] == [
        ("1", 'A mug,\n"large"'),
        ("2", 'Pan 12" wide'),
    ]


def test_spreadsheets_save_unicode_text_as_utf_16(tmp_path: Path) -> None:
    text = "g:id\tg:title\tg:image_link\r\n1\tBol à thé\thttps://a/1.jpg\r\n"
    expected = [FeedRow(1, "1", "https://a/1.jpg", "", "Bol à thé")]
    assert rows_of(feed(tmp_path, text.encode("utf-16"), "feed.txt")) == expected
    xml = f'<?xml version="1.0" encoding="utf-16"?><rss><item><id>1</id><image_link>{SHOP}</image_link></item></rss>'
    assert rows_of(feed(tmp_path, xml.encode("utf-16"), "feed.xml")) == [FeedRow(1, "1", SHOP)]


def test_columns_of_ones_own_come_first(tmp_path: Path) -> None:
    text = "id,image_link,product_id,image_uri\n1,https://a/1.jpg,p,b.jpg\n"
    assert rows_of(feed(tmp_path, text, "feed.csv")) == [FeedRow(1, "p", "b.jpg")]
    names = {"product_id": "id", "image_uri": "image_link"}
    assert rows_of(feed(tmp_path, "id,image_link\n1,a b,c\n", "feed.csv"), columns=names)[0].problem
    assert rows_of(feed(tmp_path, 'id,image_link,additional_image_link\n1,a,"b,c"\n', "feed.csv"), columns=names) == [
        FeedRow(1, "1", "a")
    ]


def test_the_format_may_be_set(tmp_path: Path) -> None:
    message = refused(feed(tmp_path, "sku\timage_link\n1\ta\n"), format="merchant")
    assert "expected the attributes id and image_link" in message
    assert "id is missing, found sku, image_link" in message
    assert len(rows_of(feed(tmp_path, "id\timage_link\n1\ta\n", "feed.data"), format="merchant")) == 1
    assert len(rows_of(feed(tmp_path, b"<rss><item><id>1</id></item></rss>", "feed.data"), format="merchant")) == 1


RSS = '<rss xmlns:g="http://base.google.com/ns/1.0"><channel>{}</channel></rss>'
BOMB = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))


@pytest.mark.parametrize(
    ("xml", "words"),
    [
        (f'<!DOCTYPE rss [<!ENTITY e0 "ha">{BOMB}]>{RSS.format("<item><g:id>&e9;</g:id></item>")}', "document type"),
        ('<!DOCTYPE rss SYSTEM "http://127.0.0.1:1/a.dtd"><rss/>', "document type"),
        (f'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>{RSS.format("<item>&x;</item>")}', "document type"),
        (RSS.format("<item><g:id>&x;</g:id></item>"), "undefined entity"),
        (RSS.format("<item><g:id>a & b</g:id></item>"), "line 1: not well-formed"),
        (RSS.format("<item>\n<g:id>1</g:id>\n")[:-16], "line 3: not well-formed XML: no element found"),
        (RSS.format("<item><h:id>1</h:id></item>"), "unbound prefix"),
        (RSS.format("<a>" * 100), "nested more than 64 deep"),
        (RSS.format(f"<item><g:title>{'a' * (2**20 + 9000)}</g:title></item>"), "longer than 1,048,576 characters"),
        (RSS.format("<product><g:id>1</g:id></product>"), "found neither in <rss>"),
        ("<html><body>Not found</body></html>", "found neither in <html>"),
        ('<?xml version="1.0" encoding="klingon"?><rss/>', "encoding"),
        ('<?xml version="1.0" encoding="utf-8"?><rss>\xff</rss>', "not well-formed"),
        ("<", "not well-formed"),
    ],
    ids=lambda text: text[:12],
)  # fmt: skip
def test_xml_that_cannot_be_used(tmp_path: Path, xml: str, words: str) -> None:
    file = feed(tmp_path, xml.encode("latin-1"), "feed.xml")
    message = refused(file)
    assert message.startswith(f"{file}: ")
    assert words in message


def test_a_large_feed_is_read_piece_by_piece(tmp_path: Path) -> None:
    item = "<item><g:id>{0}</g:id><g:image_link>https://a/{0}</g:image_link>" + " " * 500 + "</item>"
    rows = rows_of(feed(tmp_path, RSS.format("".join(map(item.format, range(5000)))), "feed.xml"))
    assert [row.product_id for row in rows] == [str(number) for number in range(5000)]


def test_a_feed_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    file = feed(tmp_path, "id\timage_link\n" + "1\ta\n" * 1000)
    assert "at most 2,000 bytes, received 4,014; raise feed.max_bytes" in refused(file, max_bytes=2000)


fields = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


@given(st.lists(st.tuples(fields, fields), min_size=1, max_size=6), st.sampled_from("\t,;"))
def test_whatever_a_csv_writer_quotes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, items: list[tuple[str, str]], delimiter: str
) -> None:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerow(["id", "title", "image_link", "additional_image_link"])
    for number, (product, title) in enumerate(items):
        writer.writerow([product, title, f"https://a/{number}.jpg", ""])
    file = feed(tmp_path_factory.mktemp("quoted"), text.getvalue(), "feed.csv")
    rows = rows_of(file)
    assert [(row.product_id, row.title) for row in rows] == [
        (product.strip(), title.strip()) if product.strip() else ("", "") for product, title in items
    ]


links = st.text(st.sampled_from('a,"; /'), min_size=1, max_size=8).map(lambda text: f"https://a/{text}z")


@given(st.lists(links, max_size=5))
def test_links_in_quotes_keep_their_commas(wanted: list[str]) -> None:
    quoted = ",".join('"{}"'.format(link.replace('"', '""')) for link in wanted)
    assert split_links(quoted) == wanted
    plain = [link.replace(",", "%2C").replace('"', "%22") for link in wanted]
    assert split_links(" , ".join(plain)) == plain


@given(st.text(st.sampled_from('a,"\n '), max_size=20))
def test_any_text_is_some_links(text: str) -> None:
    assert all(link == link.strip() != "" for link in split_links(text))
