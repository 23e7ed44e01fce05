"""A picture behind a link, from the feed to the release and back into a feed."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

from picture_host import PictureHost, Reply, picture_host
from small_night import SmallNight
from tiny_shop import picture

from pipelines.core.contracts import ReleaseRow
from pipelines.core.tables import read_rows
from pipelines.release.audit import explain_image, sentences
from pipelines.release.product_feeds import image_feed, published_images
from pipelines.release.releases import read_index


def configure(night: SmallNight, host: PictureHost) -> None:
    links = [host.serves(f"/{number}.png", picture(number), ETag=f'"{number}"') for number in range(3)]
    lines = ["id\timage_link\tadditional_image_link", f"mug\t{links[0]}\t{links[1]}", f"tee\t{links[2]}\t"]
    (night.made.root / "feed.tsv").write_text("\n".join(lines))
    http = host.settings(attempts=1).resolved()
    night.made.configure(feed={"uri": "feed.tsv", "http": http})


def test_a_link_goes_all_the_way(night: SmallNight) -> None:
    with picture_host() as host:
        configure(night, host)
        summary = night.whole()
        rows = read_rows(night.paths.release_rows(summary["release_id"]), ReleaseRow)
        assert {(row.product_id, row.position, row.feed_uri) for row in rows} == {
            ("mug", 0, host.url("/0.png")),
            ("mug", 1, host.url("/1.png")),
            ("tee", 0, host.url("/2.png")),
        }
        explained = explain_image(night.paths, rows[0].image_id)
        assert explained is not None
        assert f"fetched from {rows[0].feed_uri}" in "\n".join(sentences(explained))
        images = published_images(read_index(night.paths, summary["release_id"]))
        feed = list(csv.DictReader(io.StringIO("".join(image_feed(images, str.upper, summary["release_id"])))))
        assert {line["image_url"] for line in feed} == {row.object_uri.upper() for row in rows}


def test_a_host_that_is_down_changes_no_release(night: SmallNight) -> None:
    with picture_host() as host:
        configure(night, host)
        first = night.whole()
        for number in range(3):
            host.says(f"/{number}.png", Reply(503))
        second = replace(night, date="2026-11-24", run_id="run-2").whole()
    assert second["status"] == "unchanged"
    assert second["release_id"] == first["release_id"]
    assert second["accounting"]["dead_letters"] == 0
