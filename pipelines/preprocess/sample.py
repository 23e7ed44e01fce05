"""Which products the training dataset is drawn from: those whose hashes come first, so that nights agree.

A bottom-k sample: products in the order of a hash of their ids, as many as fit. A product that comes or goes moves the
end of the sample by its own views and nothing else. To find that end without a look at the whole catalog, a night keeps
its *candidates*, somewhat more images than the sample takes.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.core.tables import arrow_schema
from pipelines.preprocess.prepare import NOT_FOR_TRAINING
from pipelines.preprocess.splits import unit_hash

if TYPE_CHECKING:
    import pyarrow as pa

NEW: Final = "new"
FIT: Final = "fit"
UNFIT: Final = "unfit"
_NEVER: Final = 2.0
_RESERVE: Final = 2
_BARRIER: Final = rf"(^| )({'|'.join(NOT_FOR_TRAINING)})( |$)"


@dataclass(frozen=True)
class CatalogImage:
    """One image of the night's catalog.

    `position`: its product's place in 0..1; the sample begins at 0. Beyond 1: the product has more views than the
    dataset takes images. `standing`: `NEW` has yet to be prepared; `FIT` has facts and is for training; `UNFIT` has
    facts that say it is not, or is only listed as a dead letter.
    """

    product_id: str
    image_id: str
    image_uri: str
    category: str
    source_sha256: str
    source_bytes: int
    position: float
    standing: str


def catalog_images(rows: pa.Table, facts: pa.Table, listed: Collection[str], max_images: int) -> pa.Table:
    """CatalogImage table of SnapshotRow and ImageFacts tables. All views of a product are among the rows.

    Args:
        rows: whole buckets of the snapshot.
        facts: what is known of some of them.
        listed: image ids that are not tried again.
        max_images: of the dataset.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    schema = arrow_schema(CatalogImage)
    columns: dict[str, Any] = {name: rows.column(name) for name in schema.names if name in rows.column_names}
    columns["position"] = pa.array(_positions(rows.column("product_id"), max_images), pa.float64())
    unprepared = pa.array(np.full(rows.num_rows, NEW, dtype=object), pa.string())
    standing = pc.coalesce(_standing_by_facts(rows, facts), unprepared)
    columns["standing"] = pc.if_else(_is_among(rows, listed), UNFIT, standing)
    return pa.table([columns[name] for name in schema.names], schema=schema)


def settled(images: pa.Table, facts: pa.Table, dropped: Collection[str]) -> pa.Table:
    """The same images once `facts` tell of the new ones; `dropped` are dead letters, whatever they were before."""
    import pyarrow.compute as pc

    standing = pc.coalesce(_standing_by_facts(images, facts), images.column("standing"))
    standing = pc.if_else(_is_among(images, dropped), UNFIT, standing)
    return images.set_column(
        images.column_names.index("standing"), arrow_schema(CatalogImage).field("standing"), standing
    )


def candidate_share(images: int, max_images: int) -> float:
    """Products up to this position are candidates: a power of two that keeps at least twice the sample on average."""
    share = 1.0
    while images * share / 2 >= _RESERVE * max_images:
        share /= 2
    return share


def sample_end(candidates: pa.Table, max_images: int) -> float:
    """Position of the last product in the sample; below 0 when there is none."""
    positions, views = np.unique(candidates.column("position").to_numpy(), return_counts=True)
    fitting = int(np.searchsorted(np.cumsum(views), max_images, side="right"))
    return float(positions[fitting - 1]) if fitting else -1.0


def with_standing(images: pa.Table, standing: str) -> pa.Table:
    """Images of one standing."""
    import pyarrow.compute as pc

    return images.filter(pc.equal(images.column("standing"), standing))


def up_to(images: pa.Table, position: float) -> pa.Table:
    """Images of the products up to a position."""
    import pyarrow.compute as pc

    return images.filter(pc.less_equal(images.column("position"), position))


def beyond(images: pa.Table, position: float) -> pa.Table:
    """The others."""
    import pyarrow.compute as pc

    return images.filter(pc.greater(images.column("position"), position))


def _positions(product_ids: pa.ChunkedArray, max_images: int) -> NDArray[np.float64]:
    encoded = product_ids.combine_chunks().dictionary_encode()
    products, numbers = encoded.dictionary.to_pylist(), encoded.indices.to_numpy()
    positions = np.array([unit_hash("sample", product) for product in products], np.float64)
    positions[np.bincount(numbers, minlength=len(products)) > max_images] = _NEVER
    found: NDArray[np.float64] = positions[numbers]
    return found


def _standing_by_facts(images: pa.Table, facts: pa.Table) -> Any:
    """FIT, UNFIT, or null where there are no facts."""
    import pyarrow.compute as pc

    place = pc.index_in(images.column("image_id"), value_set=facts.column("image_id").combine_chunks())
    barred = pc.match_substring_regex(facts.column("flags").take(place), _BARRIER)
    return pc.if_else(barred, UNFIT, FIT)


def _is_among(images: pa.Table, image_ids: Collection[str]) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    return pc.is_in(images.column("image_id"), value_set=pa.array(sorted(image_ids), pa.string()))
