"""Two nights of a small sample shop through a real Airflow: three DAGs, every job, a release, nothing left running."""

from __future__ import annotations

import csv
import json
import os
import shutil
import socket
from pathlib import Path

import psutil
import pytest
import yaml

from infra.local.__main__ import run_night
from infra.local.stack import Stack
from pipelines.core import tables
from pipelines.core.contracts import ReleaseRow
from pipelines.core.paths import BrandPaths
from pipelines.core.settings import load_shop
from pipelines.release.releases import current_release, list_releases
from pipelines.sample_shop.settings_files import write_settings
from pipelines.sample_shop.write import write_sample_shop

DATE = "2026-11-23"
pytestmark = [pytest.mark.e2e, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module")
def shop_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sample shop of one brand whose training takes seconds, with one broken picture in its feed."""
    root = tmp_path_factory.mktemp("shop")
    write_sample_shop(root, products=10, size_px=128)
    shop = write_settings(root)
    settings = yaml.safe_load(shop.read_text())
    shop.write_text(yaml.safe_dump({**settings, "brands": ["brands/inkwell/brand.yaml"]}))
    brand = root / "brands/inkwell/brand.yaml"
    brand.write_text(
        yaml.safe_dump({**yaml.safe_load(brand.read_text()), "training": {"preset": "quick", "minutes": 0.05}})
    )
    (root / "images/broken.jpg").write_bytes(b"<html>no picture</html>")
    with (root / "feed/products.csv").open("a", newline="") as feed:
        csv.writer(feed).writerow(["broken-01", "broken-01", "../images/broken.jpg", "Broken", "bottles"])
    return shop


@pytest.fixture(scope="module")
def stack(shop_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return Stack(tmp_path_factory.mktemp("airflow"), shop_file, port)


def night(stack: Stack, shop_file: Path) -> tuple[int, list[int]]:
    """Run a night; returns the exit code and the processes the stack left."""
    before = {process.pid for process in psutil.process_iter()}
    try:
        code = run_night(stack, load_shop(shop_file), DATE, detach=True)
    finally:
        sessions = {process.pid for process in stack.processes.values()}
        stack.stop()
    left = [pid for pid in psutil.pids() if pid not in before and _session(pid) in sessions]
    return code, left


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return -1


def summary(shop_file: Path) -> dict[str, object]:
    files = sorted((shop_file.parent / "out/runs").rglob("summary.json"), key=lambda file: file.stat().st_mtime)
    return json.loads(files[-1].read_text())


def test_two_nights(stack: Stack, shop_file: Path) -> None:
    shop = load_shop(shop_file)
    paths = BrandPaths(shop.settings.output_uri, "inkwell")
    images = len((shop_file.parent / "feed/products.csv").read_text().splitlines()) - 1

    assert night(stack, shop_file) == (0, [])
    first = summary(shop_file)
    counts = first["accounting"]
    assert first["status"] == "published"
    assert counts["images_in"] == images
    assert counts["dead_letters"] == 1
    assert counts["restyled"] + counts["kept_original"] == images - 1 == first["computed"]
    assert counts["restyled"] > 0
    assert first["dead_letters_by_reason"] == {"not-an-image": 1}

    release = current_release(paths)
    rows = tables.read_rows(paths.release_rows(release), ReleaseRow)
    assert release == first["release_id"]
    assert len(rows) == images - 1
    assert all(Path(row.object_uri).stat().st_size == row.object_bytes for row in rows)
    report = next((shop_file.parent / "out/runs").rglob("report.html")).read_text()
    assert f"{images}" in report

    assert night(stack, shop_file) == (0, [])
    second = summary(shop_file)
    assert (second["status"], second["computed"]) == ("unchanged", 0)
    assert second["accounting"]["reused"] == counts["restyled"]
    assert current_release(paths) == release
    assert [info.release_id for info in list_releases(paths)] == [release]

    failed_references(stack, shop_file)


def failed_references(stack: Stack, shop_file: Path) -> None:
    """A brand without references stops before any work, with a sentence that names the folder."""
    from pipelines.core.errors import RestyleError

    references = shop_file.parent / "brands/inkwell/references"
    shutil.rmtree(references)
    try:
        with pytest.raises(RestyleError, match=r"expected reference pictures .* in .*references, found none"):
            run_night(stack, load_shop(shop_file), "2026-11-24", detach=True)
    finally:
        stack.stop()
    assert not (shop_file.parent / "out/snapshots/2026-11-24").exists()
