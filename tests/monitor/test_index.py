from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pipelines.core import storage
from pipelines.core.paths import RunPaths
from pipelines.monitor.index import write_index


def _run(night: Any, date: str, run_id: str, **changes: Any) -> None:
    summary = {**night.summary(), "date": date, "run_id": run_id, **changes}
    storage.write_bytes(RunPaths(night.root, date, "inkwell", run_id).summary, json.dumps(summary).encode())


def test_lists_the_current_release_and_links_reports(night: Any, parse: Any) -> None:
    night.report()
    storage.write_bytes(night.paths.current, json.dumps({"release_id": "release-7", "serial": 1}).encode())
    _run(night, "2026-11-22", "earlier", status="blocked")
    page = parse(Path(write_index(night.shop)).read_text())
    assert page.unbalanced == []
    assert "release-7" in page.text
    (link,) = page.all("a")
    assert (Path(night.root) / link.attributes["href"]).is_file()
    assert link.text == night.run.run_id
    numbers = [cell.text for cell in page.all("td") if cell.attributes.get("class") == "number"]
    assert numbers == ["9", "4", "2", "2", "1", "8", "4", "2", "2", "0"]
    assert "earlier, no report" in page.text


def test_shows_the_latest_runs_only(empty_night: Any, parse: Any) -> None:
    for day in range(1, 29):
        _run(empty_night, f"2026-10-{day:02d}", f"<b>{day}")
    page = parse(Path(write_index(empty_night.shop)).read_text())
    dates = [cell.text for cell in page.all("td") if cell.attributes["data-label"] == "Date"]
    assert dates == [f"2026-10-{day}" for day in range(28, 14, -1)]
    assert "The latest 14 of 28 runs." in page.text
    assert page.all("b") == []


def test_before_the_first_run_and_past_a_broken_one(empty_night: Any, parse: Any) -> None:
    page = parse(Path(write_index(empty_night.shop)).read_text())
    assert "Nothing was published yet." in page.text
    assert "No run has finished yet." in page.text
    storage.write_bytes(RunPaths(empty_night.root, "2026-11-23", "inkwell", "odd").summary, b"not json")
    _run(empty_night, "2026-11-22", "good")
    page = parse(Path(write_index(empty_night.shop)).read_text())
    assert len([cell for cell in page.all("td") if cell.attributes["data-label"] == "Date"]) == 1


def test_same_runs_give_the_same_bytes(night: Any) -> None:
    assert Path(write_index(night.shop)).read_bytes() == Path(write_index(night.shop)).read_bytes()
