"""Image facts bucket by bucket: what earlier nights know already, and one exact answer for every image.

Facts are a function of an image's bytes and of the preparation task. Where both are as before they are taken over; if
that holds for a whole bucket, its part of the table is.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pipelines.core.contracts import DeadLetter, ImageFacts
from pipelines.core.errors import RestyleError
from pipelines.core.tables import Part, arrow_schema
from pipelines.preprocess.prepare import is_for_training

if TYPE_CHECKING:
    import pyarrow as pa

_IDENTITY = ("product_id", "image_id", "source_sha256")


def fingerprint(snapshot: Part, facts_sha256: str) -> str:
    """What decides the facts of a bucket's images: their bytes and the task (`PrepareTask.facts_sha256`)."""
    return hashlib.sha256(f"{snapshot.sha256} {facts_sha256}".encode()).hexdigest()


def known_facts(rows: pa.Table, earlier: pa.Table) -> pa.Table:
    """ImageFacts of those snapshot rows whose bytes were measured under the same image id, in the order of the rows.

    Args:
        rows: SnapshotRow table.
        earlier: ImageFacts table; images that the snapshot lacks are passed over.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    place = pc.index_in(rows.column("image_id"), value_set=earlier.column("image_id").combine_chunks())
    same = pc.equal(earlier.column("source_sha256").take(place), rows.column("source_sha256"))
    known = pc.fill_null(same, fill_value=False)
    found, named = earlier.take(pc.filter(place, known)), rows.filter(known)
    schema = arrow_schema(ImageFacts)
    # The product may have been renamed within the bucket.
    columns = [(named if name in _IDENTITY else found).column(name) for name in schema.names]
    return pa.table(columns, schema=schema)


def complete_facts(rows: pa.Table, known: pa.Table, computed: pa.Table, letters: Sequence[DeadLetter]) -> pa.Table:
    """All facts of a bucket, sorted by product and image. Tonight's answers (`computed`, `letters`) precede `known`.

    Raises:
        RestyleError: an image of the bucket has no answer, or two of tonight.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    answered = pa.concat_arrays(
        [*computed.column("image_id").chunks, pa.array([letter.image_id for letter in letters], pa.string())]
    )
    taken_over = known.filter(pc.invert(pc.is_in(known.column("image_id"), value_set=answered)))
    outcomes = Counter(answered.to_pylist() + taken_over.column("image_id").to_pylist())
    check_accounts(Counter(rows.column("image_id").to_pylist()), outcomes)
    table = pa.concat_tables([taken_over, computed]).combine_chunks()
    ordered: pa.Table = table.sort_by([("product_id", "ascending"), ("image_id", "ascending")]).combine_chunks()
    return ordered


def check_accounts(expected: Counter[str], outcomes: Counter[str]) -> None:
    """RestyleError unless every image of the snapshot has exactly one outcome."""
    if expected != outcomes:
        odd = sorted((expected - outcomes) + (outcomes - expected))
        raise RestyleError(
            f"accounting: {expected.total()} images in the snapshot, {outcomes.total()} facts and dead letters; "
            f"these have no outcome or more than one: {', '.join(odd[:5])}{' ...' if len(odd) > 5 else ''}. "
            "Run the stage again; if it persists, report it with the dataset folder."
        )


def note_of(facts: pa.Table, inputs: str) -> dict[str, Any]:
    """What the index keeps of a part: what it was made from, and its counts for the summary."""
    flags = Counter(facts.column("flags").to_pylist())
    return {
        "inputs": inputs,
        "not_for_training": sum(count for text, count in flags.items() if not is_for_training(text)),
        "flags": _counted(flags),
        "mask_kinds": dict(sorted(Counter(facts.column("mask_kind").to_pylist()).items())),
    }


def _counted(flags: Mapping[str, int]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for text, count in flags.items():
        counts.update(dict.fromkeys(text.split(), count))
    return dict(sorted(counts.items()))
