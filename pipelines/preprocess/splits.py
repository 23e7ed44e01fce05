"""Which split and shard of the training dataset an image belongs to; decided by hashes, so that reruns agree."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from pipelines.core.contracts import SnapshotRow

# Upper bounds on the unit interval that product hashes fall on.
SPLIT_BOUNDS: Final = {"train": 0.8, "validation": 0.9, "test": 1.0}
PRODUCTS_FOR_ALL_SPLITS: Final = 10


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
    positions = sorted((_unit_hash(f"split/{product}"), product) for product in set(product_ids))
    splits = {product: _split_at(position) for position, product in positions}
    wanted = list(SPLIT_BOUNDS) if len(positions) >= PRODUCTS_FOR_ALL_SPLITS else ["train"][: len(positions)]
    for split in wanted:
        members = list(splits.values())
        if split not in members:
            largest = max(SPLIT_BOUNDS, key=members.count)
            splits[next(product for _, product in positions if splits[product] == largest)] = split
    return splits


def assign_shards(
    rows: Sequence[SnapshotRow], images_per_shard: int
) -> Iterator[tuple[Shard, tuple[SnapshotRow, ...]]]:
    """Shards of nearly equal length with their rows, in an order that mixes products."""
    splits = split_products([row.product_id for row in rows])
    by_split: dict[str, list[SnapshotRow]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (_unit_hash(f"order/{row.image_id}"), row.image_id)):
        by_split[splits[row.product_id]].append(row)
    for split in SPLIT_BOUNDS:
        members = by_split[split]
        count = -(-len(members) // images_per_shard)
        for index in range(count):
            yield Shard(split, index, count), tuple(members[index::count])


def _unit_hash(text: str) -> float:
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") / 2**64


def _split_at(position: float) -> str:
    return next(split for split, bound in SPLIT_BOUNDS.items() if position < bound or bound == 1)
