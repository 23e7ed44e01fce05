from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipelines.core.errors import SettingsError
from pipelines.sample_shop.catalogue import CATALOGUE, selected
from pipelines.sample_shop.contact import contact_sheet
from pipelines.sample_shop.product import WHITE, Product
from pipelines.sample_shop.write import COLUMNS, SampleShop, image_name, write_sample_shop

SMALL = {"products": 8, "size_px": 96, "references_per_brand": 2}


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SampleShop]:
    yield write_sample_shop(tmp_path_factory.mktemp("shop"), **SMALL)


def hashes(root: Path) -> dict[str, str]:
    files = sorted(p for p in root.rglob("*") if p.is_file() and p.name != "contact-sheet.jpg")
    return {str(p.relative_to(root)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def feed_rows(shop: SampleShop) -> list[dict[str, str]]:
    with shop.feed.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def shown(shop: SampleShop) -> list[tuple[Product, Path]]:
    chosen = selected(shop.product_count)
    return [(p, shop.images / image_name(p, v)) for p in chosen for v in p.views]


def test_two_writes_give_the_same_bytes(shop: SampleShop, tmp_path: Path) -> None:
    write_sample_shop(tmp_path, **SMALL)
    assert hashes(tmp_path) == hashes(shop.root)
    assert len(set(hashes(shop.root).values())) == shop.image_count + shop.reference_count + 1


def test_two_workers_write_the_same_bytes_as_one(tmp_path: Path) -> None:
    tiny = {"products": 2, "size_px": 64, "references_per_brand": 1}
    write_sample_shop(tmp_path / "one", **tiny)
    write_sample_shop(tmp_path / "two", **tiny, workers=2)
    assert hashes(tmp_path / "one") == hashes(tmp_path / "two")


def test_feed_lists_every_picture_once(shop: SampleShop) -> None:
    rows = feed_rows(shop)
    assert tuple(rows[0]) == COLUMNS
    listed = [(shop.feed.parent / row["image_uri"]).resolve() for row in rows]
    assert sorted(listed) == sorted(p.resolve() for p in shop.images.iterdir())
    assert len(listed) == len(set(listed)) == shop.image_count
    assert len({row["image_id"] for row in rows}) == len(rows)
    assert len({row["product_id"] for row in rows}) == shop.product_count
    assert all(row["title"] and row["category"] in shop.category_counts for row in rows)


def test_white_backgrounds_are_exactly_white(shop: SampleShop) -> None:
    white = [path for product, path in shown(shop) if product.backdrop == WHITE]
    assert white
    for path in white:
        with Image.open(path) as image:
            rgb = np.asarray(image)
        assert (rgb[[0, 0, -1, -1], [0, -1, 0, -1]] == 255).all(), path.name
        assert (rgb[0] == 255).all(), path.name
        assert 0.02 < (rgb.min(axis=2) < 235).mean() < 0.85, path.name


def test_plain_backgrounds_are_coloured(shop: SampleShop) -> None:
    coloured = [path for product, path in shown(shop) if product.backdrop not in (WHITE, None)]
    assert coloured
    for path in coloured:
        with Image.open(path) as image:
            corners = np.asarray(image)[[0, 0, -1, -1], [0, -1, 0, -1]]
        assert (corners.max(axis=1) < 250).all(), path.name


def test_cut_outs_have_alpha(shop: SampleShop) -> None:
    cut_outs = [path for product, path in shown(shop) if product.backdrop is None]
    assert cut_outs
    for path in cut_outs:
        with Image.open(path) as image:
            assert image.format == "PNG"
            assert image.mode == "RGBA"
            alpha = np.asarray(image)[..., 3]
        assert (alpha[[0, 0, -1, -1], [0, -1, 0, -1]] == 0).all()
        assert (alpha == 255).mean() > 0.05
        assert ((alpha > 0) & (alpha < 255)).any()


def test_views_of_a_product_differ(shop: SampleShop) -> None:
    several = [product for product in selected(shop.product_count) if len(product.views) > 1]
    assert several
    for product in several:
        pictures = []
        for view in product.views:
            with Image.open(shop.images / image_name(product, view)) as image:
                pictures.append(np.asarray(image.convert("RGB")).astype(np.float32))
        assert np.abs(pictures[0] - pictures[1]).mean() > 0.5, product.product_id


def test_catalogue_is_large_and_varied() -> None:
    ids = [product.product_id for product in CATALOGUE]
    assert len(ids) == len(set(ids)) >= 64
    assert len({product.category for product in CATALOGUE}) >= 7
    assert sum(len(product.views) in (2, 3) for product in CATALOGUE) >= 20
    assert 95 <= sum(len(product.views) for product in CATALOGUE) <= 115
    assert sum(product.backdrop is None for product in CATALOGUE) >= 8
    assert all(set(product_id) <= set("abcdefghijklmnopqrstuvwxyz0123456789-") for product_id in ids)
    for product in CATALOGUE:
        names = {part.name for part in product.shape.parts()}
        assert names <= set(product.finishes), product.product_id
        assert {label.part for label in product.labels} <= names, product.product_id
        assert len({view.name for view in product.views}) == len(product.views), product.product_id


@pytest.mark.parametrize("count", [1, 6, 7, 12, 30, 76])
def test_smaller_shops_keep_the_proportions(count: int) -> None:
    chosen = selected(count)
    assert len({product.product_id for product in chosen}) == count
    if count >= 6:
        assert any(product.backdrop is None for product in chosen)
        assert any(len(product.views) > 1 for product in chosen)
    if count >= 12:
        assert len({product.category for product in chosen}) >= 7


@pytest.mark.parametrize(
    ("name", "value"),
    [("products", 0), ("products", 999), ("size_px", 8), ("references_per_brand", 11), ("workers", 0)],
)
def test_bad_arguments_are_named(name: str, value: int, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=f"{name}: expected"):
        write_sample_shop(tmp_path, **{name: value})
    assert not any(tmp_path.iterdir())


def hand(path: Path) -> np.ndarray:
    """Mean chroma, and the share of neighbours that differ by more than 48 of 255 in luma."""
    with Image.open(path) as image:
        rgb = np.asarray(image.convert("RGB")).astype(np.float32)
    luma = rgb @ np.array([0.299, 0.587, 0.114], np.float32)
    chroma = (rgb.max(axis=2) - rgb.min(axis=2)).mean() / 255.0
    step = (np.abs(np.diff(luma, axis=1)) > 48).mean()
    return np.array([chroma, step])


def test_the_two_hands_differ_more_than_pictures_of_one_hand(shop: SampleShop) -> None:
    """Gouache is flat colour, ink is steps from paper to line: each measure parts the brands with no overlap."""
    ink, gouache = (np.array([hand(p) for p in sorted(shop.references[b].iterdir())]) for b in ("inkwell", "gouache"))
    assert len(ink) == len(gouache) == 2
    assert gouache[:, 0].min() > 1.5 * ink[:, 0].max()
    assert ink[:, 1].min() > 1.5 * gouache[:, 1].max()


def test_contact_sheet_shows_everything(shop: SampleShop) -> None:
    sheet = contact_sheet(shop.root)
    assert (shop.root / "contact-sheet.jpg").is_file()
    assert sheet.width > 1500
    tones = np.asarray(sheet.convert("L"))
    assert (tones < 200).mean() > 0.05
