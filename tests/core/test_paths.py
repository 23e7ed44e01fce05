from __future__ import annotations

import posixpath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.core.errors import InputError
from pipelines.core.paths import BrandPaths, NightPaths, RunPaths, checked_date, run_name


def test_airflow_run_ids_become_file_names() -> None:
    assert run_name("manual__2026-11-23T02:00:00+00:00_abc") == "manual__2026-11-23T02-00-00-00-00_abc"
    assert run_name("asset_triggered__2026-11-23") == "asset_triggered__2026-11-23"


def test_long_run_ids_that_differ_at_the_end_stay_apart() -> None:
    names = {run_name("x" * 200 + ending) for ending in ("a", "b")}
    assert len(names) == 2
    assert all(len(name) <= 120 for name in names)


@pytest.mark.parametrize("run_id", ["", "..", "-", "/", "___", "\n"])
def test_run_ids_without_a_letter_are_refused(run_id: str) -> None:
    with pytest.raises(InputError, match="run id: expected letters"):
        run_name(run_id)


hostile = st.one_of(
    st.text(max_size=40),
    st.text("/.a", min_size=100, max_size=300),
    st.lists(st.sampled_from(["..", "/", "\\", "a", ".", "\0", "~", "%2e"]), max_size=12).map("".join),
)


@settings(max_examples=60)
@given(hostile)
def test_no_run_leaves_its_root(run_id: str) -> None:
    try:
        folder = RunPaths("/data/out", "2026-11-23", "inkwell", run_id).folder
    except InputError:
        return
    assert posixpath.normpath(folder) == folder
    assert posixpath.dirname(folder) == "/data/out/runs/2026-11-23/inkwell"
    assert len(posixpath.basename(folder)) <= 120


@pytest.mark.parametrize("date", ["2026-11-23", "2024-02-29"])
def test_days_of_the_calendar_are_dates(date: str) -> None:
    assert checked_date(date) == date


@pytest.mark.parametrize(
    "date",
    ["", "2026-02-30", "2026-13-01", "20261123", "2026-11-23T00:00", "2026-W47-1", "../11-23", "\u0662026-11-23"],
)
def test_other_dates_are_refused(date: str) -> None:
    with pytest.raises(InputError, match="YYYY-MM-DD, received"):
        checked_date(date)


def test_names_are_stable() -> None:
    """Later versions read older roots: a changed name here loses a shop's history."""
    night, brand = NightPaths("gs://b/out", "2026-11-23"), BrandPaths("gs://b/out", "inkwell")
    run = RunPaths("gs://b/out", "2026-11-23", "inkwell", "r1")
    assert night.snapshot == "gs://b/out/snapshots/2026-11-23/snapshot.parquet"
    assert night.facts == "gs://b/out/datasets/2026-11-23/facts.parquet"
    assert run.verdicts == "gs://b/out/runs/2026-11-23/inkwell/r1/verdicts.parquet"
    assert run.progress("verify") == "gs://b/out/runs/2026-11-23/inkwell/r1/progress/verify.jsonl"
    assert brand.current == "gs://b/out/releases/inkwell/current.json"
    assert brand.manifest("x") == "gs://b/out/releases/inkwell/x/manifest.json"
    assert brand.object("abcd", ".jpg") == "gs://b/out/objects/inkwell/ab/abcd.jpg"
    assert brand.blessed == "gs://b/out/models/inkwell/blessed.json"
