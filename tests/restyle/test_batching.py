from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipelines.restyle.batching import bounded_batches, by_product

GROUPS = st.lists(st.lists(st.sampled_from([64, 90_000, 1_000_000, 20_000_000]), min_size=1, max_size=9), max_size=20)


@given(GROUPS, st.integers(1, 9), st.integers(64, 3_000_000))
def test_batches_hold_every_picture_once_and_products_whole_within_the_bounds(
    groups: list[list[int]], max_images: int, max_pixels: int
) -> None:
    products = [[(index, pixels) for pixels in group] for index, group in enumerate(groups)]
    batches = list(bounded_batches(products, lambda item: item[1], max_images, max_pixels))
    assert [item for batch in batches for item in batch] == [item for product in products for item in product]
    homes = [{index for index, _ in batch} for batch in batches]
    assert sum(map(len, homes)) == len(products)
    for batch, home in zip(batches, homes, strict=True):
        fits = len(batch) <= max_images and sum(pixels for _, pixels in batch) <= max_pixels
        assert fits or len(home) == 1


def test_batches_are_filled() -> None:
    batches = list(bounded_batches([[index] for index in range(20)], lambda _: 100, max_images=8, max_pixels=10_000))
    assert [len(batch) for batch in batches] == [8, 8, 4]
    assert list(bounded_batches([], lambda _: 1)) == []


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers())))
def test_products_keep_their_views_and_the_order_in_which_they_come(items: list[tuple[str, int]]) -> None:
    groups = by_product(items, lambda item: item[0])
    assert [group[0][0] for group in groups] == list(dict.fromkeys(product for product, _ in items))
    for group in groups:
        assert group == [item for item in items if item[0] == group[0][0]]
