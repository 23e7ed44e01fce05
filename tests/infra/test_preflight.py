from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from infra.local.preflight import check_disk, check_port
from pipelines.core.errors import InputError

ROOT = Path(__file__).resolve().parents[2]


def test_a_taken_port_is_named_with_another_to_try() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with pytest.raises(InputError, match=rf"Port {port} on 127.0.0.1 is taken .*make run PORT={port + 1}"):
            check_port(port)
    check_port(port)


def test_too_little_disk_space_is_said_with_figures(tmp_path: Path) -> None:
    check_disk(tmp_path / "not/there/yet", needed_bytes=1)
    with pytest.raises(InputError, match=r"GB are free, a run needs 1048576\.0 GB"):
        check_disk(tmp_path, needed_bytes=2**50)


def test_a_run_on_a_taken_port_starts_nothing(tmp_path: Path, tiny_shop) -> None:
    shop = tiny_shop()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = str(listener.getsockname()[1])
        home = tmp_path / "airflow"
        done = subprocess.run(
            [sys.executable, "-m", "infra.local", "--detach",
             "--shop", str(shop.file), "--port", port, "--home", str(home)],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert f"Port {port}" in done.stderr
    assert "Traceback" not in done.stderr
    assert not home.exists()


def test_without_a_fitting_python_the_installer_says_what_is_needed(tmp_path: Path) -> None:
    """The installer in a folder of its own, with nothing on PATH but the shell's own tools."""
    clone, tools = tmp_path / "clone", tmp_path / "bin"
    (clone / "infra").mkdir(parents=True)
    tools.mkdir()
    for name in ("install.sh", "requirements.lock", "requirements-dev.lock", "pyproject.toml"):
        source = ROOT / "infra" / name if name == "install.sh" else ROOT / name
        shutil.copy(source, clone / ("infra/" + name if name == "install.sh" else name))
    for tool in ("sh", "cat", "cksum", "tr", "dirname", "df", "awk"):
        (tools / tool).symlink_to(shutil.which(tool))
    done = subprocess.run(
        [str(clone / "infra/install.sh")], env={"PATH": str(tools)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Python 3.11, 3.12 or 3.13 (with venv) is needed and was not found.")
    assert not (clone / ".venv").exists()
