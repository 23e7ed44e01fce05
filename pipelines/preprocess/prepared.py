"""What earlier nights have prepared, so that tonight takes it over."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pipelines.core import storage
from pipelines.core.contracts import DeadLetter, ImageFacts
from pipelines.core.errors import MissingArtifact
from pipelines.core.partitions import empty
from pipelines.core.paths import NightPaths
from pipelines.core.tables import ArtifactInfo, Part, finished_info, read_json_lines, read_part, read_table
from pipelines.core.uris import join
from pipelines.preprocess.dataset_files import (
    DATASET_INFO,
    FEATURES_INFO,
    STORAGE_THREADS,
    SplitFiles,
    file_names,
    split_files,
)
from pipelines.preprocess.sample import CatalogImage
from pipelines.preprocess.shards import overlapping
from pipelines.preprocess.splits import Shard

if TYPE_CHECKING:
    import pyarrow as pa

INPUTS = "inputs_sha256"
FACTS_TASK = "facts_task_sha256"
EXAMPLES_TASK = "examples_task_sha256"
DRAWN_FROM = "drawn_from"
ARTIFACTS = "artifacts"


@dataclass(frozen=True)
class PreparedNight:
    """A night whose summary, tables and dataset belong together. `summary` is what its job returned."""

    night: NightPaths
    summary: Mapping[str, Any]
    facts: ArtifactInfo
    candidates: ArtifactInfo
    dead_letters: tuple[DeadLetter, ...]
    dataset_info: bytes

    def facts_for(self, bucket: int, buckets: int) -> pa.Table:
        """ImageFacts among which those of a bucket are, whatever the number of buckets was; damaged parts left out."""
        import pyarrow as pa

        common = min(buckets, self.facts.buckets)
        parts = [part for part in self.facts.parts if part.bucket & (common - 1) == bucket & (common - 1)]
        return pa.concat_tables([empty(ImageFacts), *filter(None, map(_readable, parts))])

    def candidate_images(self, drawn_from: Mapping[str, float], lost: Collection[str]) -> pa.Table | None:
        """CatalogImage table of the candidates; None where the night chose them differently or a part is `lost`."""
        if self.summary[DRAWN_FROM] != drawn_from or any(part.uri in lost for part in self.candidates.parts):
            return None
        return read_table(self.night.candidates, CatalogImage)

    def shard_files(self, shard: Shard) -> tuple[str, ...]:
        """Files of the dataset that hold products of a shard."""
        files = self._splits().get(shard.split)
        return tuple(join(self.night.dataset, name) for name in overlapping(files, shard)) if files else ()

    def lost_files(self) -> list[str]:
        """Files of the dataset that are not there."""
        present = set(storage.list_files(self.night.dataset))
        needed = [join(self.night.dataset, name) for name in (*file_names(self.dataset_info), FEATURES_INFO)]
        return [uri for uri in needed if uri not in present]

    def _splits(self) -> dict[str, SplitFiles]:
        return split_files(self.dataset_info)


def read_prepared(night: NightPaths) -> PreparedNight | None:
    """The night, or None when it is not prepared, or its artifacts are not those that its summary names."""
    try:
        summary = json.loads(storage.read_bytes(night.preprocess_summary))
        info = storage.read_bytes(join(night.dataset, DATASET_INFO))
        letters = storage.read_bytes(night.preprocess_dead_letters)
        facts, candidates = finished_info(night.facts, ImageFacts), finished_info(night.candidates, CatalogImage)
    except (FileNotFoundError, ValueError, MissingArtifact):
        return None
    if summary.get(ARTIFACTS) != artifact_hashes(facts, candidates, letters, info):
        return None
    dead_letters = tuple(read_json_lines(night.preprocess_dead_letters, DeadLetter))
    return PreparedNight(night, summary, facts, candidates, dead_letters, info)


def artifact_hashes(facts: ArtifactInfo, candidates: ArtifactInfo, letters: bytes, info: bytes) -> dict[str, str]:
    """What the summary names, so that artifacts of two runs are never mistaken for those of one."""
    return {
        "facts": facts.sha256,
        "candidates": candidates.sha256,
        "dead_letters": hashlib.sha256(letters).hexdigest(),
        "dataset_info": hashlib.sha256(info).hexdigest(),
    }


def nearest_prepared(night: NightPaths, facts_task: str, *, before_only: bool = False) -> PreparedNight | None:
    """The prepared night with the same facts task that is nearest: this date, the newest before, the next after.

    Args:
        night: tonight.
        facts_task: `PrepareTask.facts_sha256`.
        before_only: only those before.
    """
    dates = _dates(night)
    before = sorted((date for date in dates if date < night.date), reverse=True)
    others = [] if before_only else sorted(date for date in dates if date > night.date)
    own = [] if before_only else [night.date]
    for date in (*own, *before, *others):
        found = read_prepared(replace(night, date=date)) if date in dates else None
        if found and found.summary[FACTS_TASK] == facts_task:
            return found
    return None


def _dates(night: NightPaths) -> set[str]:
    files = storage.list_files(night.prepared_nights)
    return {uri.rsplit("/", 1)[-1].removesuffix(".json") for uri in files if uri.endswith(".json")}


def lost_parts(parts: Iterable[Part], *, read: bool) -> frozenset[str]:
    """URIs of parts that are not there or, if they are `read`, not as they were written."""
    listed = list(parts)
    with ThreadPoolExecutor(STORAGE_THREADS) as pool:
        sound = pool.map(_is_sound if read else _is_there, listed)
        return frozenset(part.uri for part, whole in zip(listed, sound, strict=True) if not whole)


def _is_there(part: Part) -> bool:
    return storage.exists(part.uri)


def _is_sound(part: Part) -> bool:
    try:
        return hashlib.sha256(storage.read_bytes(part.uri)).hexdigest() == part.sha256
    except FileNotFoundError:
        return False


def _readable(part: Part) -> pa.Table | None:
    try:
        return read_part(part, ImageFacts)
    except MissingArtifact:
        return None
