from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from pipelines.core.contracts import DeadLetter, ImageFacts
from pipelines.core.partitions import bucket_of
from pipelines.core.progress import ProgressLog, read_progress
from pipelines.core.tables import finished_info, read_json_lines, read_part, read_rows

# Importing Beam 2.77 imports google.api_core; Beam is imported within the tests, where this holds.
pytestmark = pytest.mark.filterwarnings("ignore:Please install grpcio-status:ImportWarning")
BUCKETS = 4


@dataclass(frozen=True)
class Outcome:
    facts: list[ImageFacts] = field(default_factory=list)
    dead_letters: list[DeadLetter] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)


def work(unit: Sequence[str], progress: ProgressLog) -> Outcome:
    """Images named bad-* are dead letters."""
    outcome = Outcome()
    for name in unit:
        if name.startswith("bad"):
            outcome.dead_letters.append(DeadLetter("p", name, f"/{name}", "preprocess", "corrupt", "as its name says"))
        else:
            outcome.facts.append(ImageFacts(f"product-{name}", name, "0" * 64, 1, 1, False, "none", "", "{}"))
        progress.advance(done=1, failed=int(name.startswith("bad")))
    outcome.counts["seen"] += len(unit)
    return outcome


def run(folder: Path, units: list[tuple[str, ...]]) -> Any:
    import apache_beam as beam

    from pipelines.transforms.prepare_images import DEAD_LETTERS, FACTS, PrepareImages
    from pipelines.transforms.row_artifacts import WriteJsonLines, WriteParts

    progress = ProgressLog(str(folder / "progress.jsonl"))
    progress.begin("preprocess", sum(map(len, units)))
    pipeline = beam.Pipeline(runner="FnApiRunner")
    outcomes = pipeline | beam.Create(units) | PrepareImages(work, progress)
    outcomes[FACTS] | "Facts" >> WriteParts(str(folder / "facts.parquet"), str(folder / "parts"), ImageFacts, BUCKETS)
    outcomes[DEAD_LETTERS] | "DeadLetters" >> WriteJsonLines(str(folder / "dead_letters.jsonl"))
    result = pipeline.run()
    result.wait_until_finish()
    return result


def test_outcomes_part_ways_and_facts_lie_in_their_buckets(tmp_path: Path) -> None:
    result = run(tmp_path, [("z", "bad-1", "a", "m"), ("bad-2", "b")])
    info = finished_info(str(tmp_path / "facts.parquet"), ImageFacts)
    assert info.buckets == BUCKETS
    assert sorted(fact.image_id for fact in read_rows(str(tmp_path / "facts.parquet"), ImageFacts)) == [
        "a",
        "b",
        "m",
        "z",
    ]
    for part in info.parts:
        rows = read_part(part, ImageFacts).to_pylist()
        assert rows == sorted(rows, key=lambda values: (values["product_id"], values["image_id"]))
        assert {bucket_of(values["product_id"], BUCKETS) for values in rows} == {part.bucket}
    letters = read_json_lines(str(tmp_path / "dead_letters.jsonl"), DeadLetter)
    assert [letter.image_id for letter in letters] == ["bad-1", "bad-2"]
    counted = {found.key.metric.name: found.result for found in result.metrics().query()["counters"]}
    assert counted["seen"] == 6
    progress = read_progress(str(tmp_path / "progress.jsonl"))
    assert progress is not None
    assert (progress.total, progress.done, progress.failed) == (6, 6, 2)


def test_nothing_at_all_still_writes_its_artifacts(tmp_path: Path) -> None:
    run(tmp_path, [])
    assert read_rows(str(tmp_path / "facts.parquet"), ImageFacts) == []
    assert (tmp_path / "dead_letters.jsonl").read_bytes() == b""
