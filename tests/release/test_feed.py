from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tiny_shop import DATE, picture

from pipelines.core.errors import FeedError
from pipelines.core.feed_settings import FeedSettings
from pipelines.release.feeds.read import read_feed
from pipelines.release.feeds.rows import FeedRow

HEADER = "product_id,image_uri,image_id,title,category\n"


def rows_of(file: Path, **settings: Any) -> list[FeedRow]:
    return list(read_feed(FeedSettings(uri=str(file), **settings), DATE))


def feed(tmp_path: Path, data: str | bytes, name: str = "feed.csv") -> Path:
    file = tmp_path / name
    file.write_bytes(data.encode() if isinstance(data, str) else data)
    return file


def refused(file: Path, **settings: Any) -> str:
    with pytest.raises(FeedError) as caught:
        rows_of(file, **settings)
    assert str(file) in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["plain", "bom"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"], ids=["lf", "crlf"])
def test_csv_of_any_delimiter(tmp_path: Path, delimiter: str, mark: str, newline: str) -> None:
    lines = [["product_id", "image_uri", "title"], ["p1", "a.jpg", "Mug"], ["p2", "b.jpg", "Bol à thé"]]
    text = mark + "".join(delimiter.join(line) + newline for line in lines)
    assert rows_of(feed(tmp_path, text)) == [
        FeedRow(1, "p1", "a.jpg", title="Mug"),
        FeedRow(2, "p2", "b.jpg", title="Bol à thé"),
    ]


def test_quoted_delimiters_quotes_and_newlines(tmp_path: Path) -> None:
    text = HEADER + 'p1,a.jpg,i1,"Mug, ""large""\nblue",mugs\np2,b.jpg,i2,Bowl,bowls\n'
    rows = rows_of(feed(tmp_path, text))
    assert [row.title for row in rows] == ['Mug, "large"\nblue', "Bowl"]


@pytest.mark.parametrize("text", [HEADER + 'p1,a.jpg,i1,"Mug,mugs\n', '"product_id,image_uri\np1,a.jpg\n'])
def test_an_open_quote_spoils_the_feed(tmp_path: Path, text: str) -> None:
    assert "is a quote left open?" in refused(feed(tmp_path, text))


def test_more_values_than_columns_spoil_one_row(tmp_path: Path) -> None:
    rows = rows_of(feed(tmp_path, "product_id,image_uri\np1,a.jpg,surplus\np2,b.jpg\np3,c.jpg,,\n"))
    assert [bool(row.problem) for row in rows] == [True, False, False]
    assert "line 2: more values than the header has columns" in rows[0].problem


def test_fewer_values_than_columns_are_empty(tmp_path: Path) -> None:
    assert rows_of(feed(tmp_path, HEADER + "p1,a.jpg\n")) == [FeedRow(1, "p1", "a.jpg")]


def test_a_column_without_a_name_is_no_harm(tmp_path: Path) -> None:
    assert rows_of(feed(tmp_path, ",product_id,image_uri\n0,p1,a.jpg\n")) == [FeedRow(1, "p1", "a.jpg")]


def test_a_header_that_names_a_column_twice_is_refused(tmp_path: Path) -> None:
    assert "names image_uri more than once" in refused(feed(tmp_path, "product_id,image_uri,image_uri\np,a,b\n"))


def test_latin_1_is_refused_with_the_offset(tmp_path: Path) -> None:
    file = feed(tmp_path, (HEADER + "p1,a.jpg,i1,Bol à thé,mugs\n").encode("latin-1"))
    assert "expected UTF-8, received other bytes at offset" in refused(file)


def test_columns_may_be_mapped(tmp_path: Path) -> None:
    file = feed(tmp_path, "sku,path\np1,a.jpg\n")
    assert rows_of(file, columns={"product_id": "sku", "image_uri": "path"}) == [FeedRow(1, "p1", "a.jpg")]
    message = refused(file, columns={"product_id": "SKU", "image_uri": "path"})
    assert "expected the columns SKU, path; SKU is missing, found sku, path" in message


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("", "the feed is empty"),
        (" \n\n", "the feed is empty"),
        (HEADER, "the feed has no rows"),
        ("product_id,title\np1,Mug\n", "image_uri is missing, found product_id, title"),
        ("schema_version," + HEADER + "2,p1,a.jpg,,,\n", "received 2; upgrade"),
        ("schema_version," + HEADER + "²,p1,a.jpg,,,\n", "received ²; upgrade"),
    ],
)
def test_feeds_that_cannot_be_used(tmp_path: Path, data: str, expected: str) -> None:
    assert expected in refused(feed(tmp_path, data))


def test_missing_feeds_and_folders_named_as_files(tmp_path: Path) -> None:
    assert f"expected the feed of {DATE} here, found none" in refused(tmp_path / "none.csv")
    (tmp_path / "folder.csv").mkdir()
    assert "cannot be read" in refused(tmp_path / "folder.csv")
    assert "expected a feed ending in .csv" in refused(feed(tmp_path, "x", "feed.xlsx"))


def test_the_date_takes_its_place(tmp_path: Path) -> None:
    feed(tmp_path, HEADER + "p1,a.jpg,,,\n", f"feed-{DATE}.csv")
    assert len(rows_of(tmp_path / "feed-{date}.csv")) == 1


def test_json_lines(tmp_path: Path) -> None:
    lines = [
        json.dumps({"product_id": 7, "image_uri": "a.jpg", "price": 3}),
        "",
        '{"product_id": "p2", ',
        "[1, 2]",
        json.dumps({"product_id": "p3", "image_uri": "c.jpg", "title": None, "schema_version": 1}),
        '{"product_id": "p4", "image_uri": "d.jpg", "title": "\\ud83d"}',
        "\xff",
    ]
    rows = rows_of(feed(tmp_path, "\n".join(lines).encode("latin-1"), "feed.jsonl"))
    assert [row.product_id for row in rows] == ["7", "", "", "p3", "", ""]
    assert [row.number for row in rows] == [1, 2, 3, 4, 5, 6]
    assert "line 3: not valid JSON" in rows[1].problem
    assert rows[2].problem == "line 4: expected a JSON object"
    assert "half a surrogate pair" in rows[4].problem
    assert "line 7" in rows[5].problem


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nothing\nat all\n", "expected one JSON object a line"),
        ('{"product_id": "p"}\n', "image_uri is missing"),
        ('{"product_id": "p", "image_uri": "a", "schema_version": 9}\n', "expected feed schema_version 1, received 9"),
        ('{"product_id": "p", "image_uri": "a", "schema_version": "x"}\n', "received x"),
    ],
)
def test_json_lines_that_cannot_be_used(tmp_path: Path, text: str, expected: str) -> None:
    assert expected in refused(feed(tmp_path, text, "feed.jsonl"))


def parquet(tmp_path: Path, columns: dict[str, Any], metadata: dict[bytes, bytes] | None = None) -> Path:
    file = tmp_path / "feed.parquet"
    pq.write_table(pa.table(columns).replace_schema_metadata(metadata), file)
    return file


def test_parquet(tmp_path: Path) -> None:
    columns = {
        "product_id": [1, 2],
        "image_uri": ["a.jpg", None],
        "title": pa.array(["Mug", "Bowl"]).dictionary_encode(),
    }
    rows = rows_of(parquet(tmp_path, columns, {b"schema_version": b"1", b"\xff": b"\xfe"}))
    assert rows == [FeedRow(1, "1", "a.jpg", title="Mug"), FeedRow(2, "2", "", title="Bowl")]


def test_parquet_that_cannot_be_used(tmp_path: Path) -> None:
    assert "not valid Parquet" in refused(feed(tmp_path, b"PAR1 nothing", "feed.parquet"))
    columns = {"product_id": ["p"], "image_uri": ["a"]}
    assert "received 2; upgrade" in refused(parquet(tmp_path, columns, {b"schema_version": b"2"}))
    assert "no rows" in refused(
        parquet(tmp_path, {"product_id": pa.array([], "str"), "image_uri": pa.array([], "str")})
    )
    assert "image_uri is missing" in refused(parquet(tmp_path, {"product_id": ["p"]}))


def test_damaged_parquet_pages(tmp_path: Path) -> None:
    file = parquet(tmp_path, {"product_id": [f"product {n}" for n in range(3000)], "image_uri": ["a"] * 3000})
    data = bytearray(file.read_bytes())
    data[4:2000] = bytes(1996)
    file.write_bytes(data)
    assert "Parquet" in refused(file)


def test_a_folder_is_a_feed(tmp_path: Path) -> None:
    for name in ("mug.jpg", "bowl/front.PNG", "bowl/back/left.webp", "notes.txt", "bowl/._front.PNG", ".trash/a.jpg"):
        (tmp_path / "catalog" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "catalog" / name).write_bytes(picture(1))
    rows = rows_of(tmp_path / "catalog")
    assert [(row.product_id, row.image_id) for row in rows] == [
        ("bowl", "bowl_back_left.webp"),
        ("bowl", "bowl_front.PNG"),
        ("mug", "mug.jpg"),
    ]
    assert rows[2].image_uri == str(tmp_path / "catalog/mug.jpg")


def test_a_folder_without_pictures_is_no_feed(tmp_path: Path) -> None:
    assert "expected pictures" in refused(tmp_path / "none")


def test_a_file_name_that_is_not_utf8_spoils_one_row(tmp_path: Path) -> None:
    (tmp_path / "catalog").mkdir()
    (tmp_path / "catalog/a.jpg").write_bytes(picture(1))
    (tmp_path / "catalog/b\udcff.jpg").write_bytes(picture(2))
    rows = rows_of(tmp_path / "catalog")
    assert [bool(row.problem) for row in rows] == [False, True]


def test_the_format_may_be_named(tmp_path: Path) -> None:
    assert len(rows_of(feed(tmp_path, HEADER + "p1,a.jpg,,,\n", "feed.txt"), format="csv")) == 1
