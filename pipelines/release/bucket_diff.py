"""Compares one bucket of tonight's catalog with what is published, column by column.

Everything is a join of Arrow tables; rows become Python objects only where something is new.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Final

from pipelines.core.contracts import ImageFacts, ReleaseRow, SnapshotRow, WorkRow
from pipelines.core.errors import MissingArtifact
from pipelines.core.tables import arrow_schema
from pipelines.release.work_key import KeyBasis, work_keys

if TYPE_CHECKING:
    import pyarrow as pa

CATALOG_COLUMNS: Final = (
    "product_id", "image_id", "title", "category", "image_uri", "source_sha256", "feed_uri", "position"
)  # fmt: skip
"""Columns of a release row that tonight's catalog decides; a `WorkRow` decides the others."""
WORK_COLUMNS: Final = tuple(field.name for field in fields(WorkRow) if field.name != "source_sha256")


@dataclass(frozen=True)
class BucketDiff:
    """What becomes of a bucket.

    Attributes:
        settled: how many images published rows answer.
        reworded: ReleaseRow table of those answered ones that the base does not hold in the same words.
        without: ids of the base's images that the release is to hold no more, or otherwise.
        open: images that no published row answers, as plain rows.
    """

    settled: int
    reworded: pa.Table
    without: list[str]
    open: list[dict[str, Any]]


def readable_images(snapshot: pa.Table, facts: pa.Table, dropped: frozenset[str], where: str) -> pa.Table:
    """Columns of the snapshot and of the facts for every image that has facts of its own bytes.

    Raises:
        MissingArtifact: an image has neither those facts nor a dead letter (`dropped` names the images with one).
    """
    import pyarrow.compute as pc

    place = pc.index_in(snapshot.column("image_id").combine_chunks(), value_set=facts.column("image_id"))
    found = facts.take(place)
    known = pc.fill_null(pc.equal(found.column("source_sha256"), snapshot.column("source_sha256")), fill_value=False)
    missing = [name for name in snapshot.filter(pc.invert(known)).column("image_id").to_pylist() if name not in dropped]
    if missing:
        raise MissingArtifact(
            f"{where}: {len(missing)} images of the snapshot were not preprocessed, {missing[0]!r} the first; the "
            "snapshot is newer than the image facts: run catalog_preprocess for this date again."
        )
    joined = snapshot.select([name for name in arrow_schema(SnapshotRow).names if name != "source_version"])
    for name in arrow_schema(ImageFacts).names:
        if name not in joined.column_names:
            joined = joined.append_column(name, found.column(name))
    table: pa.Table = joined.filter(known)
    return table


def diff_bucket(
    images: pa.Table,
    base: pa.Table,
    others: pa.Table,
    basis: KeyBasis,
    region_marks: Sequence[str] | None = None,
    *,
    same_basis: bool = False,
) -> BucketDiff:
    """Join tonight's readable images of a bucket with published rows, by work key.

    Args:
        images: as `readable_images` gives them.
        base: ReleaseRow table that the new release starts from.
        others: further ReleaseRow table whose results may be taken over.
        basis: what all keys share.
        region_marks: one for each image, where the look has regions.
        same_basis: whether the keys of `base` were made on the same basis and without regions.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    same_name = pc.index_in(images.column("image_id").combine_chunks(), value_set=base.column("image_id"))
    before = base.take(same_name)
    known = _unchanged_products(images, before, base) if same_basis and region_marks is None else None
    images = images.append_column("work_key", _keys(images, before, basis, region_marks, known))
    same = pc.is_valid(same_name)
    for name in (*CATALOG_COLUMNS, "work_key"):
        same = pc.and_(same, pc.fill_null(pc.equal(before.column(name), images.column(name)), fill_value=False))
    kept = images.column("image_id").filter(same)
    without = base.column("image_id").filter(pc.invert(pc.is_in(base.column("image_id"), value_set=kept)))
    rest = images.filter(pc.invert(same))
    published = pa.concat_tables([base, others])
    place = pc.index_in(rest.column("work_key").combine_chunks(), value_set=published.column("work_key"))
    answered = pc.is_valid(place)
    reused, work = rest.filter(answered), published.take(pc.drop_null(place))
    columns = {name: reused.column(name) for name in CATALOG_COLUMNS}
    columns |= {name: work.column(name) for name in WORK_COLUMNS}
    schema = arrow_schema(ReleaseRow)
    return BucketDiff(
        settled=len(kept) + reused.num_rows,
        reworded=pa.Table.from_arrays([columns[name] for name in schema.names], schema=schema),
        without=without.to_pylist(),
        open=rest.filter(pc.invert(answered)).to_pylist(),
    )


def _keys(
    images: pa.Table, before: pa.Table, basis: KeyBasis, region_marks: Sequence[str] | None, known: Any | None
) -> pa.Array:
    """Work keys; those of products that are `known` to be as before are taken over, the others are hashed."""
    import pyarrow as pa
    import pyarrow.compute as pc

    fresh = images if known is None else images.filter(pc.invert(known))
    products, sources = fresh.column("product_id").to_pylist(), fresh.column("source_sha256").to_pylist()
    hashed = pa.array(work_keys(basis, products, sources, region_marks), pa.string())
    if known is None:
        return hashed
    return pc.replace_with_mask(before.column("work_key").combine_chunks(), pc.invert(known), hashed)


def _unchanged_products(images: pa.Table, before: pa.Table, base: pa.Table) -> pa.Array:
    """For each image, whether its product has the same views of the same bytes as in the base.

    Args:
        images: tonight's, whole products.
        before: rows of the base under the same image ids, null where there are none.
        base: all of its rows.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    same = pc.and_(
        pc.equal(before.column("product_id"), images.column("product_id")),
        pc.equal(before.column("source_sha256"), images.column("source_sha256")),
    )
    same = pc.fill_null(same, fill_value=False).combine_chunks()
    tonight = pa.table({"product_id": images.column("product_id"), "same": same})
    views = tonight.group_by("product_id").aggregate([("same", "all"), ("same", "count")])
    earlier = base.select(["product_id"]).group_by("product_id").aggregate([([], "count_all")])
    place = pc.index_in(views.column("product_id").combine_chunks(), value_set=earlier.column("product_id"))
    as_many = pc.equal(views.column("same_count"), earlier.column("count_all").take(place))
    unchanged = pc.fill_null(pc.and_(views.column("same_all"), as_many), fill_value=False)
    product = pc.index_in(images.column("product_id").combine_chunks(), value_set=views.column("product_id"))
    return unchanged.take(product).combine_chunks()
