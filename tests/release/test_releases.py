from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import pytest
from small_night import SmallNight
from tiny_shop import TinyShop

from pipelines.core import storage
from pipelines.core.errors import InputError
from pipelines.core.paths import BrandPaths
from pipelines.release.pointer import read_pointer
from pipelines.release.releases import (
    current_release,
    list_releases,
    read_index,
    read_manifest,
    rollback,
    write_release,
)

MakeShop = Callable[..., TinyShop]


@pytest.fixture
def releases(night: SmallNight) -> list[str]:
    """Ids of three published releases, the oldest first."""
    return [publish_day(night, day) for day in (23, 24, 25)]


def publish_day(night: SmallNight, day: int) -> str:
    """Publish a night on which one picture has changed."""
    night.made.add_picture("p1.png", 100 + day)
    summary = replace(night, date=f"2026-11-{day}", run_id=f"run-{day}").whole()
    assert summary["status"] == "published"
    return str(summary["release_id"])


def test_releases_are_listed_newest_first(night: SmallNight, releases: list[str]) -> None:
    infos = list_releases(night.paths)
    assert [info.release_id for info in infos] == releases[::-1]
    assert [info.is_current for info in infos] == [True, False, False]
    assert {(info.images, info.restyled, info.kept_original) for info in infos} == {(3, 3, 0)}


def test_writers_of_one_release_leave_one_whole_release(night: SmallNight, releases: list[str]) -> None:
    manifest, indexes = read_manifest(night.paths, releases[0]), [read_index(night.paths, one) for one in releases]
    for attempt in range(5):
        release_id, barrier = f"2026-12-01-{attempt:012x}", Barrier(3)

        def write(writer: int, release_id: str = release_id, barrier: Barrier = barrier) -> None:
            barrier.wait()
            write_release(night.paths, {**manifest, "release_id": release_id}, indexes[writer])

        with ThreadPoolExecutor(3) as threads:
            list(threads.map(write, range(3)))
        assert read_manifest(night.paths, release_id)["rows"]["sha256"] == read_index(night.paths, release_id).sha256


def test_rollback_is_one_step_back_and_loses_nothing(night: SmallNight, releases: list[str]) -> None:
    files = {uri for uri in storage.list_files(str(night.made.output)) if not uri.endswith("current.json")}
    assert rollback(night.paths, None, "anna") == (releases[2], releases[1])
    assert current_release(night.paths) == releases[1]
    assert files <= set(storage.list_files(str(night.made.output)))
    pointer = read_pointer(night.paths.current)
    assert pointer.serial == 4
    assert pointer.values["date"] == "2026-11-24"
    event = pointer.values["history"][0]
    assert (event["action"], event["actor"], event["release_id"]) == ("rollback", "anna", releases[1])


def test_rolling_back_again_goes_further_back(night: SmallNight, releases: list[str]) -> None:
    rollback(night.paths, None, "anna")
    assert rollback(night.paths, None, "anna") == (releases[1], releases[0])
    with pytest.raises(InputError, match="only release so far; there is none to go back to"):
        rollback(night.paths, None, "anna")


def test_a_release_that_was_rolled_back_is_not_returned_to(night: SmallNight, releases: list[str]) -> None:
    rollback(night.paths, releases[0], "anna")
    newest = publish_day(night, 26)
    assert rollback(night.paths, None, "anna") == (newest, releases[0])


def test_rollback_to_a_named_release_and_forward_again(night: SmallNight, releases: list[str]) -> None:
    assert rollback(night.paths, releases[0], "anna") == (releases[2], releases[0])
    assert rollback(night.paths, releases[2], "anna") == (releases[0], releases[2])
    assert rollback(night.paths, None, "anna") == (releases[2], releases[0])


def test_rollback_to_the_current_release_changes_nothing(night: SmallNight, releases: list[str]) -> None:
    before = storage.read_bytes(night.paths.current)
    assert rollback(night.paths, releases[2], "anna") == (releases[2], releases[2])
    assert storage.read_bytes(night.paths.current) == before


def test_nothing_to_roll_back(night: SmallNight) -> None:
    with pytest.raises(InputError, match="brand inkwell: nothing was published yet"):
        rollback(night.paths, None, "anna")


def test_an_unknown_release_names_the_known(night: SmallNight, releases: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        rollback(night.paths, "2026-01-01-000000000000", "anna")
    assert all(release_id in str(caught.value) for release_id in releases)
    assert current_release(night.paths) == releases[2]


def test_a_release_of_another_brand_is_out_of_reach(tiny_shop: MakeShop) -> None:
    made = tiny_shop(brands=("inkwell", "gilded"))
    ids = {}
    for brand in ("inkwell", "gilded"):
        made.bless_fake_model(brand)
        ids[brand] = SmallNight(made, brand=brand).whole()["release_id"]
    paths = BrandPaths(str(made.output), "inkwell")
    for hostile in (f"../gilded/{ids['gilded']}", "..", "", "/etc", f"{ids['inkwell']}/../{ids['inkwell']}"):
        with pytest.raises(InputError, match="expected a release among"):
            read_manifest(paths, hostile)
    with pytest.raises(InputError, match="expected a release among"):
        rollback(paths, f"../gilded/{ids['gilded']}", "mallory")
