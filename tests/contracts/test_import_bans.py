"""What a process loads when it imports a room, a job or a DAG file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from tiny_shop import TinyShop

ROOT = Path(__file__).parents[2]
HEAVY = ("tensorflow", "keras", "torch", "apache_beam", "airflow", "pyarrow", "matplotlib", "google.cloud.storage")
RELEASE_JOBS = ("ingest", "plan", "publish", "training_due", "bless_model")
OTHER_JOBS = ("pipelines.preprocess.__main__", "pipelines.restyle.__main__", "pipelines.verify.__main__",
              "pipelines.monitor.__main__")  # fmt: skip


def loaded_by(modules: Sequence[str], **environment: str) -> dict[str, set[str]]:
    """Heavy packages that a fresh process holds after importing each module in turn."""
    code = (
        f"import importlib, json, sys\nfound = {{}}\n"
        f"for name in {list(modules)!r}:\n    importlib.import_module(name)\n"
        f"    found[name] = [heavy for heavy in {HEAVY!r} if heavy in sys.modules]\nprint(json.dumps(found))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=ROOT,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr
    return {name: set(heavy) for name, heavy in json.loads(done.stdout.splitlines()[-1]).items()}


def offenders(loaded: dict[str, set[str]], banned: set[str]) -> dict[str, list[str]]:
    return {name: sorted(found & banned) for name, found in loaded.items() if found & banned}


def modules_of(room: str) -> list[str]:
    files = sorted((ROOT / room.replace(".", "/")).glob("*.py"))
    return [f"{room}.{file.stem}" for file in files if file.stem != "__init__"]


@pytest.mark.parametrize("room", ["pipelines.core", "pipelines.images"])
def test_core_and_images_load_nothing_heavy(room: str) -> None:
    modules = modules_of(room)
    assert len(modules) > 5
    broken = offenders(loaded_by(modules), set(HEAVY))
    assert not broken, f"{room} stays light (numpy, Pillow, pydantic); the first module that loads more: {broken}"


def test_jobs_load_neither_tensorflow_nor_beam() -> None:
    """A job's options are parsed and its input is checked before anything heavy is loaded."""
    jobs = [f"pipelines.release.{name}" for name in RELEASE_JOBS]
    jobs += [name for name in OTHER_JOBS if (ROOT / f"{name.replace('.', '/')}.py").exists()]
    broken = offenders(loaded_by(jobs), {"tensorflow", "keras", "torch", "apache_beam", "airflow"})
    assert not broken, f"jobs load heavy packages inside the function that needs them; from the first on: {broken}"


def test_dag_files_load_neither_tensorflow_nor_beam(tiny_shop: Callable[..., TinyShop], tmp_path: Path) -> None:
    files = sorted(file.stem for file in (ROOT / "dags").glob("*.py"))
    assert set(files) >= {"catalog_preprocess", "style_training", "catalog_restyle"}
    loaded = loaded_by(
        files,
        RESTYLE_SETTINGS=str(tiny_shop().file),
        AIRFLOW_HOME=str(tmp_path / "airflow"),
        AIRFLOW__CORE__LOAD_EXAMPLES="False",
        PYTHONPATH=f"{ROOT / 'dags'}{os.pathsep}{ROOT}",
    )
    assert all("airflow" in found for found in loaded.values())
    broken = offenders(loaded, {"tensorflow", "keras", "torch", "apache_beam", "matplotlib"})
    assert not broken, f"DAG files are parsed again and again and load nothing heavy; from the first on: {broken}"
