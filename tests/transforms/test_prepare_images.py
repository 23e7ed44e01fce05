from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipelines.core.contracts import DeadLetter, ImageFacts, SnapshotRow
from pipelines.core.progress import ProgressLog, read_progress
from pipelines.core.tables import read_json_lines, read_rows

# Importing Beam 2.77 imports google.api_core; Beam is imported within the tests, where this holds.
pytestmark = pytest.mark.filterwarnings("ignore:Please install grpcio-status:ImportWarning")


@dataclass(frozen=True)
class Outcome:
    facts: ImageFacts
    example: bytes | None


def row(image_id: str) -> SnapshotRow:
    return SnapshotRow("p", image_id, f"/{image_id}", "", "", "0" * 64, 1)


def prepare(seen: SnapshotRow) -> Outcome | DeadLetter:
    """Images named bad-* are dead letters, those named odd-* have no example."""
    if seen.image_id.startswith("bad"):
        return DeadLetter("p", seen.image_id, seen.image_uri, "preprocess", "corrupt", "as its name says")
    facts = ImageFacts("p", seen.image_id, "0" * 64, 1, 1, False, "none", "", "{}")
    return Outcome(facts, None if seen.image_id.startswith("odd") else seen.image_id.encode())


@dataclass(frozen=True)
class WriteNames:
    """Writes what it is given as JSON and returns the number."""

    folder: str

    def __call__(self, shard: str, examples: Sequence[bytes]) -> tuple[str, int]:
        Path(self.folder, shard).write_text(json.dumps([example.decode() for example in examples]))
        return shard, len(examples)


def run(folder: Path, shards: list[tuple[str, list[SnapshotRow]]]) -> Any:
    import apache_beam as beam

    from pipelines.transforms.prepare_images import DEAD_LETTERS, FACTS, SHARD_FILES, PrepareShards
    from pipelines.transforms.row_artifacts import WriteJsonLines, WriteTable

    progress = ProgressLog(str(folder / "progress.jsonl"))
    progress.begin("preprocess", sum(len(rows) for _, rows in shards))
    pipeline = beam.Pipeline(runner="FnApiRunner")
    outcomes = pipeline | beam.Create(shards) | PrepareShards(prepare, WriteNames(str(folder)), progress)
    outcomes[FACTS] | "Facts" >> WriteTable(str(folder / "facts.parquet"), ImageFacts)
    outcomes[DEAD_LETTERS] | "DeadLetters" >> WriteJsonLines(str(folder / "dead_letters.jsonl"))
    outcomes[SHARD_FILES] | "Files" >> beam.Map(_check_written)
    result = pipeline.run()
    result.wait_until_finish()
    return result


def _check_written(described: tuple[str, int]) -> None:
    import apache_beam as beam

    beam.metrics.Metrics.counter("test", f"{described[0]}={described[1]}").inc()


def counters(result: Any) -> dict[str, int]:
    return {found.key.metric.name: found.result for found in result.metrics().query()["counters"]}


def test_outcomes_part_ways_and_examples_keep_the_order_of_their_rows(tmp_path: Path) -> None:
    first = [row(name) for name in ("z", "bad-1", "a", "odd-1", "m")]
    result = run(tmp_path, [("shard-0", first), ("shard-1", [row("bad-2"), row("b")])])
    assert json.loads((tmp_path / "shard-0").read_text()) == ["z", "a", "m"]
    assert json.loads((tmp_path / "shard-1").read_text()) == ["b"]
    facts = read_rows(str(tmp_path / "facts.parquet"), ImageFacts)
    assert [fact.image_id for fact in facts] == ["a", "b", "m", "odd-1", "z"]
    letters = read_json_lines(str(tmp_path / "dead_letters.jsonl"), DeadLetter)
    assert [letter.image_id for letter in letters] == ["bad-1", "bad-2"]
    counted = counters(result)
    assert counted["shard-0=3"] == counted["shard-1=1"] == 1
    assert (counted["examples"], counted["not_for_training"], counted["dead_letters/corrupt"]) == (4, 1, 2)
    progress = read_progress(str(tmp_path / "progress.jsonl"))
    assert progress is not None
    assert (progress.total, progress.done, progress.failed) == (7, 7, 2)


def test_nothing_at_all_still_writes_its_artifacts(tmp_path: Path) -> None:
    run(tmp_path, [])
    assert read_rows(str(tmp_path / "facts.parquet"), ImageFacts) == []
    assert (tmp_path / "dead_letters.jsonl").read_bytes() == b""
