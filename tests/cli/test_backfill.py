"""A backfill says what it would take before anything starts, and hands over to Airflow's own command."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from tiny_shop import TinyShop

from pipelines.cli.main import command
from pipelines.core.errors import InputError

MakeShop = Callable[..., TinyShop]
RANGE = ("--from-date", "2026-11-20", "--to-date", "2026-11-22")


@pytest.fixture
def airflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An `airflow` on the PATH that notes its arguments; returns the file that it notes them in."""
    noted = tmp_path / "noted"
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "airflow").write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {noted}\n')
    (folder / "airflow").chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(folder / "python"))
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return noted


def run(shop: TinyShop, *arguments: str, answer: str = "") -> tuple[int, str]:
    result = CliRunner().invoke(command, ["backfill", "--shop", str(shop.file), *arguments], input=answer)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def test_images_time_and_cost_are_said_for_each_night_and_all(tiny_shop: MakeShop, airflow: Path) -> None:
    shop = tiny_shop()
    shop.configure(costs={"machine_hour": 36.0, "thousand_writes": 1000.0, "seconds_an_image": 2.0, "currency": "EUR"})
    code, output = run(shop, *RANGE, "--dry-run")
    assert code == 0
    lines = output.splitlines()
    for line, date in zip(lines, ("2026-11-20", "2026-11-21", "2026-11-22"), strict=False):
        assert line.startswith(
            f"{date} inkwell: up to 3 images to restyle in about 26 s for about 3.26 EUR, would train"
        )
    assert lines[3].startswith("all nights: up to 9 images in about 78 s for about 9.78 EUR")
    assert not airflow.exists()


def test_airflow_is_asked_after_a_yes_alone(tiny_shop: MakeShop, airflow: Path) -> None:
    shop = tiny_shop()
    assert run(shop, *RANGE, answer="n\n")[0] == 1
    assert not airflow.exists()
    assert run(shop, *RANGE, "--move-back", "--brand", "inkwell", answer="y\n")[0] == 0
    words = airflow.read_text().splitlines()
    assert words[:2] == ["backfill", "create"]
    options = dict(zip(words[2::2], words[3::2], strict=True))
    assert options["--dag-id"] == "catalog_preprocess"
    assert (options["--from-date"], options["--to-date"]) == ("2026-11-20", "2026-11-22T23:59:59")
    assert options["--dag-run-conf"] == '{"move_back": true, "brand": "inkwell"}'
    assert options["--reprocess-behavior"] == "completed"


@pytest.mark.parametrize(
    "dates", [("2026-11-22", "2026-11-20"), ("2026-11-31", "2026-12-01"), ("2000-01-01", "2026-01-01")]
)
def test_a_range_that_is_none(tiny_shop: MakeShop, dates: tuple[str, str]) -> None:
    with pytest.raises(InputError, match="expected"):
        run(tiny_shop(), "--from-date", dates[0], "--to-date", dates[1], "--yes")
