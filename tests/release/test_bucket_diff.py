"""Keys that are taken over are those that would have been computed."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.core.contracts import ImageFacts, ReleaseRow, SnapshotRow
from pipelines.core.tables import table_of
from pipelines.release.bucket_diff import diff_bucket, readable_images
from pipelines.release.work_key import KeyBasis, work_keys

BASIS = KeyBasis("model", "recipe")
# (product, view) to the bytes that the view has; small numbers, so that nights often agree.
catalogs = st.dictionaries(st.tuples(st.integers(0, 4), st.integers(0, 2)), st.integers(0, 2), max_size=10)


def night(catalog: dict[tuple[int, int], int], words: int = 0) -> Any:
    rows, facts = [], []
    for (product, view), content in sorted(catalog.items()):
        names = (f"p{product}", f"p{product}-{view}")
        rows.append(SnapshotRow(*names, f"/{names[1]}", f"title {words}", "mugs", f"bytes-{content}", 1))
        facts.append(ImageFacts(*names, f"bytes-{content}", 8, 8, False, "studio", "", json.dumps({})))
    return readable_images(table_of(rows, SnapshotRow), table_of(facts, ImageFacts), frozenset(), "night")


def released(images: Any, basis: KeyBasis) -> Any:
    keys = work_keys(basis, images.column("product_id").to_pylist(), images.column("source_sha256").to_pylist())
    rows = [
        ReleaseRow(
            row["product_id"], row["image_id"], row["title"], row["category"], row["image_uri"], row["source_sha256"],
            key, "restyled", "", f"/o/{key}", key, 1, 8, 8, 1.0, 0.9, 0.9, 1.0, 0.0, 1.0, 0.0, "{}", "model", "run",
        )
        for row, key in zip(images.to_pylist(), keys, strict=True)
    ]  # fmt: skip
    return table_of(rows, ReleaseRow)


@settings(deadline=None)
@given(before=catalogs, after=catalogs, words=st.integers(0, 1))
def test_the_short_way_finds_what_the_long_way_finds(
    before: dict[tuple[int, int], int], after: dict[tuple[int, int], int], words: int
) -> None:
    base, nothing = released(night(before), BASIS), table_of([], ReleaseRow)
    images = night(after, words)
    short = diff_bucket(images, base, nothing, BASIS, same_basis=True)
    long = diff_bucket(images, base, nothing, BASIS)
    assert short == long
    assert short.settled + len(short.open) == len(after)
    unchanged = {
        image for image, content in after.items()
        if {view: before.get(view) for view in after if view[0] == image[0]}
        == {view: value for view, value in after.items() if view[0] == image[0]}
        and sum(view[0] == image[0] for view in before) == sum(view[0] == image[0] for view in after)
    }  # fmt: skip
    open_ids = {row["image_id"] for row in short.open}
    assert not open_ids & {f"p{product}-{view}" for product, view in unchanged}
    kept = set(base.column("image_id").to_pylist()) - set(short.without)
    assert words or kept >= {f"p{product}-{view}" for product, view in unchanged}


@settings(deadline=None)
@given(catalogs)
def test_another_basis_opens_everything(catalog: dict[tuple[int, int], int]) -> None:
    images = night(catalog)
    base = released(images, KeyBasis("another model", "recipe"))
    found = diff_bucket(images, base, table_of([], ReleaseRow), BASIS)
    assert (found.settled, len(found.open)) == (0, len(catalog))
    assert sorted(found.without) == sorted(base.column("image_id").to_pylist())
