from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_shop import DATE, TinyShop, make_tiny_shop, picture

from pipelines.core import storage
from pipelines.core.contracts import DeadLetter, SnapshotRow
from pipelines.core.errors import FeedError
from pipelines.core.paths import NightPaths, night_progress
from pipelines.core.progress import read_progress
from pipelines.core.settings import Shop
from pipelines.core.source_versions import file_version
from pipelines.core.tables import read_json_lines, read_rows
from pipelines.release import ingest

MakeShop = Callable[..., TinyShop]


def night_of(shop: Shop) -> tuple[list[SnapshotRow], list[DeadLetter]]:
    paths = NightPaths(shop.settings.output_uri, DATE)
    return read_rows(paths.snapshot, SnapshotRow), read_json_lines(paths.ingest_dead_letters, DeadLetter)


def test_a_feed_becomes_a_snapshot(tiny_shop: MakeShop, capsys: pytest.CaptureFixture[str]) -> None:
    made = tiny_shop(products=2)
    assert ingest.main(["--settings", str(made.file), "--date", DATE]) == 0
    summary = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (summary["images_in"], summary["images"], summary["products"], summary["dead_letters"]) == (2, 2, 2, 0)
    snapshot, letters = night_of(made.load())
    data = (made.root / "pictures/p0.png").read_bytes()
    assert snapshot[0] == SnapshotRow(
        "p0",
        "p0-a",
        str(made.root / "pictures/p0.png"),
        "Product 0",
        "mugs",
        hashlib.sha256(data).hexdigest(),
        len(data),
        file_version(str(made.root / "pictures/p0.png")),
    )
    assert letters == []
    progress = read_progress(night_progress(str(made.output), DATE, "ingest"))
    assert progress is not None
    assert (progress.total, progress.done, progress.failed) == (2, 2, 0)


def test_a_dry_run_writes_nothing(tiny_shop: MakeShop, capsys: pytest.CaptureFixture[str]) -> None:
    made = tiny_shop()
    before = made.files()
    assert ingest.main(["--settings", str(made.file), "--date", DATE, "--dry-run"]) == 0
    assert json.loads(capsys.readouterr().out) == {"stage": "ingest", "dry_run": True, "date": DATE, "images_in": 3}
    assert made.files() == before


def test_relative_file_and_absolute_uris_are_the_same_picture(tiny_shop: MakeShop) -> None:
    made = tiny_shop(products=1)
    file = made.root / "pictures/p0.png"
    uris = {
        "relative": "pictures/p0.png",
        "dotted": "./pictures/../pictures/p0.png",
        "absolute": str(file),
        "file": file.as_uri(),
    }
    made.write_feed([{"product_id": name, "image_id": name, "image_uri": uri} for name, uri in uris.items()])
    ingest.ingest(made.load(), DATE)
    snapshot, _ = night_of(made.load())
    assert {row.image_uri for row in snapshot} == {str(file)}
    assert len(snapshot) == len(uris)


BAD_ROWS = {
    "no-product": ({"product_id": " ", "image_uri": "pictures/p0.png"}, "bad-row"),
    "no-uri": ({"product_id": "x", "image_uri": ""}, "bad-row"),
    "parent": ({"image_id": "../../etc/passwd"}, "unsafe-id"),
    "dots": ({"image_id": ".."}, "unsafe-id"),
    "slash": ({"image_id": "a/b"}, "unsafe-id"),
    "backslash": ({"product_id": "a\\b"}, "unsafe-id"),
    "control": ({"image_id": "a\x07b"}, "unsafe-id"),
    "newline": ({"product_id": "a\nb"}, "unsafe-id"),
    "bidi": ({"image_id": "a\u202eb"}, "unsafe-id"),
    "blank-edge": ({"image_id": " a"}, "unsafe-id"),
    "long": ({"image_id": "x" * 300}, "unsafe-id"),
    "http": ({"image_uri": "http://shop.example/a.jpg"}, "forbidden-uri"),
    "ftp": ({"image_uri": "ftp://shop.example/a.jpg"}, "unreadable-uri"),
    "broken-url": ({"image_uri": "http://[a/b.jpg"}, "unreadable-uri"),
    "no-host": ({"image_uri": "file://pictures/p0.png"}, "unreadable-uri"),
    "uri-control": ({"image_uri": "pictures/\x00p0.png"}, "unreadable-uri"),
    "missing": ({"image_uri": "pictures/none.png"}, "missing-file"),
    "folder": ({"image_uri": "pictures"}, "missing-file"),
    "long-name": ({"image_uri": "y" * 300}, "unreadable-uri"),
    "zero-bytes": ({"image_uri": "pictures/empty.png"}, "empty-file"),
    "too-large": ({"image_uri": "pictures/large.png"}, "too-many-bytes"),
    "duplicate": ({"image_id": "p0-a"}, "duplicate-image-id"),
}


@pytest.mark.parametrize("name", BAD_ROWS)
def test_a_bad_row_is_a_dead_letter_and_the_others_go_on(tiny_shop: MakeShop, name: str) -> None:
    made = tiny_shop(products=1)
    (made.root / "pictures/empty.png").touch()
    (made.root / "pictures/large.png").write_bytes(bytes(5000))
    made.configure(images={"max_bytes": 4096})
    change, reason = BAD_ROWS[name]
    good = {"product_id": "p0", "image_id": "p0-a", "image_uri": "pictures/p0.png"}
    lines = [good, {**good, "image_id": "bad", **change}, {**good, "image_id": "p0-b"}]
    (made.root / "feed.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    summary = ingest.ingest(made.configure(feed={"uri": "feed.jsonl"}), DATE)
    snapshot, letters = night_of(made.load())
    assert [row.image_id for row in snapshot] == ["p0-a", "p0-b"]
    assert [letter.reason for letter in letters] == [reason]
    assert letters[0].stage == "ingest"
    assert len(letters[0].message) > 10
    assert summary["dead_letters_by_reason"] == {reason: 1}


def test_images_without_an_id_get_a_stable_one(tiny_shop: MakeShop) -> None:
    made = tiny_shop(products=2)
    rows = [{"product_id": "p", "image_uri": f"pictures/p{n}.png"} for n in range(2)]
    made.write_feed(rows)
    ingest.ingest(made.load(), DATE)
    first, _ = night_of(made.load())
    made.write_feed(rows[::-1])
    ingest.ingest(made.load(), DATE)
    second, _ = night_of(made.load())
    assert [replace(row, position=1 - row.position) for row in second] == first
    assert len({row.image_id for row in first}) == 2


def test_a_feed_without_one_usable_image_writes_no_snapshot(tiny_shop: MakeShop) -> None:
    made = tiny_shop(products=2)
    for file in (made.root / "pictures").iterdir():
        file.unlink()
    with pytest.raises(FeedError, match=r"none of the 2 images can be used \(2 missing-file\); the first: "):
        ingest.ingest(made.load(), DATE)
    paths = NightPaths(str(made.output), DATE)
    assert not Path(paths.snapshot).exists()
    assert len(read_json_lines(paths.ingest_dead_letters, DeadLetter)) == 2


def test_a_bad_date_or_brand_is_an_input_error(tiny_shop: MakeShop, capsys: pytest.CaptureFixture[str]) -> None:
    made = tiny_shop()
    assert ingest.main(["--settings", str(made.file), "--date", "23.11.2026"]) == 2
    assert ingest.main(["--settings", str(made.file), "--date", DATE, "--brand", "none"]) == 2
    assert "expected a brand among inkwell, received 'none'" in capsys.readouterr().err
    assert not made.output.exists()


texts = st.one_of(st.text(max_size=12), st.sampled_from(["p", "p/q", "..", " ", "x" * 250, "\ud800", "\u2028"]))
uris = st.one_of(
    st.sampled_from(["pictures/p0.png", "pictures/p1.png", "pictures/none.png", "http://[x", "gs://", ""]),
    st.text(max_size=8),
)
feed_rows = st.fixed_dictionaries(
    {"product_id": texts, "image_uri": uris}, optional={"image_id": texts, "title": texts}
)


@settings(max_examples=40, deadline=None)
@given(rows=st.lists(st.one_of(feed_rows, st.just("{broken")), max_size=12))
def test_every_row_is_in_the_snapshot_or_a_dead_letter(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, str] | str]
) -> None:
    made = make_tiny_shop(tmp_path_factory.mktemp("mix") / "shop", products=2)
    good = {"product_id": "good", "image_uri": "pictures/p0.png", "image_id": "good"}
    lines = [row if isinstance(row, str) else json.dumps(row) for row in [good, *rows]]
    (made.root / "feed.jsonl").write_text("\n".join(lines))
    summary = ingest.ingest(made.configure(feed={"uri": "feed.jsonl"}), DATE)
    snapshot, letters = night_of(made.load())
    assert len(snapshot) + len(letters) == len(lines) == summary["images_in"]
    ids = [row.image_id for row in snapshot]
    assert len(set(ids)) == len(ids)
    assert all(row.source_bytes > 0 and len(row.source_sha256) == 64 for row in snapshot)


def test_a_feed_of_objects_on_google_cloud_storage(bucket: str, tiny_shop: MakeShop) -> None:
    made = tiny_shop(products=1)
    for number in range(3):
        storage.write_bytes(f"{bucket}/catalog/images/{number}.png", picture(number))
    names = ["images/0.png", f"{bucket}/catalog/images/1.png", "../catalog/images/2.png", "images/none.png", "gs://"]
    lines = ["product_id,image_uri", *(f"p{n},{name}" for n, name in enumerate(names))]
    storage.write_bytes(f"{bucket}/catalog/feed-{DATE}.csv", "\n".join(lines).encode())
    shop = made.configure(feed={"uri": f"{bucket}/catalog/feed-{{date}}.csv"}, output_uri=f"{bucket}/out")
    ingest.ingest(shop, DATE)
    snapshot, letters = night_of(shop)
    assert [row.image_uri for row in snapshot] == [f"{bucket}/catalog/images/{n}.png" for n in range(3)]
    assert snapshot[2].source_sha256 == hashlib.sha256(picture(2)).hexdigest()
    assert sorted(letter.reason for letter in letters) == ["missing-file", "unreadable-uri"]


def test_a_folder_on_google_cloud_storage(bucket: str, tiny_shop: MakeShop) -> None:
    for name in ("mug.png", "bowl/front.png", "bowl/back.png"):
        storage.write_bytes(f"{bucket}/catalog/{name}", picture(len(name)))
    shop = tiny_shop().configure(feed={"uri": f"{bucket}/catalog/"})
    summary = ingest.ingest(shop, DATE)
    assert (summary["images"], summary["products"]) == (3, 2)
