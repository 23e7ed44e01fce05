from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from tiny_shop import TinyShop, make_tiny_shop

NO_EMULATOR = "no storage emulator (fake-gcs-server)"


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Generator[None, None, None]:
    """One sentence that nobody overlooks, below the list of skipped tests."""
    yield
    skipped = [report for report in terminalreporter.stats.get("skipped", []) if NO_EMULATOR in str(report.longrepr)]
    if skipped:
        terminalreporter.write_line(
            f"NOT tested: Google Cloud Storage. {len(skipped)} tests were skipped because fake-gcs-server is not "
            "installed; `make emulator` installs it (Go is needed).",
            yellow=True,
            bold=True,
        )


@pytest.fixture
def tiny_shop(tmp_path: Path) -> Callable[..., TinyShop]:
    """Makes a shop: `tiny_shop(products=3, brands=("inkwell",), name="shop")`."""

    def make(*, name: str = "shop", **options: object) -> TinyShop:
        return make_tiny_shop(tmp_path / name, **options)  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def storage_emulator() -> Iterator[str]:
    """URL of a running fake-gcs-server, for tests of gs:// URIs."""
    pytest.importorskip("google.cloud.storage", reason="google-cloud-storage is not installed (extra `gcs`)")
    binary = _emulator()
    if not binary:
        if os.environ.get("STORAGE_EMULATOR_REQUIRED"):
            pytest.fail(f"{NO_EMULATOR}, although it was installed; `make emulator` installs it again")
        pytest.skip(NO_EMULATOR)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [binary, "-backend", "memory", "-scheme", "http", "-host", "127.0.0.1", "-port", str(port),
         "-external-url", url, "-log-level", "error"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait_for(f"{url}/storage/v1/b?project=test")
        yield url
    finally:
        server.terminate()
        server.wait(timeout=10)


@pytest.fixture
def bucket(storage_emulator: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """gs:// URI of a fresh bucket of the emulator that our storage talks to."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", storage_emulator)
    name = f"shop-{uuid4().hex[:12]}"
    request = urllib.request.Request(  # noqa: S310
        f"{storage_emulator}/storage/v1/b?project=test",
        data=json.dumps({"name": name}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as reply:  # noqa: S310
        assert reply.status == 200
    return f"gs://{name}"


def _emulator() -> str | None:
    """Where `make emulator` installs it, on the PATH, or where Go installs things."""
    folders = [str(Path(sys.executable).parent), os.environ.get("PATH", ""), str(Path.home() / "go/bin")]
    return shutil.which("fake-gcs-server", path=os.pathsep.join(folders))


def _wait_for(url: str) -> None:
    for _ in range(200):
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
    raise RuntimeError(f"{url}: expected the storage emulator to answer within 10 s")
