"""A killed job goes on where it was; jobs of the same time take results from each other; nothing is made up."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from pipelines.core.contracts import DeadLetter, PlanRow, ResultRow
from pipelines.core.paths import RunPaths
from pipelines.restyle.fragments import LOOK_EVERY_S, Fragments, RememberingWorker, SharedResults


@dataclass
class CountingWorker:
    """Stores an object for each row; rows named "bad" become dead letters."""

    root: Path
    computed: list[str] = field(default_factory=list)

    def __call__(self, rows: Sequence[PlanRow]) -> list[ResultRow | DeadLetter]:
        return [self._one(row) for row in rows]

    def _one(self, row: PlanRow) -> ResultRow | DeadLetter:
        self.computed.append(row.image_id)
        if row.image_id.startswith("bad"):
            return DeadLetter(row.product_id, row.image_id, row.image_uri, "restyle", "model-failed", "no output")
        file = self.root / f"{row.work_key}.jpg"
        file.write_bytes(row.work_key.encode())
        names = (row.image_id, row.work_key, row.source_sha256, row.image_uri)
        return ResultRow(*names, str(file), row.work_key, 64, 1, 1, row.product_id)


class Clock:
    """A clock that tests move."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def row(name: str, key: str = "") -> PlanRow:
    work_key = hashlib.sha256((key or name).encode()).hexdigest()
    return PlanRow(f"product-{name}", name, f"/{name}.jpg", "", "", "s", 1, 1, False, "{}", work_key)


def fragments(root: Path, run_id: str) -> Fragments:
    return Fragments.of_run(RunPaths(str(root), "2026-11-23", "inkwell", run_id))


def worker(root: Path, run_id: str, clock: Clock | None = None) -> tuple[RememberingWorker, CountingWorker]:
    own, counting = fragments(root, run_id), CountingWorker(root)
    return RememberingWorker(counting, own, SharedResults(own, clock or Clock())), counting


def test_what_was_finished_is_known_to_the_next_try(tmp_path: Path) -> None:
    first, _ = worker(tmp_path, "run-1")
    rows = [row("a"), row("bad"), row("ü")]
    outcomes = first(rows)
    found = fragments(tmp_path, "run-1").finished()
    assert found == {rows[0].work_key: outcomes[0], rows[2].work_key: outcomes[2]}


def test_a_finished_object_that_is_gone_is_not_finished(tmp_path: Path) -> None:
    first, _ = worker(tmp_path, "run-1")
    (result, other) = first([row("a"), row("b")])
    assert isinstance(result, ResultRow)
    Path(result.object_uri).unlink()
    assert list(fragments(tmp_path, "run-1").finished().values()) == [other]


def test_a_run_takes_what_another_has_finished_under_its_own_names(tmp_path: Path) -> None:
    first, _ = worker(tmp_path, "run-1")
    first([row("a", key="same"), row("b")])
    second, counting = worker(tmp_path, "run-2")
    outcomes = second([row("c"), row("z", key="same")])
    assert counting.computed == ["c"]
    assert [(outcome.image_id, outcome.product_id) for outcome in outcomes] == [("c", "product-c"), ("z", "product-z")]
    assert len(fragments(tmp_path, "run-2").finished()) == 2


def test_failures_of_others_are_no_answers(tmp_path: Path) -> None:
    worker(tmp_path, "run-1")[0]([row("bad")])
    second, counting = worker(tmp_path, "run-2")
    second([row("bad")])
    assert counting.computed == ["bad"]


def test_others_are_looked_at_now_and_then(tmp_path: Path) -> None:
    clock = Clock()
    second, counting = worker(tmp_path, "run-2", clock)
    second([row("a")])
    worker(tmp_path, "run-1")[0]([row("b")])
    clock.now = LOOK_EVERY_S / 2
    second([row("b")])
    assert counting.computed == ["a", "b"]
    worker(tmp_path, "run-3")[0]([row("c")])
    clock.now = LOOK_EVERY_S
    second([row("c")])
    assert counting.computed == ["a", "b"]


@pytest.mark.parametrize("names", [[], ["bad"]])
def test_a_batch_without_results_leaves_no_file(tmp_path: Path, names: list[str]) -> None:
    worker(tmp_path, "run-1")[0]([row(name) for name in names])
    assert fragments(tmp_path, "run-1").finished() == {}
    assert not (tmp_path / "work-in-progress").exists()
