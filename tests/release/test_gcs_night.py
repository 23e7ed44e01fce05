"""A whole night whose artifacts lie in a bucket."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from small_night import SmallNight
from tiny_shop import TinyShop

from pipelines.core.errors import PublishConflict
from pipelines.core.paths import NightPaths
from pipelines.release.pointer import move_pointer, read_pointer
from pipelines.release.releases import current_release, list_releases, rollback


@dataclass(frozen=True)
class BucketNight(SmallNight):
    root: str = ""

    @property
    def night(self) -> NightPaths:
        return NightPaths(self.root, self.date)


def test_publish_and_roll_back_in_a_bucket(bucket: str, tiny_shop: Callable[..., TinyShop]) -> None:
    made = tiny_shop()
    made.configure_brand("inkwell", gate={"max_failed_share": 1.0})
    made.configure(output_uri=f"{bucket}/out")
    made.bless_fake_model()
    first = BucketNight(made, root=f"{bucket}/out").whole({"p1-a": "fail"})
    made.add_picture("p0.png", 90)
    second = BucketNight(made, date="2026-11-24", run_id="run-2", root=f"{bucket}/out")
    summary = second.whole()
    assert (summary["status"], summary["computed"], summary["accounting"]["reused"]) == ("published", 1, 1)
    assert len(list_releases(second.paths)) == 2
    stale = read_pointer(second.paths.current)
    assert rollback(second.paths, None, "anna") == (summary["release_id"], first["release_id"])
    with pytest.raises(PublishConflict):
        move_pointer(stale, stale.values)
    assert current_release(second.paths) == first["release_id"]
    assert not made.output.exists()
