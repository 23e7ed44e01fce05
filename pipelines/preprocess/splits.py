"""Which split and shard of the dataset a product belongs to; decided by its own hashes, so that nights agree."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from pipelines.preprocess.prepare import Picture

# Upper bounds on the unit interval that product hashes fall on.
SPLIT_BOUNDS: Final = {"train": 0.8, "validation": 0.9, "test": 1.0}
PRODUCTS_FOR_ALL_SPLITS: Final = 10
Row = TypeVar("Row", bound=Picture)


@dataclass(frozen=True)
class Shard:
    """One file of the dataset: `index` of `count` in `split`."""

    split: str
    index: int
    count: int


def split_products(product_ids: Sequence[str]) -> dict[str, str]:
    """Split of each product: roughly 80 / 10 / 10 by a hash of its id, all its views together.

    A product keeps its split whatever else is in the catalog, except that a split left empty takes one product:
    train always, the others from ten products on.
    """
    positions = sorted((unit_hash("split", product), product) for product in set(product_ids))
    splits = {product: _split_at(position) for position, product in positions}
    wanted = list(SPLIT_BOUNDS) if len(positions) >= PRODUCTS_FOR_ALL_SPLITS else ["train"][: len(positions)]
    for split in wanted:
        members = list(splits.values())
        if split not in members:
            largest = max(SPLIT_BOUNDS, key=members.count)
            splits[next(product for _, product in positions if splits[product] == largest)] = split
    return splits


def assign_shards(rows: Sequence[Row], images_per_shard: int) -> Iterator[tuple[Shard, tuple[Row, ...]]]:
    """Every shard with its rows, in an order that mixes products; a shard may be empty.

    A product's shard is decided by its hash alone and the number of shards is a power of two: what changes in the
    catalog changes only the shards of the products concerned, and a number that doubles cuts each shard in two.
    """
    splits = split_products([row.product_id for row in rows])
    by_split: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_split[splits[row.product_id]].append(row)
    for split in SPLIT_BOUNDS:
        members = by_split[split]
        count = shard_count(len(members), images_per_shard)
        shards: dict[int, list[Row]] = defaultdict(list)
        for row in sorted(members, key=lambda row: (unit_hash("order", row.image_id), row.image_id)):
            shards[shard_index(row.product_id, count)].append(row)
        for index in range(count):
            yield Shard(split, index, count), tuple(shards[index])


def shard_count(images: int, images_per_shard: int) -> int:
    """Shards of a split of so many images: the least power of two that holds them on average; 0 for none."""
    needed = -(-images // images_per_shard)
    return 1 << (needed - 1).bit_length() if needed else 0


def shard_index(product_id: str, count: int) -> int:
    """Shard of a product's images among `count`, a power of two."""
    return _bits("shard", product_id) & (count - 1)


def unit_hash(purpose: str, name: str) -> float:
    """A number in 0..1 for a name, another one for every purpose."""
    return _bits(purpose, name) / 2**64


def _bits(purpose: str, name: str) -> int:
    return int.from_bytes(hashlib.sha256(f"{purpose}/{name}".encode()).digest()[:8], "big")


def _split_at(position: float) -> str:
    return next(split for split, bound in SPLIT_BOUNDS.items() if position < bound or bound == 1)
