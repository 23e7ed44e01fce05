"""Plans a night: which buckets are as before, which images are new, which shards have to be made.

Reads the buckets that changed, one by one, and nothing of the others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipelines.core.contracts import DeadLetter, ImageFacts
from pipelines.core.partitions import bucket_of, empty, write_part
from pipelines.core.settings import DatasetSettings
from pipelines.core.tables import Part, table_of
from pipelines.core.uris import join
from pipelines.preprocess.catalog import Catalog
from pipelines.preprocess.dataset_files import STORAGE_THREADS
from pipelines.preprocess.facts import fingerprint, known_facts
from pipelines.preprocess.prepare import PrepareTask
from pipelines.preprocess.prepared import EXAMPLES_TASK, PreparedNight, lost_parts
from pipelines.preprocess.retries import Retries
from pipelines.preprocess.sample import (
    FIT,
    NEW,
    UNFIT,
    CatalogImage,
    candidate_share,
    catalog_images,
    sample_end,
    up_to,
    with_standing,
)
from pipelines.preprocess.shards import identity, shard_uri, stored_shard
from pipelines.preprocess.splits import Shard, assign_shards

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Night:
    """What a plan starts from.

    Args:
        catalog: tonight's snapshot.
        task: how images are prepared.
        dataset: its settings.
        shard_store: folder of shards.
        earlier: the night that facts and examples are taken from.
        retries: what becomes of images that failed before.
        suspicious: whether parts of the earlier night are read before they are taken over, rather than looked for.
    """

    catalog: Catalog
    task: PrepareTask
    dataset: DatasetSettings
    shard_store: str
    earlier: PreparedNight | None
    retries: Retries
    suspicious: bool = False

    @property
    def drawn_from(self) -> dict[str, float]:
        """What decides which images are candidates for the dataset, beside the catalog."""
        share = candidate_share(self.catalog.rows, self.dataset.max_images)
        return {"share": share, "max_images": self.dataset.max_images}

    def known(self, part: Part, rows: pa.Table) -> pa.Table:
        """ImageFacts of a bucket's rows that the earlier night has."""
        if self.earlier is None:
            return empty(ImageFacts)
        return known_facts(rows, self.earlier.facts_for(part.bucket, self.catalog.buckets))


@dataclass(frozen=True)
class ShardWork:
    """A shard to make: its images and the files in which earlier examples may be found."""

    shard: Shard
    images: Part
    earlier: tuple[str, ...]


@dataclass(frozen=True)
class PreparationWork:
    """What is to be prepared, by reference to CatalogImage parts, so that it stays small for any catalog.

    `measure` are the new images by bucket; those of products up to `sample_end` are left to `shards`.
    """

    measure: tuple[Part, ...]
    shards: tuple[ShardWork, ...]
    sample_end: float
    images_per_unit: int

    def __bool__(self) -> bool:
        return bool(self.measure or self.shards)


@dataclass(frozen=True)
class Plan:
    """What a night takes over and what it does.

    Attributes:
        carried: parts of the facts that stay as they are.
        lost: URIs of earlier parts that are gone or altered.
        changed: parts of the snapshot whose facts are put together anew.
        new: images to be tried.
        listed: dead letters that are not tried again.
        candidates: CatalogImage table that the dataset is drawn from.
        shards: of the whole dataset, with their images.
        work: for the workers.
    """

    carried: tuple[Part, ...]
    lost: frozenset[str]
    changed: tuple[Part, ...]
    new: int
    listed: tuple[DeadLetter, ...]
    candidates: pa.Table
    shards: tuple[tuple[Shard, tuple[CatalogImage, ...]], ...]
    work: PreparationWork


def plan_night(night: Night, scratch: str) -> Plan:
    """Compare the night with the earlier one.

    Args:
        night: what to plan.
        scratch: folder for the workers' parts; nothing is written when it is empty, and `work` is then empty too.

    Raises:
        MissingArtifact: the snapshot is not complete.
    """
    import pyarrow as pa

    lost = _lost(night)
    carried = _carried(night, lost)
    earlier_candidates = night.earlier and night.earlier.candidate_images(night.drawn_from, lost)
    changed = tuple(part for part in night.catalog.parts if part.bucket not in carried)
    candidates = [empty(CatalogImage)]
    if earlier_candidates is not None:
        candidates.append(_of_buckets(earlier_candidates, set(carried), night.catalog.buckets))
    measure: list[Part] = []
    listed: list[DeadLetter] = []
    new = 0
    for part in night.catalog.parts if earlier_candidates is None else changed:
        images, given_up = _read(night, part)
        candidates.append(up_to(images, night.drawn_from["share"]))
        if part.bucket in carried:
            continue
        listed += given_up
        to_try = with_standing(images, NEW)
        new += to_try.num_rows
        if scratch and to_try.num_rows:
            measure.append(write_part(join(scratch, "measure"), part.bucket, to_try))
    gathered = pa.concat_tables(candidates)
    end = sample_end(gathered, night.dataset.max_images)
    sampled = [CatalogImage(**values) for values in up_to(gathered, end).to_pylist()]
    shards = tuple(assign_shards(sampled, night.dataset.images_per_shard))
    made = tuple(_shard_work(night, shards, scratch)) if scratch else ()
    work = PreparationWork(tuple(measure), made, end, night.dataset.images_per_shard)
    return Plan(tuple(carried.values()), lost, changed, new, tuple(listed), gathered, shards, work)


def held_uri(night: Night, images: Sequence[CatalogImage]) -> tuple[str, int]:
    """Where the shard of those images that are fit lies, and how many they are."""
    held = [identity(image) for image in images if image.standing == FIT]
    return shard_uri(night.shard_store, night.task.examples_sha256, held), len(held)


def _lost(night: Night) -> frozenset[str]:
    """URIs of parts of the earlier night that are gone or, where that is looked for, altered."""
    if night.earlier is None:
        return frozenset()
    return lost_parts((*night.earlier.facts.parts, *night.earlier.candidates.parts), read=night.suspicious)


def _carried(night: Night, lost: frozenset[str]) -> dict[int, Part]:
    """Parts of the earlier facts that answer every image of a bucket, by bucket."""
    earlier = night.earlier
    if earlier is None or earlier.facts.buckets != night.catalog.buckets:
        return {}
    carried = {}
    for part in night.catalog.parts:
        found = earlier.facts.part(part.bucket)
        inputs = fingerprint(part, night.task.facts_sha256)
        if found and found.note.get("inputs") == inputs and found.rows == part.rows and found.uri not in lost:
            carried[part.bucket] = found
    return carried


def _of_buckets(images: pa.Table, wanted: set[int], buckets: int) -> pa.Table:
    import pyarrow as pa

    products = images.column("product_id").to_pylist()
    return images.filter(pa.array([bucket_of(product, buckets) in wanted for product in products], pa.bool_()))


def _read(night: Night, part: Part) -> tuple[pa.Table, list[DeadLetter]]:
    """CatalogImage table of a bucket, and its images that are only listed."""
    rows = night.catalog.table(part)
    known = night.known(part, rows)
    listed = list(night.retries.listed(rows, known))
    return catalog_images(rows, known, {letter.image_id for letter in listed}, night.dataset.max_images), listed


def _shard_work(
    night: Night, shards: Sequence[tuple[Shard, tuple[CatalogImage, ...]]], scratch: str
) -> Iterator[ShardWork]:
    """Shards with new images, and those that nobody has made or that are lost."""
    settled = [(shard, images) for shard, images in shards if all(image.standing != NEW for image in images)]
    with ThreadPoolExecutor(STORAGE_THREADS) as pool:
        stored = pool.map(lambda entry: stored_shard(entry[0], *held_uri(night, entry[1])), settled)
        present = {file.shard for file in stored if file}
    earlier = night.earlier
    if earlier and earlier.summary[EXAMPLES_TASK] != night.task.examples_sha256:
        earlier = None
    for number, (shard, images) in enumerate(shards):
        if shard not in present:
            wanted = table_of([image for image in images if image.standing != UNFIT], CatalogImage)
            part = write_part(join(scratch, "shards"), number, wanted)
            yield ShardWork(shard, part, earlier.shard_files(shard) if earlier else ())
