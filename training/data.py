"""Training content: the shop's pictures from a TensorFlow dataset folder or a plain folder."""

from __future__ import annotations

import dataclasses
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.core.errors import ImageRejected, InputError, MissingArtifact
from pipelines.images.colour import LabStatistics, lab_statistics
from pipelines.images.decode import DecodeLimits, decode_image
from pipelines.images.encode import flatten_on_white
from pipelines.images.geometry import resize, resize_long_side
from pipelines.images.mask import product_mask

_SUFFIXES: Final = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".avif"}
HELD_OUT_PARTS: Final = 8


@dataclass(frozen=True)
class ContentPicture:
    """One picture at training size.

    Attributes:
        product_id: pictures of one product share colour parameters and the side of the hold-out split.
        image_id: name of the picture.
        rgb: uint8 [H,W,3].
        weights: product mask, float32 [H,W] in 0..1.
        statistics: of all the product's pictures together.
    """

    product_id: str
    image_id: str
    rgb: NDArray[np.uint8]
    weights: NDArray[np.float32]
    statistics: LabStatistics


@dataclass(frozen=True)
class Content:
    """Training pictures, held-out pictures, and how many files could not be read."""

    train: tuple[ContentPicture, ...]
    held_out: tuple[ContentPicture, ...]
    unreadable: int


@dataclass(frozen=True)
class _Row:
    """One picture as its source has it; `held_out`: never to be trained on."""

    product_id: str
    image_id: str
    rgb: NDArray[np.uint8]
    weights: NDArray[np.float32]
    held_out: bool


def load_content(source: Path, long_side_px: int, limit: int, seed: int = 0, *, least_px: int = 64) -> Content:
    """Read up to `limit` pictures and set products apart that are never trained on: those of the dataset's other splits
    than `train`, or about an eighth of a folder's, always the same ones.

    Args:
        source: folder written by preprocessing (it has `dataset_info.json`) or a folder of pictures; below the latter,
            a sub-folder is one product and a file beside them a product of its own.
        long_side_px: larger pictures are shrunk to this long side.
        limit: sampled without replacement by `seed` when there are more.
        seed: of that sample.
        least_px: pictures whose short side is below are enlarged to it.

    Raises:
        MissingArtifact: nothing is at `source`.
        InputError: no picture there shows a product.
    """
    if not source.exists():
        raise MissingArtifact(f"content {source}: nothing there; run preprocessing first or name a folder of pictures")
    dataset = (source / "dataset_info.json").exists()
    unreadable = 0
    rows: list[_Row] = []
    for row in _dataset_rows(source, limit, seed) if dataset else _folder_rows(source, limit, seed):
        if row is None:
            unreadable += 1
        else:
            rows.append(_resized(row, long_side_px, least_px))
    pictures = _with_statistics(rows)
    if not pictures:
        raise InputError(f"content {source}: expected pictures of products, found none ({unreadable} unreadable)")
    apart = {row.product_id for row in rows if row.held_out}
    held_out = tuple(p for p in pictures if p.product_id in apart)
    train = tuple(p for p in pictures if p.product_id not in apart)
    if not train or not held_out:
        train = held_out = pictures
    return Content(train, held_out, unreadable)


def is_held_out(product_id: str) -> bool:
    """Whether a product of a plain folder never is trained on; decided by a hash of its name."""
    return hashlib.sha256(product_id.encode()).digest()[0] % HELD_OUT_PARTS == 0


def _folder_rows(folder: Path, limit: int, seed: int) -> Iterator[_Row | None]:
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in _SUFFIXES and p.is_file())
    for file in _sample(files, limit, seed):
        try:
            decoded = decode_image(file.read_bytes(), DecodeLimits())
        except (ImageRejected, OSError):
            yield None
            continue
        rgb, alpha = decoded.rgb, decoded.alpha
        mask = product_mask(rgb, alpha)
        rgb = rgb if alpha is None else flatten_on_white(rgb, alpha)
        product = file.stem if file.parent == folder else file.parent.name
        yield _Row(product, str(file.relative_to(folder)), rgb, mask.weights, is_held_out(product))


def _dataset_rows(folder: Path, limit: int, seed: int) -> Iterator[_Row | None]:
    import tensorflow_datasets as tfds

    builder = tfds.builder_from_directory(str(folder))
    total = sum(info.num_examples for info in builder.info.splits.values())
    chosen = set(_sample(range(total), limit, seed))
    number = -1
    for split in sorted(builder.info.splits):
        for example in tfds.as_numpy(builder.as_dataset(split=split, shuffle_files=False)):
            number += 1
            if number in chosen:
                weights = example["weights"][..., 0].astype(np.float32) / np.float32(255)
                names = _text(example["product_id"]), _text(example["image_id"])
                yield _Row(*names, example["image"], weights, held_out=split != "train")


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _sample(items: Sequence[Any], limit: int, seed: int) -> Iterable[Any]:
    if len(items) <= limit:
        return items
    chosen = np.random.default_rng([seed, 71]).choice(len(items), limit, replace=False)
    return [items[index] for index in sorted(chosen)]


def _resized(row: _Row, long_side_px: int, least_px: int) -> _Row:
    rgb = resize_long_side(row.rgb, long_side_px, least_px)
    return dataclasses.replace(row, rgb=rgb, weights=resize(row.weights, rgb.shape[0], rgb.shape[1]))


def _with_statistics(rows: list[_Row]) -> tuple[ContentPicture, ...]:
    by_product: dict[str, LabStatistics] = defaultdict(LabStatistics)
    for row in rows:
        by_product[row.product_id] = by_product[row.product_id] + lab_statistics(row.rgb, row.weights)
    return tuple(
        ContentPicture(row.product_id, row.image_id, row.rgb, row.weights, by_product[row.product_id])
        for row in rows
        if row.weights.mean() > 0.01
    )
