"""How the repository speaks, in rules that a reader of one file can not see broken."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("pipelines", "training", "dags", "infra", "docs", "tests")
UNFINISHED = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b")
SOMEBODYS_MACHINE = re.compile(r"(?<![\w$}.])/(?:wo" r"rk|ro" r"ot|home/\w+|Users/\w+)/")


def texts() -> list[Path]:
    files = [file for folder in FOLDERS for file in (ROOT / folder).rglob("*")]
    files += [ROOT / "README.md", ROOT / "Makefile", ROOT / "pyproject.toml"]
    return sorted(
        file for file in files if file.suffix in {".py", ".md", ".toml", ".yaml", ".sh", ".html", ""} and file.is_file()
    )


@pytest.mark.parametrize(
    ("rule", "pattern"),
    [("finish it or write down a limit in words", UNFINISHED), ("name no path of one machine", SOMEBODYS_MACHINE)],
    ids=["unfinished", "machine-paths"],
)
def test_no_text_breaks_the_rule(rule: str, pattern: re.Pattern[str]) -> None:
    found = [
        f"{file.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for file in texts()
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if pattern.search(line)
    ]
    assert not found, f"{rule}:\n" + "\n".join(found)


def test_modules_are_named_after_their_idea() -> None:
    vague = {"utils", "util", "helpers", "helper", "common", "misc"}
    found = [str(file.relative_to(ROOT)) for file in texts() if file.suffix == ".py" and file.stem in vague]
    assert not found, f"name a module after the one idea in it: {found}"


def test_test_files_have_names_of_their_own() -> None:
    """Without packages under tests/, two files of one name hide each other."""
    names = [file.name for file in (ROOT / "tests").rglob("*.py") if file.name != "conftest.py"]
    assert sorted({name for name in names if names.count(name) > 1}) == []
    assert not list((ROOT / "tests").rglob("__init__.py"))
