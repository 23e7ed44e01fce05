from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tiny_shop import DATE

from pipelines.core.errors import FeedError
from pipelines.core.feed_settings import FeedSettings
from pipelines.release.feeds.read import read_feed
from pipelines.release.feeds.rows import FeedRow

FEEDS = Path(__file__).parent / "feeds"
CDN = "https://cdn.example"


def rows_of(file: Path, **settings: Any) -> list[FeedRow]:
    return list(read_feed(FeedSettings(uri=str(file), **settings), DATE))


def export(tmp_path: Path, text: str, name: str = "products_export.csv") -> Path:
    (tmp_path / name).write_text(text)
    return tmp_path / name


def test_an_export_with_awkward_lines() -> None:
    mug, tee = ("Plain Mug", "Mugs"), ("Tee", "Apparel > Shirts")
    assert rows_of(FEEDS / "shopify_before_2025.csv") == [
        FeedRow(10, problem="line 12: expected a handle, found none"),
        FeedRow(12, problem="line 14: more values than the header has columns"),
        FeedRow(1, "plain-mug", f"{CDN}/mug.jpg", "", *mug),
        FeedRow(1, "plain-mug", f"{CDN}/mug-side.jpg", "", *mug),
        FeedRow(1, "plain-mug", f"{CDN}/mug-top.jpg", "", *mug),
        FeedRow(1, "plain-mug", f"{CDN}/mug-late.jpg", "", *mug),
        FeedRow(4, "tee", f"{CDN}/tee-back.jpg", "", *tee),
        FeedRow(4, "tee:TEE-R-S", f"{CDN}/tee-red.jpg", "", *tee),
        FeedRow(4, "tee:Blue-S", f"{CDN}/tee-blue.jpg", "", *tee),
        FeedRow(7, "cap", f"{CDN}/cap.jpg", "", "Cap", "Caps"),
    ]


def test_the_column_names_since_2025() -> None:
    assert rows_of(FEEDS / "shopify_since_2025.csv") == [
        FeedRow(1, "plain-mug", f"{CDN}/mug.jpg?v=17", "", "Plain Mug", "Home & Garden > Kitchen"),
        FeedRow(2, "tee:TEE-R", f"{CDN}/tee-red.jpg", "", "Tee", "Tees"),
        FeedRow(2, "tee:TEE-B", f"{CDN}/tee-blue.jpg", "", "Tee", "Tees"),
    ]


def test_a_variant_picture_that_is_in_no_gallery(tmp_path: Path) -> None:
    text = "Handle,Image Src,Variant Image,Variant SKU\ncap,,https://a/cap.jpg,C-1\ncap,https://a/back.jpg,,\n"
    assert [row.image_uri for row in rows_of(export(tmp_path, text))] == ["https://a/back.jpg", "https://a/cap.jpg"]


def test_variants_without_a_name_stay_with_the_product(tmp_path: Path) -> None:
    text = "Handle,Image Src,Variant Image\ncap,,https://a/1.jpg\ncap,,https://a/2.jpg\n"
    assert {row.product_id for row in rows_of(export(tmp_path, text))} == {"cap"}


def test_products_without_any_picture_are_no_feed(tmp_path: Path) -> None:
    with pytest.raises(FeedError, match="the feed has no rows"):
        rows_of(export(tmp_path, "Handle,Title,Image Src\ncard,Card,\n"))


def test_what_is_no_export(tmp_path: Path) -> None:
    file = export(tmp_path, "Handle,Title\ncard,Card\n")
    with pytest.raises(FeedError, match=r"expected the columns Handle and Image Src.*found Handle, Title"):
        rows_of(file, format="shopify")
    with pytest.raises(FeedError, match="product_id, image_uri is missing"):
        rows_of(file)
