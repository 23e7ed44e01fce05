from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipelines.restyle.batching import bounded_batches

SIZES = st.tuples(st.sampled_from([8, 300, 1000, 5000]), st.sampled_from([8, 301, 1000, 4000]))


@given(st.lists(SIZES, max_size=60), st.integers(1, 9), st.integers(64, 3_000_000))
def test_batches_hold_every_picture_once_within_the_bounds(
    sizes: list[tuple[int, int]], max_images: int, max_pixels: int
) -> None:
    items = list(enumerate(sizes))
    batches = list(bounded_batches(items, lambda item: item[1], max_images, max_pixels))
    assert sorted(item for batch in batches for item in batch) == items
    for batch in batches:
        assert len({size for _, size in batch}) == 1
        height, width = batch[0][1]
        assert len(batch) <= max_images
        assert len(batch) == 1 or len(batch) * height * width <= max_pixels


def test_pictures_of_one_size_fill_batches_in_their_order() -> None:
    batches = list(bounded_batches(range(20), lambda _: (10, 10), max_images=8, max_pixels=10_000))
    assert [len(batch) for batch in batches] == [8, 8, 4]
    assert [item for batch in batches for item in batch] == list(range(20))
