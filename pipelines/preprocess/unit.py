"""A unit of work: some images to prepare, and the shard that their examples go to.

A finished unit is remembered under the hash of its content, so that a job that was killed takes it up where it ended.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from typing import Any

from pipelines.core import storage
from pipelines.core.contracts import DeadLetter, ImageFacts
from pipelines.core.progress import ProgressLog
from pipelines.core.uris import join
from pipelines.preprocess.prepare import PreparedImage, PrepareTask, is_for_training
from pipelines.preprocess.sample import NEW, CatalogImage
from pipelines.preprocess.shards import Identity, identity, records_in, shard_uri
from pipelines.preprocess.splits import Shard
from pipelines.preprocess.tfrecord import framed
from pipelines.transforms.threads import default_threads


@dataclass(frozen=True)
class Unit:
    """Images of one shard in its order, or some that are only measured (`shard` is None).

    `earlier`: files of an earlier dataset in which examples of the shard may be found.
    """

    images: tuple[CatalogImage, ...]
    shard: Shard | None = None
    earlier: tuple[str, ...] = ()


@dataclass
class UnitOutcome:
    """Facts of the unit's new images, its dead letters, and what there is to count."""

    facts: list[ImageFacts] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class UnitTask:
    """Does units; picklable.

    Args:
        prepare: how images are prepared.
        store: folder of shards.
        finished: folder of finished units.
    """

    prepare: PrepareTask
    store: str
    finished: str

    def __call__(self, unit: Unit, progress: ProgressLog) -> UnitOutcome:
        """Prepare the images and store the shard; `progress` is told of each new image."""
        uri = join(self.finished, f"{self._name(unit)}.json")
        if remembered := self._remembered(uri):
            progress.advance(done=len(remembered.facts))
            return remembered
        outcome, held = self._prepared(unit, progress)
        stored = ""
        if unit.shard:
            stored = shard_uri(self.store, self.prepare.examples_sha256, (one for one, _ in held))
            storage.create_once(stored, b"".join(frame for _, frame in held))
        if not outcome.dead_letters:  # what failed is worth another try
            content = {"facts": [asdict(facts) for facts in outcome.facts], "shard": stored}
            storage.write_bytes(uri, json.dumps(content).encode())
        return outcome

    def _name(self, unit: Unit) -> str:
        task = self.prepare.examples_sha256 if unit.shard else self.prepare.facts_sha256
        parts = [task, unit.shard and asdict(unit.shard), [(*identity(image), image.standing) for image in unit.images]]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def _remembered(self, uri: str) -> UnitOutcome | None:
        try:
            content = json.loads(storage.read_bytes(uri))
        except (FileNotFoundError, ValueError):
            return None
        if content["shard"] and not storage.exists(content["shard"]):
            return None
        facts = [ImageFacts(**values) for values in content["facts"]]
        return UnitOutcome(facts, [], Counter({"finished_before": len(facts)}))

    def _prepared(self, unit: Unit, progress: ProgressLog) -> tuple[UnitOutcome, list[tuple[Identity, bytes]]]:
        """The outcome, and the shard's examples, framed."""
        records = records_in(unit.earlier)

        def prepared(image: CatalogImage) -> tuple[PreparedImage | DeadLetter | None, bytes]:
            record = records.get(identity(image))
            if record is not None and image.standing != NEW:
                return None, framed(record)
            made = self.prepare(image, with_example=unit.shard is not None)
            if image.standing == NEW:
                progress.advance(done=1, failed=int(isinstance(made, DeadLetter)))
            return made, framed(made.example) if isinstance(made, PreparedImage) and made.example else b""

        outcome, held = UnitOutcome(), []
        with ThreadPoolExecutor(default_threads()) as pool:
            for image, (made, frame) in zip(unit.images, pool.map(prepared, unit.images), strict=True):
                if frame:
                    held.append((identity(image), frame))
                _note(outcome, image, made, is_example=bool(frame))
        return outcome, held


def chunked(images: Iterable[CatalogImage], length: int) -> Iterator[Unit]:
    """Units of images that are only measured."""
    waiting: list[CatalogImage] = []
    for image in images:
        waiting.append(image)
        if len(waiting) == length:
            yield Unit(tuple(waiting))
            waiting = []
    if waiting:
        yield Unit(tuple(waiting))


def _note(outcome: UnitOutcome, image: CatalogImage, made: Any, *, is_example: bool) -> None:
    if isinstance(made, DeadLetter):
        outcome.dead_letters.append(made)
        outcome.counts[f"dead_letters/{made.reason}"] += 1
        return
    if isinstance(made, PreparedImage) and image.standing == NEW:
        outcome.facts.append(made.facts)
    if made is None:
        outcome.counts["examples_taken_over"] += 1
    elif is_example:
        outcome.counts["examples"] += 1
    else:
        outcome.counts["measured" if is_for_training(made.facts.flags) else "not_for_training"] += 1
