"""The console command as a person meets it: a process of its own for help and errors, in process for the rest."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from tiny_shop import DATE, TinyShop

from pipelines.cli.main import command, main
from pipelines.core.contracts import ReleaseRow
from pipelines.core.partitions import index_of, write_part
from pipelines.core.paths import BrandPaths
from pipelines.core.settings import json_schema
from pipelines.core.tables import table_of
from pipelines.release.pointer import read_pointer
from pipelines.release.releases import make_current, write_release

MakeShop = Callable[..., TinyShop]
IDS = ["2026-11-23-aaaaaaaaaaaa", "2026-11-24-bbbbbbbbbbbb"]


@pytest.fixture
def store(tiny_shop: MakeShop) -> TinyShop:
    """A shop of two brands; inkwell has two releases."""
    made = tiny_shop(brands=("inkwell", "gilded"))
    paths = BrandPaths(str(made.output), "inkwell")
    for number, release_id in enumerate(IDS):
        row = ReleaseRow("p", "p-a", "Mug", "mugs", "/a.png", "s", f"k{number}", "restyled", "", "/o.jpg", "o", 1,
                         24, 24, 1.0, 0.9, 0.9, 1.0, 0.0, 1.0, 0.0, "{}", "f" * 64, "run")  # fmt: skip
        rows = index_of([write_part(paths.release_parts, 0, table_of([row], ReleaseRow))], ReleaseRow, 1)
        manifest = {
            "release_id": release_id, "date": release_id[:10], "created_at": f"2026-11-2{3 + number}T02:00:00+00:00",
            "model_sha256": "f" * 64, "accounting": {"restyled": 1, "reused": 0, "kept_original": 0},
        }  # fmt: skip
        write_release(paths, manifest, rows)
        make_current(paths, read_pointer(paths.current), release_id, "publish", "run")
    return made


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(command, list(arguments))
    assert result.exit_code == 0, result.output
    return result


def ends_with(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Exit code and stderr of `restyle ARGUMENTS`."""
    monkeypatch.setattr(sys, "argv", ["restyle", *arguments])
    with pytest.raises(SystemExit) as caught:
        main()
    return int(caught.value.code or 0), capsys.readouterr().err


def subcommands(group: click.Group, *above: str) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for name, inner in group.commands.items():
        found += [(*above, name), *(subcommands(inner, *above, name) if isinstance(inner, click.Group) else [])]
    return found


HANDED_ON = {("train",): "--content", ("evaluate",): "--with-optimisation", ("explain",): "--references"}
"""Commands whose options belong to the trainer's rooms, and one of these options."""


@pytest.mark.parametrize(
    "words", [words for words in [(), *subcommands(command)] if words not in HANDED_ON], ids=" ".join
)
def test_every_command_explains_itself(words: tuple[str, ...]) -> None:
    output = run(*words, "--help").output
    assert output.startswith(f"Usage: restyle{''.join(f' {word}' for word in words)}")
    assert len(output.splitlines()) > 4


@pytest.mark.parametrize("words", sorted(HANDED_ON), ids=" ".join)
def test_the_trainers_rooms_explain_their_own_options(words: tuple[str, ...]) -> None:
    result = CliRunner().invoke(command, [*words, "--help"])
    assert result.output.lower().startswith("usage: ")
    assert HANDED_ON[words] in result.output


def test_the_installed_command_runs_without_heavy_imports() -> None:
    code = (
        "import sys\nfrom pipelines.cli.main import main\nsys.argv = ['restyle', '--version']\n"
        "heavy = {'tensorflow', 'apache_beam', 'airflow', 'pyarrow'}\n"
        "try:\n    main()\nfinally:\n    print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    lines = done.stdout.splitlines()
    assert re.match(r"restyle, version \d+\.\d+", lines[0])
    assert lines[1] == "[]"


@pytest.mark.parametrize("kind", ["shop", "brand"])
def test_schema(kind: str) -> None:
    assert json.loads(run("schema", kind).output) == json_schema(kind)  # type: ignore[arg-type]


def test_plan_says_what_a_night_would_do_and_writes_nothing(tiny_shop: MakeShop) -> None:
    made = tiny_shop(brands=("inkwell", "gilded"))
    before = made.files()
    output = run("plan", "--shop", str(made.file), "--date", DATE).output
    assert f"{DATE}: the feed names 3 images; results go to {made.output}" in output
    for brand in ("inkwell", "gilded"):
        assert f"{brand}: would restyle up to 3 images in about 22 s; would train (preset quick)" in output
    assert made.files() == before
    assert "gilded" not in run("plan", "--shop", str(made.file), "--date", DATE, "--brand", "inkwell").output


def test_release_list_marks_the_current(store: TinyShop) -> None:
    lines = run("release", "list", "--shop", str(store.file)).output.splitlines()
    assert lines[0] == "inkwell:"
    assert lines[1].startswith(f" * {IDS[1]}  1 images (1 restyled, 0 kept original)  model ffffffffffff")
    assert lines[2].startswith(f"   {IDS[0]}")
    assert lines[3:] == ["gilded:", "   nothing published yet"]


def test_release_show(store: TinyShop) -> None:
    where = ["--shop", str(store.file), "--brand", "inkwell"]
    assert json.loads(run("release", "show", *where).output)["release_id"] == IDS[1]
    assert json.loads(run("release", "show", *where, IDS[0]).output)["release_id"] == IDS[0]


def test_rollback_and_forward(store: TinyShop) -> None:
    where = ["--shop", str(store.file), "--brand", "inkwell"]
    assert run("release", "rollback", *where).output == f"inkwell: {IDS[0]} is current (was {IDS[1]}).\n"
    assert f" * {IDS[0]}" in run("release", "list", *where).output
    assert (
        run("release", "rollback", *where, "--to", IDS[1]).output == f"inkwell: {IDS[1]} is current (was {IDS[0]}).\n"
    )
    history = read_pointer(BrandPaths(str(store.output), "inkwell").current).values["history"]
    assert [event["action"] for event in history] == ["rollback", "rollback", "publish", "publish"]
    assert history[0]["actor"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("release", "rollback", "--brand", "gilded"), "brand gilded: nothing was published yet"),
        (("release", "show", "--brand", "gilded"), "brand gilded: nothing was published yet"),
        (("release", "show", "--brand", "inkwell", "2026-01-01-000000000000"), "expected a release among"),
        (("release", "rollback", "--brand", "inkwell", "--to", "../gilded/x"), "expected a release among"),
        (("release", "list", "--brand", "none"), "expected a brand among inkwell, gilded, received 'none'"),
        (("plan", "--date", "yesterday"), "received 'yesterday'"),
    ],
)
def test_errors_are_one_sentence_and_code_2(
    store: TinyShop,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    expected: str,
) -> None:
    code, message = ends_with(monkeypatch, capsys, *arguments, "--shop", str(store.file))
    assert code == 2
    assert expected in message
    assert message.count("\n") == 1


def test_wrong_usage_is_code_2_with_a_hint(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (("relase",), ("plan",), ("schema", "model"), ("release", "rollback")):
        code, message = ends_with(monkeypatch, capsys, *arguments)
        assert code == 2
        assert "Try 'restyle" in message


def test_a_file_that_cannot_be_read_is_one_sentence(
    store: TinyShop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    current = store.output / "releases/inkwell/current.json"
    current.unlink()
    current.mkdir()
    code, message = ends_with(monkeypatch, capsys, "release", "list", "--shop", str(store.file))
    assert (code, message) == (1, f"{current}: Is a directory\n")


def test_no_traceback_reaches_a_person(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pipelines.cli.main", "release", "list", "--shop", str(tmp_path / "none.yaml")],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith(f"{tmp_path / 'none.yaml'}: expected a settings file here, found none")
    assert done.stderr.count("\n") == 1
