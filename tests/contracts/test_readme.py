"""The README tells the truth: its commands exist, its settings validate, its links lead somewhere."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path

import click
import pytest
import yaml

from pipelines.cli.main import command
from pipelines.core.settings import BrandSettings, ShopSettings
from training.arguments import training_parser

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "README.md").read_text()
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
SHELL = [line for block in re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL) for line in block.splitlines() if line]
RESTYLE = [line for line in SHELL if line.startswith(".venv/bin/restyle")]
MAKE = [line for line in SHELL if line.startswith("make")]


def test_the_two_commands_come_first() -> None:
    assert [shlex.split(line, comments=True) for line in SHELL[:2]] == [["make", "run"], ["make", "test"]]


@pytest.mark.parametrize("line", MAKE)
def test_make_knows_its_targets(line: str) -> None:
    words = shlex.split(line, comments=True)
    done = subprocess.run([words[0], "-n", *words[1:]], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "infra/install.sh" in done.stdout


@pytest.mark.parametrize("line", RESTYLE)
def test_the_restyle_command_takes_what_the_readme_gives_it(line: str) -> None:
    words = shlex.split(line, comments=True)[1:]
    found: click.Command = command
    while isinstance(found, click.Group):
        name = words.pop(0)
        assert name in found.commands, line
        found = found.commands[name]
    options = {word.split("=")[0] for word in words if word.startswith("--")}
    if found.name == "train":
        known = {option for action in training_parser("", "")._actions for option in action.option_strings}
        known |= {"--brand", "--preset"}
    else:
        known = {option for parameter in found.params for option in parameter.opts}
    assert options <= known, line


def test_settings_in_the_readme_validate() -> None:
    documents = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)]
    shop, brand = documents
    assert ShopSettings.model_validate(shop).brands == ("acme.yaml",)
    assert BrandSettings.model_validate(brand).brand == "acme"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_to_files(document: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)\)", document.read_text())
    missing = [link for link in links if "://" not in link and not (document.parent / link).exists()]
    assert missing == []


def test_every_subcommand_is_named_in_the_readme_or_the_docs() -> None:
    text = "\n".join(document.read_text() for document in DOCUMENTS)
    assert [name for name in command.commands if f"restyle {name}" not in text] == []
