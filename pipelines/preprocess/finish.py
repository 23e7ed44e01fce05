"""Puts a night together: what was taken over, what tonight's work found, and a check that nothing is missing."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from pipelines.core import storage
from pipelines.core.contracts import DeadLetter, ImageFacts
from pipelines.core.errors import RestyleError
from pipelines.core.partitions import bucket_of, empty, index_of, write_index, write_part
from pipelines.core.paths import NightPaths
from pipelines.core.tables import ArtifactInfo, read_part, write_json_lines
from pipelines.preprocess.dataset_files import STORAGE_THREADS, ShardFile, publish_dataset, split_lengths
from pipelines.preprocess.facts import complete_facts, fingerprint, note_of
from pipelines.preprocess.plan import Night, Plan, held_uri
from pipelines.preprocess.prepared import ARTIFACTS, DRAWN_FROM, artifact_hashes
from pipelines.preprocess.sample import NEW, CatalogImage, settled, with_standing
from pipelines.preprocess.shards import stored_shard

if TYPE_CHECKING:
    import pyarrow as pa

SOURCE_REASONS: Final = frozenset({"missing-file", "unreadable-uri", "changed-since-snapshot"})
SYSTEMIC_IMAGES: Final = 8
"""So many images of which not one can be read are a lost folder or credential, not broken images."""


@dataclass(frozen=True)
class Outcomes:
    """What tonight's work found: facts (None when there was no work) and first-hand dead letters."""

    facts: ArtifactInfo | None = None
    dead_letters: Sequence[DeadLetter] = ()

    def facts_of(self, bucket: int) -> pa.Table:
        """ImageFacts of one bucket."""
        part = self.facts.part(bucket) if self.facts else None
        return read_part(part, ImageFacts) if part else empty(ImageFacts)


def finish_night(night: Night, plan: Plan, outcomes: Outcomes, paths: NightPaths) -> dict[str, Any]:
    """Write facts, dead letters, dataset and candidates; returns their counts and hashes for the summary.

    Raises:
        RestyleError: an image or an example is unaccounted for, or nothing at all could be read.
    """
    letters = [*map(night.retries.counted, outcomes.dead_letters), *plan.listed]
    for uri in plan.lost:  # parts are only ever created: an altered one would stay
        storage.delete(uri)
    facts, candidates = _facts(night, plan, outcomes, letters, paths.facts_parts)
    check_readable(night.catalog.rows, facts.rows, letters)
    shards = _shard_files(night, plan, candidates)
    write_index(paths.facts, facts)
    write_json_lines(paths.preprocess_dead_letters, sorted(letters, key=lambda letter: letter.image_id))
    info = publish_dataset(paths.dataset, shards)
    parts = [write_part(paths.candidate_parts, 0, candidates)] if candidates.num_rows else []
    drawn = write_index(paths.candidates, index_of(parts, CatalogImage, 1))
    summary = _counts(night, facts, letters, split_lengths(info))
    check_examples(summary["splits"], sum(file.examples for file in shards))
    letter_bytes = storage.read_bytes(paths.preprocess_dead_letters)
    return {
        **summary,
        "shards": len(shards),
        DRAWN_FROM: night.drawn_from,
        ARTIFACTS: artifact_hashes(facts, drawn, letter_bytes, info),
    }


def check_readable(images: int, readable: int, dead_letters: Sequence[DeadLetter]) -> None:
    """RestyleError when not one of many images could be read."""
    if not readable and images >= SYSTEMIC_IMAGES and {letter.reason for letter in dead_letters} <= SOURCE_REASONS:
        raise RestyleError(
            f"none of {images} images could be read as the snapshot has them, the first because: "
            f"{dead_letters[0].message} Check the pictures' storage and its credentials, then run ingest again."
        )


def check_examples(splits: Mapping[str, int], expected: int) -> None:
    """RestyleError unless the written dataset holds as many examples as were meant for it."""
    written = sum(splits.values())
    if written != expected:
        raise RestyleError(
            f"accounting: {expected} images are for training, the dataset holds {written} examples. "
            "Run the stage again; if it persists, report it with the dataset folder."
        )


def _facts(
    night: Night, plan: Plan, outcomes: Outcomes, letters: Sequence[DeadLetter], folder: str
) -> tuple[ArtifactInfo, pa.Table]:
    """The index of the facts, its parts written, and the candidates with nothing left to prepare."""
    import pyarrow as pa
    import pyarrow.compute as pc

    buckets = night.catalog.buckets
    by_bucket: dict[int, list[DeadLetter]] = defaultdict(list)
    for letter in letters:
        by_bucket[bucket_of(letter.product_id, buckets)].append(letter)
    computed = {part.bucket for part in outcomes.facts.parts} if outcomes.facts else set()
    touched = {part.bucket for part in plan.changed} | computed | set(by_bucket)
    open_ids = with_standing(plan.candidates, NEW).column("image_id").combine_chunks()
    parts = [part for part in plan.carried if part.bucket not in touched]
    found = [empty(ImageFacts)]
    for snapshot in (part for part in night.catalog.parts if part.bucket in touched):
        rows = night.catalog.table(snapshot)
        known = night.known(snapshot, rows)
        table = complete_facts(rows, known, outcomes.facts_of(snapshot.bucket), by_bucket[snapshot.bucket])
        if table.num_rows:
            note = note_of(table, fingerprint(snapshot, night.task.facts_sha256))
            parts.append(write_part(folder, snapshot.bucket, table, note))
        found.append(table.filter(pc.is_in(table.column("image_id"), value_set=open_ids)))
    dropped = {letter.image_id for letter in letters}
    candidates = settled(plan.candidates, pa.concat_tables(found), dropped).combine_chunks()
    order = [("position", "ascending"), ("product_id", "ascending"), ("image_id", "ascending")]
    return index_of(parts, ImageFacts, buckets), candidates.sort_by(order).combine_chunks()


def _shard_files(night: Night, plan: Plan, candidates: pa.Table) -> list[ShardFile]:
    """All shards of the dataset as they were stored."""
    columns = (candidates.column("image_id").to_pylist(), candidates.column("standing").to_pylist())
    standing = dict(zip(*columns, strict=True))
    settled_shards = [
        (shard, [replace(image, standing=standing[image.image_id]) for image in images])
        for shard, images in plan.shards
    ]
    with ThreadPoolExecutor(STORAGE_THREADS) as pool:
        files = list(pool.map(lambda entry: stored_shard(entry[0], *held_uri(night, entry[1])), settled_shards))
    kept = [file for file in files if file]
    if len(kept) < len(files):
        raise RestyleError(
            f"{night.shard_store}: {len(files) - len(kept)} of {len(files)} shards of the dataset are gone that were "
            "here a moment ago; run the stage again."
        )
    return kept


def _counts(
    night: Night, facts: ArtifactInfo, letters: Sequence[DeadLetter], splits: Mapping[str, int]
) -> dict[str, Any]:
    """Counts of the whole night, by the notes of its parts: examples + not_for_training + not_sampled + dead_letters
    are the images.
    """
    flags: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    for part in facts.parts:
        flags.update(part.note["flags"])
        kinds.update(part.note["mask_kinds"])
    barred = sum(part.note["not_for_training"] for part in facts.parts)
    return {
        "images": night.catalog.rows,
        "examples": sum(splits.values()),
        "not_for_training": barred,
        "not_sampled": facts.rows - barred - sum(splits.values()),
        "dead_letters": len(letters),
        "by_reason": dict(sorted(Counter(letter.reason for letter in letters).items())),
        "by_flag": dict(sorted(flags.items())),
        "by_mask_kind": dict(sorted(kinds.items())),
        "splits": dict(splits),
    }
