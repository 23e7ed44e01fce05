from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipelines.core.progress import ProgressLog, read_progress, stage_seconds


def test_concurrent_appends_all_count(tmp_path: Path) -> None:
    log = ProgressLog(str(tmp_path / "progress/restyle.jsonl"))
    log.begin("restyle", 800)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda n: log.advance(done=1, failed=n % 4 == 0), range(800)))
    progress = read_progress(log.uri)
    assert progress is not None
    assert (progress.stage, progress.total, progress.done, progress.failed) == ("restyle", 800, 800, 200)
    assert 0 <= progress.seconds < 60


def test_a_rerun_counts_from_zero(tmp_path: Path) -> None:
    log = ProgressLog(str(tmp_path / "verify.jsonl"))
    log.begin("verify", 2)
    log.advance(done=2)
    log.begin("verify", 3)
    progress = read_progress(log.uri)
    assert progress is not None
    assert (progress.total, progress.done) == (3, 0)


def test_a_half_written_line_is_not_counted_yet(tmp_path: Path) -> None:
    log = ProgressLog(str(tmp_path / "verify.jsonl"))
    log.begin("verify", 2)
    log.advance(done=1)
    with Path(log.uri).open("a") as file:
        file.write('{"done": 1, "fai')
    progress = read_progress(log.uri)
    assert progress is not None
    assert progress.done == 1


def test_nothing_begun_is_none(tmp_path: Path) -> None:
    (tmp_path / "empty.jsonl").touch()
    for name in ("none.jsonl", "empty.jsonl", "empty.jsonl/inner"):
        assert read_progress(str(tmp_path / name)) is None
        assert stage_seconds(str(tmp_path / name)) is None


def test_object_storage_and_no_uri_write_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for uri in ("", "gs://bucket/progress.jsonl"):
        ProgressLog(uri).begin("verify", 1)
        ProgressLog(uri).advance(done=1)
    assert list(tmp_path.iterdir()) == []


def test_seconds_of_a_finished_stage(tmp_path: Path) -> None:
    log = ProgressLog(str(tmp_path / "verify.jsonl"))
    log.begin("verify", 1)
    log.advance(done=1)
    seconds = stage_seconds(log.uri)
    assert seconds is not None
    assert 0 <= seconds < 60
