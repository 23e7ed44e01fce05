"""What restyle jobs have computed so far, batch by batch: a killed job goes on where it was, and jobs that run at the
same time, as the nights of a backfill do, take results from each other.

A fragment is a small immutable file of JSON lines, written once, after the objects that it names. It lives until the
work log of its run is written.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Final, Protocol

from pipelines.core import storage
from pipelines.core.contracts import DeadLetter, PlanRow, ResultRow
from pipelines.core.parallel import ordered_map
from pipelines.core.paths import BrandPaths, RunPaths
from pipelines.core.uris import join

Outcome = ResultRow | DeadLetter
LOOK_EVERY_S: Final = 15.0
"""So often a worker looks for what other runs have finished."""


class BatchWorker(Protocol):
    """Answers each row of a batch."""

    def __call__(self, rows: Sequence[PlanRow]) -> Sequence[Outcome]:
        """One outcome per row."""
        ...


@dataclass(frozen=True)
class Fragments:
    """The fragments of one run, and those of the brand's other runs; small, and pickled into the Beam graph."""

    folder: str
    own: str

    @classmethod
    def of_run(cls, run: RunPaths) -> Fragments:
        """Where a run keeps them."""
        paths = BrandPaths(run.root, run.brand)
        return cls(paths.fragments, paths.run_fragments(run.run_id, run.date))

    def write(self, results: Sequence[ResultRow]) -> None:
        """Keep the results of a batch; dead letters are not kept, another try may fare better."""
        if not results:
            return
        name = hashlib.sha256("\n".join(row.work_key for row in results).encode()).hexdigest()[:32]
        lines = [f"{json.dumps(asdict(row), ensure_ascii=False)}\n" for row in results]
        storage.create_once(join(self.own, f"{name}.jsonl"), "".join(lines).encode(errors="backslashreplace"))

    def finished(self) -> dict[str, ResultRow]:
        """What an earlier try of this run finished, by work key, as far as the objects are there."""
        found = {result.work_key: result for result in _read_all(storage.list_files(self.own))}
        there = ordered_map(lambda result: storage.exists(result.object_uri), found.values())
        return {key: result for (key, result), exists in zip(found.items(), there, strict=True) if exists}

    def others(self) -> SharedResults:
        """A look at what the brand's other runs have finished."""
        return SharedResults(self)


@dataclass
class SharedResults:
    """Results of other runs, by work key; reads every fragment once."""

    fragments: Fragments
    clock: Callable[[], float] = time.monotonic
    _seen: set[str] = field(default_factory=set)
    _results: dict[str, ResultRow] = field(default_factory=dict)
    _looked_at: float = float("-inf")

    def known(self, keys: Iterable[str]) -> Mapping[str, ResultRow]:
        """Results for those of the keys that another run has finished and whose objects are there."""
        if self.clock() - self._looked_at >= LOOK_EVERY_S:
            self._looked_at = self.clock()
            self._look()
        found = {key: self._results[key] for key in keys if key in self._results}
        return {key: result for key, result in found.items() if storage.exists(result.object_uri)}

    def _look(self) -> None:
        own = f"{self.fragments.own}/"
        files = [file for file in storage.list_files(self.fragments.folder) if not file.startswith(own)]
        fresh = [file for file in files if file not in self._seen]
        self._seen.update(fresh)
        self._results.update((result.work_key, result) for result in _read_all(fresh))


@dataclass(frozen=True)
class RememberingWorker:
    """A worker that asks other runs first and keeps what it computes itself."""

    worker: BatchWorker
    fragments: Fragments
    shared: SharedResults

    def __call__(self, rows: Sequence[PlanRow]) -> list[Outcome]:
        """One outcome per row, in order."""
        known = self.shared.known(row.work_key for row in rows)
        rest = [row for row in rows if row.work_key not in known]
        computed = iter(self.worker(rest)) if rest else iter(())
        outcomes = [_as_of(known[row.work_key], row) if row.work_key in known else next(computed) for row in rows]
        self.fragments.write([outcome for outcome in outcomes if isinstance(outcome, ResultRow)])
        return outcomes


@dataclass(frozen=True)
class OpenRemembering:
    """Opens a worker, picklable like the task that it wraps."""

    open_worker: Callable[[], BatchWorker]
    fragments: Fragments

    def __call__(self) -> RememberingWorker:
        """Load the model."""
        return RememberingWorker(self.open_worker(), self.fragments, self.fragments.others())


def _as_of(result: ResultRow, row: PlanRow) -> ResultRow:
    return replace(result, image_id=row.image_id, product_id=row.product_id, image_uri=row.image_uri)


def _read_all(files: Sequence[str]) -> Iterator[ResultRow]:
    for found in ordered_map(_read, files):
        yield from found


def _read(file: str) -> list[ResultRow]:
    try:
        data = storage.read_bytes(file)
    except FileNotFoundError:
        return []
    return [ResultRow(**json.loads(line)) for line in data.splitlines()]
