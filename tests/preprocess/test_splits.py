from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from pipelines.core.contracts import SnapshotRow
from pipelines.preprocess.splits import SPLIT_BOUNDS, assign_shards, split_products

products = st.lists(st.text(min_size=1, max_size=12), unique=True, max_size=60)


def row(product_id: str, image_id: str) -> SnapshotRow:
    return SnapshotRow(product_id, image_id, f"/{image_id}", "", "", "0" * 64, 1)


@given(products)
def test_every_product_has_one_split_and_none_is_empty_from_ten_products_on(product_ids: list[str]) -> None:
    splits = split_products(product_ids)
    assert set(splits) == set(product_ids)
    assert set(splits.values()) <= set(SPLIT_BOUNDS)
    if product_ids:
        assert "train" in splits.values()
    if len(product_ids) >= 10:
        assert set(splits.values()) == set(SPLIT_BOUNDS)


@given(products, st.randoms(use_true_random=False))
def test_splits_do_not_depend_on_order_or_repetition(product_ids: list[str], rng: random.Random) -> None:
    shuffled = product_ids * 2
    rng.shuffle(shuffled)
    assert split_products(shuffled) == split_products(product_ids)


def test_shares_are_roughly_80_10_10_and_products_stay_when_the_catalog_grows() -> None:
    few = split_products([f"product-{number}" for number in range(1000)])
    many = split_products([f"product-{number}" for number in range(2000)])
    assert all(many[product] == split for product, split in few.items())
    shares = {split: sum(value == split for value in many.values()) / 2000 for split in SPLIT_BOUNDS}
    assert abs(shares["train"] - 0.8) < 0.03
    assert abs(shares["validation"] - 0.1) < 0.03
    assert abs(shares["test"] - 0.1) < 0.03


@given(views=st.lists(st.integers(1, 5), max_size=25), images_per_shard=st.integers(1, 9))
def test_each_row_is_in_one_shard_of_its_products_split(views: list[int], images_per_shard: int) -> None:
    rows = [row(f"p{p}", f"p{p}/{view}") for p, count in enumerate(views) for view in range(count)]
    shards = list(assign_shards(rows, images_per_shard))
    placed = [member.image_id for _, members in shards for member in members]
    assert sorted(placed) == sorted(member.image_id for member in rows)
    splits = split_products([member.product_id for member in rows])
    for shard, members in shards:
        assert shard.count & (shard.count - 1) == 0
        assert {splits[member.product_id] for member in members} <= {shard.split}
    for split in SPLIT_BOUNDS:
        numbers = [(shard.index, shard.count) for shard, _ in shards if shard.split == split]
        assert numbers == [(index, len(numbers)) for index in range(len(numbers))]


@given(st.sets(st.integers(0, 200), max_size=60), st.integers(0, 200))
def test_a_product_that_comes_or_goes_changes_its_own_shard_alone(numbers: set[int], other: int) -> None:
    rows = [[row(f"p{number}", f"p{number}/0") for number in some] for some in (numbers, numbers ^ {other})]
    splits = [split_products([member.product_id for member in some]) for some in rows]
    moved = [product for product in splits[0] if splits[1].get(product, splits[0][product]) != splits[0][product]]
    before, after = (dict(assign_shards(some, 4)) for some in rows)
    # An empty split takes a product from another one, and a split that grows is cut anew: then more is touched.
    if not moved and set(before) == set(after):
        assert sum(before[shard] != after[shard] for shard in before) <= 1


def test_shards_are_full_on_average() -> None:
    rows = [row(f"p{number}", f"p{number}/0") for number in range(1000)]
    lengths = [len(members) for shard, members in assign_shards(rows, 10) if shard.split == "train"]
    assert len(lengths) == 128
    assert 5 <= sum(lengths) / len(lengths) <= 10


@given(st.randoms(use_true_random=False))
def test_shards_do_not_depend_on_the_order_of_the_snapshot(rng: random.Random) -> None:
    rows = [row(f"p{number % 13}", f"image-{number}") for number in range(40)]
    shuffled = rows.copy()
    rng.shuffle(shuffled)
    assert list(assign_shards(shuffled, 6)) == list(assign_shards(rows, 6))
