"""Writes the sample shop to disk: pictures, the feed that lists them, and the brands' references."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

from PIL import Image

from pipelines.core.errors import SettingsError
from pipelines.sample_shop.catalogue import CATALOGUE, selected
from pipelines.sample_shop.product import Product
from pipelines.sample_shop.references import BRANDS, REFERENCES_PER_BRAND, Reference, picture, references
from pipelines.sample_shop.studio import View, photograph

COLUMNS = ("product_id", "image_id", "image_uri", "title", "category")
_SMALLEST_PX, _LARGEST_PX = 64, 1024


@dataclass(frozen=True)
class SampleShop:
    """What was written, and where.

    Attributes:
        root: the shop's folder.
        feed: the product feed, CSV; its image_uri are relative to the feed file.
        images: folder of product pictures.
        references: folder of reference pictures of every brand.
        product_count, image_count, reference_count: how many of each.
        category_counts: products in every category.
    """

    root: Path
    feed: Path
    images: Path
    references: Mapping[str, Path]
    product_count: int
    image_count: int
    reference_count: int
    category_counts: Mapping[str, int]


@dataclass(frozen=True)
class _Shot:
    """One product picture to take, by place in the catalogue so that it travels to another process cheaply."""

    product: int
    view: int
    size_px: int


@dataclass(frozen=True)
class _Drawing:
    reference: Reference
    side_px: int


def write_sample_shop(
    root: Path, *, products: int | None = None, size_px: int = 512, references_per_brand: int = 10, workers: int = 1
) -> SampleShop:
    """Renders the sample shop into `root`: the same bytes every time on one platform.

    Args:
        root: folder to write to; it is created, files of the same names are replaced.
        products: how many products, spread over the categories; None for all.
        size_px: side of the square product pictures, 64 to 1024. References are 27/32 of it, 128 to 432.
        references_per_brand: 1 to 10.
        workers: processes that render; the result is the same for any number. With more than one the caller's
            main module has to be importable (multiprocessing "spawn").

    Raises:
        SettingsError: an argument is out of range.
    """
    _check_range("size_px", size_px, _SMALLEST_PX, _LARGEST_PX)
    _check_range("references_per_brand", references_per_brand, 1, REFERENCES_PER_BRAND)
    _check_range("workers", workers, 1, 64)
    chosen = selected(products)
    side_px = min(432, max(128, round(size_px * 27 / 32)))
    feed, images = root / "feed" / "products.csv", root / "images"
    folders = {brand: root / "brands" / brand / "references" for brand in BRANDS}
    jobs: list[tuple[Path, _Shot | _Drawing]] = []
    for product in chosen:
        for number, view in enumerate(product.views):
            shot = _Shot(CATALOGUE.index(product), number, size_px)
            jobs.append((images / image_name(product, view), shot))
    shots = len(jobs)
    jobs.extend((folders[r.brand] / r.filename, _Drawing(r, side_px)) for r in references(references_per_brand))
    for folder in (feed.parent, images, *folders.values()):
        folder.mkdir(parents=True, exist_ok=True)
    for (path, _), data in zip(jobs, _rendered([job for _, job in jobs], workers), strict=True):
        path.write_bytes(data)
    feed.write_text(_feed(chosen), encoding="utf-8", newline="")
    counts: dict[str, int] = {}
    for product in chosen:
        counts[product.category] = counts.get(product.category, 0) + 1
    return SampleShop(root, feed, images, folders, len(chosen), shots, len(jobs) - shots, counts)


def image_id(product: Product, view: View) -> str:
    """Identifier of one picture of a product."""
    return f"{product.product_id}-{view.name}"


def image_name(product: Product, view: View) -> str:
    """File name of one picture: PNG for cut-outs, JPEG otherwise."""
    return f"{image_id(product, view)}.{'png' if product.backdrop is None else 'jpg'}"


def _check_range(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise SettingsError(f"{name}: expected {low} to {high}, received {value}")


def _feed(products: Iterable[Product]) -> str:
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    for product in products:
        for view in product.views:
            uri = f"../images/{image_name(product, view)}"
            rows.writerow([product.product_id, image_id(product, view), uri, product.title, product.category])
    return text.getvalue()


def _rendered(jobs: list[_Shot | _Drawing], workers: int) -> Iterator[bytes]:
    if workers == 1:
        yield from map(_encoded, jobs)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        yield from pool.map(_encoded, jobs, chunksize=3)


def _encoded(job: _Shot | _Drawing) -> bytes:
    """Renders one picture and encodes it."""
    if isinstance(job, _Drawing):
        drawing = Image.fromarray(picture(job.reference, job.side_px))
        return _bytes(drawing, "PNG" if job.reference.filename.endswith(".png") else "JPEG")
    product = CATALOGUE[job.product]
    shot = photograph(
        product.shape.parts(), product.finishes, product.labels, product.views[job.view], job.size_px, product.backdrop
    )
    image = Image.fromarray(shot.rgb)
    if product.backdrop is None:
        image.putalpha(Image.fromarray(shot.alpha))
        return _bytes(image, "PNG")
    return _bytes(image, "JPEG")


def _bytes(image: Image.Image, form: str) -> bytes:
    out = io.BytesIO()
    if form == "PNG":
        image.save(out, "PNG", compress_level=6)
    else:
        image.save(out, "JPEG", quality=93, subsampling=0)
    return out.getvalue()
