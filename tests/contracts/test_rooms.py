"""Which room imports which: the table of the architecture, over the syntax trees of all modules, lazy imports too."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CORE, IMAGES, TRANSFORMS = "pipelines.core", "pipelines.images", "pipelines.transforms"
BUNDLE = ("training.bundle", "training.stylizer")

MAY_IMPORT: dict[str, tuple[str, ...]] = {
    CORE: (),
    IMAGES: (CORE,),
    TRANSFORMS: (CORE, IMAGES),
    "pipelines.preprocess": (CORE, IMAGES, TRANSFORMS),
    "pipelines.restyle": (CORE, IMAGES, TRANSFORMS),
    "pipelines.verify": (CORE, IMAGES, TRANSFORMS),
    "pipelines.release": (CORE, IMAGES),
    "pipelines.monitor": (CORE, IMAGES),
    "pipelines.sample_shop": (CORE, IMAGES),
    "pipelines.cli": (CORE, "pipelines.release", "pipelines.restyle", "pipelines.sample_shop", "training"),
    "training": (CORE, IMAGES),
    "dags": (CORE, "restyle_common"),
    "infra": (CORE, "pipelines.sample_shop"),
}
"""Rooms of ours that each room may import at all."""

MAY_IMPORT_LAZILY: dict[str, tuple[str, ...]] = {"pipelines.restyle": BUNDLE}
"""And these inside functions only: the network is loaded where it runs."""

OURS = ("pipelines", "training", "dags", "restyle_common", "infra")


def modules() -> list[Path]:
    folders = [folder for folder in ("pipelines", "training", "dags", "infra") if (ROOT / folder).is_dir()]
    return sorted(file for folder in folders for file in (ROOT / folder).rglob("*.py"))


def room_of(module: str) -> str:
    first, _, rest = module.partition(".")
    return f"{first}.{rest.partition('.')[0]}" if first == "pipelines" and rest else first


def imports(tree: ast.AST, *, lazy: bool = False) -> Iterator[tuple[str, bool]]:
    """Names of modules imported, and whether inside a function; those for type checkers alone are left out."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            # `from pipelines import core` names a room, `from pipelines.core import storage` a module of one.
            bare = node.module == "pipelines"
            yield from ((f"{node.module}.{name.name}" if bare else node.module, lazy) for name in node.names)
        elif isinstance(node, ast.Import):
            yield from ((name.name, lazy) for name in node.names)
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        else:
            yield from imports(node, lazy=lazy or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def violations(room: str, found: Iterator[tuple[str, bool]]) -> list[str]:
    """Sentences that name the rule for every import that breaks it."""
    allowed, lazily = MAY_IMPORT[room], MAY_IMPORT_LAZILY.get(room, ())
    words = []
    for name, lazy in found:
        if name.split(".")[0] not in OURS or room_of(name) in (room, *allowed):
            continue
        if name in lazily and lazy:
            continue
        rule = f"{room} may import of ours only {', '.join(allowed) or 'nothing'}"
        rule += f", and inside functions {', '.join(lazily)}" if lazily else ""
        words.append(f"imports {name}{' inside a function' if lazy else ''}; {rule}")
    return words


def test_every_module_keeps_to_its_room() -> None:
    broken = []
    for file in modules():
        relative = file.relative_to(ROOT)
        room = room_of(".".join(relative.with_suffix("").parts))
        if room in ("pipelines.__init__", "pipelines"):
            continue
        assert room in MAY_IMPORT, (
            f"{relative}: room {room} is not in the table of rooms; add it with what it may import"
        )
        broken += [f"{relative} {words}" for words in violations(room, imports(ast.parse(file.read_text())))]
    assert not broken, "\n".join(broken)


@pytest.mark.parametrize(
    ("room", "source", "broken"),
    [
        ("pipelines.core", "from pipelines.images import decode", True),
        ("pipelines.core", "def f():\n    import training.bundle", True),
        ("pipelines.images", "from pipelines import release", True),
        ("pipelines.verify", "from pipelines.restyle.worker import RestyleTask", True),
        ("pipelines.restyle", "from training.bundle import load_bundle", True),
        ("pipelines.restyle", "def f():\n    from training.bundle import load_bundle", False),
        ("pipelines.restyle", "def f():\n    from training.train import main", True),
        ("pipelines.restyle", "if TYPE_CHECKING:\n    from training.stylizer import Stylizer", False),
        ("dags", "import pipelines.release.publish", True),
        ("training", "from pipelines.core import storage\nimport numpy", False),
    ],
)
def test_the_rules_tell_right_from_wrong(room: str, source: str, broken: bool) -> None:
    assert bool(violations(room, imports(ast.parse(source)))) == broken


def test_no_module_grows_past_one_idea() -> None:
    long = {str(file.relative_to(ROOT)): len(file.read_text().splitlines()) for file in modules()}
    long = {name: lines for name, lines in long.items() if lines > 500}
    assert not long, f"modules of more than 500 lines hold more than one idea; split {long}"
