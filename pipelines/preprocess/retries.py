"""Images that failed on earlier nights: tried again for some nights, then only listed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from pipelines.core.contracts import DeadLetter, SnapshotRow

if TYPE_CHECKING:
    import pyarrow as pa

_ADVICE: Final = "It is only listed from now on: replace the picture, or raise retry.max_attempts."


@dataclass(frozen=True)
class Retries:
    """Dead letters of the night before by image id, and on how many nights an image is tried."""

    previous: dict[str, DeadLetter]
    max_attempts: int

    @classmethod
    def after(cls, letters: Iterable[DeadLetter], max_attempts: int) -> Retries:
        """What follows from the dead letters of the night before."""
        return cls({letter.image_id: letter for letter in letters}, max_attempts)

    def listed(self, rows: pa.Table, known: pa.Table) -> Iterator[DeadLetter]:
        """Dead letters of the snapshot rows that are not tried again: the same bytes failed too often.

        Args:
            rows: SnapshotRow table.
            known: ImageFacts table of those that failed no more.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        spent = [image_id for image_id, letter in self.previous.items() if letter.attempts >= self.max_attempts]
        wanted = pc.is_in(rows.column("image_id"), value_set=pa.array(spent, pa.string()))
        answered = pc.is_in(rows.column("image_id"), value_set=known.column("image_id").combine_chunks())
        for values in rows.filter(pc.and_not(wanted, answered)).to_pylist():
            row = SnapshotRow(**values)
            letter = self.previous[row.image_id]
            if letter.source_sha256 == row.source_sha256:
                yield replace(_given_up(letter), product_id=row.product_id, image_uri=row.image_uri)

    def counted(self, letter: DeadLetter) -> DeadLetter:
        """Tonight's dead letter with the number of nights in a row on which the same bytes failed."""
        before = self.previous.get(letter.image_id)
        if before is None or before.source_sha256 != letter.source_sha256:
            counted = replace(letter, attempts=1)
        else:
            counted = replace(letter, attempts=before.attempts + 1)
        return _given_up(counted) if counted.attempts >= self.max_attempts else counted


def are_spent(letters: Iterable[DeadLetter], max_attempts: int) -> bool:
    """Whether not one of them would be tried again."""
    return all(letter.attempts >= max_attempts for letter in letters)


def _given_up(letter: DeadLetter) -> DeadLetter:
    """With a message that says so."""
    if letter.message.endswith(_ADVICE):
        return letter
    nights = "one night" if letter.attempts == 1 else f"{letter.attempts} nights"
    return replace(letter, message=f"{letter.message.rstrip()} Tried on {nights}. {_ADVICE}")
