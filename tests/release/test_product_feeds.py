from __future__ import annotations

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from tiny_shop import TinyShop

from pipelines.cli.main import command
from pipelines.core.contracts import ReleaseRow
from pipelines.core.errors import InputError
from pipelines.core.partitions import index_of, write_part
from pipelines.core.paths import BrandPaths
from pipelines.core.tables import table_of
from pipelines.release.feeds.delimited import open_delimited
from pipelines.release.feeds.merchant import read_tsv
from pipelines.release.pointer import read_pointer
from pipelines.release.product_feeds import (
    PublishedImage,
    image_feed,
    merchant_feed,
    public_url,
    published_images,
    write_product_feeds,
)
from pipelines.release.releases import make_current, read_index, write_release

RELEASE = "2026-11-23-0123456789ab"


def image(product: str, position: int, name: str = "", outcome: str = "restyled", reason: str = "") -> PublishedImage:
    name = name or f"{product}-{position}"
    return PublishedImage(product, position, name, f"gs://shop/out/objects/acme/{name}.jpg", outcome, reason)


def url(object_uri: str) -> str:
    return public_url(object_uri, "gs://shop/out", "https://cdn.example/x")


@pytest.mark.parametrize(
    ("object_uri", "root", "base", "expected"),
    [
        ("gs://shop/out/a b,c.jpg", "gs://shop/out", "", "https://storage.googleapis.com/shop/out/a%20b%2Cc.jpg"),
        ("gs://shop/out/é.jpg", "gs://shop/out", "https://cdn.example/x/", "https://cdn.example/x/%C3%A9.jpg"),
        ("/data/out/objects/1.jpg", "/data/out", "https://cdn.example", "https://cdn.example/objects/1.jpg"),
        ("/data/out/objects/a b.jpg", "/data/out", "", "file:///data/out/objects/a%20b.jpg"),
    ],
)  # fmt: skip
def test_where_the_world_finds_an_object(object_uri: str, root: str, base: str, expected: str) -> None:
    assert public_url(object_uri, root, base) == expected


def test_an_object_elsewhere_has_no_public_url() -> None:
    with pytest.raises(InputError, match=r"expected an object below gs://shop/out/; output\.public_base_url"):
        public_url("gs://shop/output/1.jpg", "gs://shop/out", "https://cdn.example")


def test_the_merchant_feed_names_the_views_in_their_order() -> None:
    rows = [
        image("Mug 1", 0), image("Mug 1", 1, outcome="kept_original", reason="edges"), image("Mug 1", 3),
        image("tee", 10), image("tee", 2), image("tee", 0), image("z", 0, 'a,"b'),
    ]  # fmt: skip
    lines = "".join(merchant_feed(rows, url)).splitlines()
    assert [line.split("\t") for line in lines] == [
        ["id", "image_link", "additional_image_link"],
        [
            "Mug 1",
            "https://cdn.example/x/objects/acme/Mug%201-0.jpg",
            "https://cdn.example/x/objects/acme/Mug%201-1.jpg,https://cdn.example/x/objects/acme/Mug%201-3.jpg",
        ],
        [
            "tee",
            "https://cdn.example/x/objects/acme/tee-0.jpg",
            "https://cdn.example/x/objects/acme/tee-2.jpg,https://cdn.example/x/objects/acme/tee-10.jpg",
        ],
        ["z", "https://cdn.example/x/objects/acme/a%2C%22b.jpg", ""],
    ]


def test_a_product_without_its_first_view_keeps_the_shops_own_pictures() -> None:
    rows = [image("mug", 1), image("mug", 2), image("tee", 0)]
    assert [line.split("\t")[0] for line in merchant_feed(rows, url)] == ["id", "tee"]


def test_no_more_than_ten_additional_images() -> None:
    [_, line] = merchant_feed([image("mug", number) for number in range(20)], url)
    assert line.count(",") == 9
    assert "mug-10.jpg" in line
    assert "mug-11.jpg" not in line


def test_the_csv_names_every_image() -> None:
    rows = [image('"a", c', 0), image("mug", 0, outcome="kept_original", reason="edges")]
    assert list(csv.reader(io.StringIO("".join(image_feed(rows, url, RELEASE))))) == [
        ["product_id", "image_id", "image_url", "outcome", "reason", "release_id"],
        ['"a", c', '"a", c-0', "https://cdn.example/x/objects/acme/%22a%22%2C%20c-0.jpg", "restyled", "", RELEASE],
        ["mug", "mug-0", "https://cdn.example/x/objects/acme/mug-0.jpg", "kept_original", "edges", RELEASE],
    ]


def test_merchant_center_cannot_fetch_files() -> None:
    def local(uri: str) -> str:
        return public_url(uri.replace("gs://shop", "/data"), "/data/out", "")

    with pytest.raises(InputError, match=r"file:///data.*set output\.public_base_url"):
        list(merchant_feed([image("mug", 0)], local))


ids = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="/\\"), min_size=1, max_size=10)


@given(st.lists(st.tuples(ids, st.integers(1, 4)), max_size=6, unique_by=lambda item: item[0]))
def test_products_are_matched_by_the_id_that_the_shop_gave_them(products: list[tuple[str, int]]) -> None:
    rows = [image(product, view) for product, views in products for view in range(views)]
    data = "".join(merchant_feed(rows, url)).encode()
    back = read_tsv(open_delimited(data, "feed.tsv"))
    assert [(row.product_id, row.image_uri) for row in back] == [(row.product_id, url(row.object_uri)) for row in rows]


def release_row(product: str, position: int, root: str) -> ReleaseRow:
    name = f"{product}-{position}"
    return ReleaseRow(
        product, name, "", "", "", "", "", "restyled", "", f"{root}/objects/inkwell/{name}.jpg", "", 1, 1, 1, 1.0,
        1.0, 1.0, 1.0, 0.0, 1.0, 0.0, "{}", "m", "run", "", position,
    )  # fmt: skip


@pytest.fixture
def published(tiny_shop: Callable[..., TinyShop]) -> TinyShop:
    """A shop with a release of two products in two parts."""
    made = tiny_shop()
    paths = BrandPaths(str(made.output), "inkwell")
    parts = [
        write_part(
            paths.release_parts,
            bucket,
            table_of([release_row(product, view, paths.root) for view in (10, 2, 0)], ReleaseRow),
        )
        for bucket, product in enumerate(["mug", "tee"])
    ]
    manifest = {"release_id": RELEASE, "date": "2026-11-23", "model_sha256": "m", "created_at": "2026-11-23T02:00:00"}
    write_release(paths, manifest, index_of(parts, ReleaseRow, 2))
    make_current(paths, read_pointer(paths.current), RELEASE, "publish", "run")
    return made


def run(made: TinyShop, *arguments: str) -> str:
    found = CliRunner().invoke(
        command, ["release", "feed", "--shop", str(made.file), *arguments], catch_exceptions=False
    )
    assert found.exit_code == 0, found.output
    return found.output


def test_the_feed_of_a_release_is_printed(published: TinyShop) -> None:
    lines = run(published, "--brand", "inkwell").splitlines()
    assert lines[0] == "product_id,image_id,image_url,outcome,reason,release_id"
    assert [line.split(",")[1] for line in lines[1:]] == ["mug-0", "mug-2", "mug-10", "tee-0", "tee-2", "tee-10"]
    assert f",file://{published.output}/objects/inkwell/mug-0.jpg,restyled,,{RELEASE}" in lines[1]
    published.configure_brand("inkwell", output={"public_base_url": "https://cdn.example"})
    lines = run(published, "--brand", "inkwell", "--format", "merchant", RELEASE).splitlines()
    assert lines[1] == (
        "mug\thttps://cdn.example/objects/inkwell/mug-0.jpg\t"
        "https://cdn.example/objects/inkwell/mug-2.jpg,https://cdn.example/objects/inkwell/mug-10.jpg"
    )


def test_a_feed_of_nothing(tiny_shop: Callable[..., TinyShop]) -> None:
    made = tiny_shop()
    with pytest.raises(InputError, match="nothing was published yet"):
        run(made, "--brand", "inkwell")


def test_files_beside_the_release_are_written_once(published: TinyShop) -> None:
    paths = BrandPaths(str(published.output), "inkwell")
    images, merchant = paths.product_feed(RELEASE, "images.csv"), paths.product_feed(RELEASE, "merchant.tsv")

    def written(base: str) -> Sequence[str]:
        return write_product_feeds(paths, RELEASE, published_images(read_index(paths, RELEASE)), base)

    assert written("") == [images]
    first = Path(images).read_text()
    assert first == run(published, "--brand", "inkwell")
    assert written("https://cdn.example") == [images, merchant]
    assert Path(images).read_text() == first
    published.configure_brand("inkwell", output={"public_base_url": "https://cdn.example"})
    assert Path(merchant).read_text() == run(published, "--brand", "inkwell", "--format", "merchant")


def test_feeds_of_rows_as_a_release_holds_them(published: TinyShop) -> None:
    rows = [release_row("mug", view, str(published.output)) for view in (10, 2, 0)]
    [_, line] = merchant_feed(rows, lambda uri: public_url(uri, str(published.output), "https://cdn.example"))
    assert line.startswith("mug\thttps://cdn.example/objects/inkwell/mug-0.jpg\t")
