"""Pictures behind http(s) links, from the feed to the snapshot, against a real server."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from picture_host import PictureHost, Reply, picture_host
from tiny_shop import TinyShop, picture

from pipelines.core.contracts import DeadLetter, SnapshotRow
from pipelines.core.errors import FeedError, RestyleError
from pipelines.core.paths import NightPaths
from pipelines.core.settings import Shop
from pipelines.core.tables import read_json_lines, read_rows
from pipelines.release import ingest

MakeShop = Callable[..., TinyShop]
NIGHTS = [f"2026-11-{day}" for day in range(10, 30)]


@pytest.fixture
def host() -> Iterator[PictureHost]:
    with picture_host() as running:
        yield running


class WebShop:
    """A shop whose feed names links, one product each, and whose nights follow one another."""

    def __init__(self, made: TinyShop, host: PictureHost) -> None:
        self.made, self.host = made, host
        self.nights = iter(NIGHTS)
        self.date = ""
        self.http: dict[str, Any] = {}
        self.max_attempts = 3

    def ingest(self, *urls: str) -> dict[str, Any]:
        """The next night, with these links in the feed."""
        self.date = next(self.nights)
        return self.ingest_again(*urls)

    def ingest_again(self, *urls: str) -> dict[str, Any]:
        names = [url.rpartition("/")[2].partition(".")[0] for url in urls]
        self.made.write_feed([{"product_id": name, "image_uri": url} for name, url in zip(names, urls, strict=True)])
        self.host.asked.clear()
        return ingest.ingest(self.shop(), self.date)

    def shop(self) -> Shop:
        http = self.host.settings(attempts=1, **self.http).resolved()
        return self.made.configure(feed={"uri": "feed.csv", "http": http}, retry={"max_attempts": self.max_attempts})

    @property
    def night(self) -> NightPaths:
        return NightPaths(str(self.made.output), self.date)

    def rows(self) -> dict[str, SnapshotRow]:
        return {row.product_id: row for row in read_rows(self.night.snapshot, SnapshotRow)}

    def letters(self) -> dict[str, DeadLetter]:
        return {row.product_id: row for row in read_json_lines(self.night.ingest_dead_letters, DeadLetter)}

    def stored(self) -> list[Path]:
        return sorted(path for path in (self.made.output / "sources").rglob("*") if path.is_file())


@pytest.fixture
def web(tiny_shop: MakeShop, host: PictureHost) -> WebShop:
    return WebShop(tiny_shop(products=1), host)


def counts(summary: dict[str, Any]) -> tuple[int, int, int, int]:
    return tuple(summary[name] for name in ("read", "unchanged", "not_answered", "dead_letters"))  # type: ignore[return-value]


def test_a_fetched_picture_is_stored_once_under_its_hash(web: WebShop, host: PictureHost) -> None:
    data = picture(1)
    urls = [
        host.serves("/a.png?v=1", data, ETag='"1"'),
        host.serves("/b", data),
        host.serves("/c.gif", picture(2, kind="JPEG")),
    ]
    assert counts(web.ingest(*urls)) == (3, 0, 0, 0)
    rows, sha256 = web.rows(), hashlib.sha256(data).hexdigest()
    stored = str(web.made.output / "sources" / sha256[:2] / f"{sha256}.png")
    assert rows["a"] == SnapshotRow(
        "a", rows["a"].image_id, stored, "", "", sha256, len(data), source_version='etag "1"', feed_uri=urls[0]
    )
    assert rows["b"].image_uri == stored
    assert rows["b"].source_version == ""
    assert rows["c"].image_uri.endswith(".jpg")
    assert len(web.stored()) == 2
    assert Path(stored).read_bytes() == data


def test_unchanged_pictures_are_not_sent_again(web: WebShop, host: PictureHost) -> None:
    urls = [host.serves(f"/{number}.png", picture(number), ETag=f'"{number}"') for number in range(3)]
    first = web.ingest(*urls)
    host.serves("/1.png", picture(9), ETag='"9"')
    before = web.rows()
    second = web.ingest(*urls)
    assert (counts(first), counts(second)) == ((3, 0, 0, 0), (1, 2, 0, 0))
    assert {name for name, row in web.rows().items() if row != before[name]} == {"1"}
    assert {headers["If-None-Match"] for _, headers in host.asked} == {'"0"', '"1"', '"2"'}


def test_versions_need_not_be_trusted(web: WebShop, host: PictureHost) -> None:
    url = host.serves("/a.png", picture(1), ETag='"1"')
    web.ingest(url)
    shop = web.shop()
    feed = {**shop.settings.feed.resolved(), "trust_versions": False}
    assert ingest.ingest(web.made.configure(feed=feed), NIGHTS[5])["read"] == 1
    assert "If-None-Match" not in host.asked[-1][1]


@pytest.mark.parametrize("damage", ["gone", "cut-off"])
def test_a_stored_picture_that_is_gone_is_fetched_again(web: WebShop, host: PictureHost, damage: str) -> None:
    url = host.serves("/a.png", picture(1), ETag='"1"')
    web.ingest(url)
    [file] = web.stored()
    if damage == "gone":
        file.unlink()
    else:
        file.write_bytes(picture(1)[:30])
    assert counts(web.ingest(url)) == (1, 0, 0, 0)
    assert file.read_bytes() == picture(1)


def test_a_stored_picture_that_was_altered_is_mended_when_it_is_fetched(web: WebShop, host: PictureHost) -> None:
    url = host.serves("/a.png", picture(1))
    web.ingest(url)
    [file] = web.stored()
    file.write_bytes(bytes(len(picture(1))))
    web.ingest(url)
    assert file.read_bytes() == picture(1)


def test_a_host_that_is_down_loses_no_picture(web: WebShop, host: PictureHost) -> None:
    urls = [host.serves(f"/{number}.png", picture(number), ETag='"1"') for number in range(3)]
    web.ingest(*urls)
    before = web.rows()
    for number in range(3):
        host.says(f"/{number}.png", Reply(503))
    new = host.says("/new.png", Reply(503))
    summary = web.ingest(*urls, new)
    assert counts(summary) == (0, 0, 3, 1)
    assert web.rows() == before
    assert web.letters()["new"].reason == "fetch-failed"
    host.serves("/0.png", picture(7), ETag='"7"')
    for number in (1, 2):
        host.serves(f"/{number}.png", picture(number), ETag='"1"')
    host.serves("/new.png", picture(8))
    assert counts(web.ingest(*urls, new)) == (2, 2, 0, 0)


def test_a_picture_that_its_host_says_is_gone_leaves(web: WebShop, host: PictureHost) -> None:
    url, other = host.serves("/a.png", picture(1), ETag='"1"'), host.serves("/b.png", picture(2))
    web.ingest(url, other)
    host.says("/a.png", Reply(404))
    assert counts(web.ingest(url, other)) == (1, 0, 0, 1)
    assert web.letters()["a"].reason == "missing-file"


def test_a_failing_picture_is_asked_for_on_so_many_nights_and_then_listed(web: WebShop, host: PictureHost) -> None:
    good, bad = host.serves("/good.png", picture(1)), host.says("/bad.png", Reply(404))
    for attempts in (1, 2, 3):
        web.ingest(good, bad)
        assert web.letters()["bad"].attempts == attempts
        assert "/bad.png" in host.paths()
    for _ in range(2):
        assert counts(web.ingest(good, bad)) == (1, 0, 0, 1)
        letter = web.letters()["bad"]
        assert host.paths() == ["/good.png"]
        assert (letter.reason, letter.attempts) == ("missing-file", 3)
        assert letter.message.startswith(f"{bad}: failed on 3 nights in a row (missing-file)")
        assert "change its link, or raise retry.max_attempts" in letter.message
    changed = host.serves("/bad.png?v=2", picture(2))
    assert counts(web.ingest(good, changed)) == (2, 0, 0, 0)


def test_raising_the_limit_has_it_tried_again(web: WebShop, host: PictureHost) -> None:
    good, bad = host.serves("/good.png", picture(1)), host.says("/bad.png", Reply(404))
    for _ in range(4):
        web.ingest(good, bad)
    web.max_attempts = 5
    web.ingest(good, bad)
    assert "/bad.png" in host.paths()
    assert web.letters()["bad"].attempts == 4


def test_the_same_night_again_is_the_same_attempt(web: WebShop, host: PictureHost) -> None:
    good, bad = host.serves("/good.png", picture(1)), host.says("/bad.png", Reply(404))
    web.ingest(good, bad)
    web.ingest(good, bad)
    for _ in range(3):
        web.ingest_again(good, bad)
        assert web.letters()["bad"].attempts == 2


def test_a_night_on_which_a_host_is_down_is_no_attempt(web: WebShop, host: PictureHost) -> None:
    web.http = {"give_up_after": 2}
    (web.made.root / "local.png").write_bytes(picture(3))
    urls = [host.says(f"/{number}.png", Reply(500)) for number in range(6)]
    for _ in range(5):
        summary = web.ingest("local.png", *urls)
        assert list(summary["hosts_given_up"]) == ["127.0.0.1"]
        assert summary["dead_letters_by_reason"] == {"fetch-failed": 6}
        assert {letter.attempts for letter in web.letters().values()} == {0}
        assert len(host.asked) < 6 + 1
    for number in range(6):
        host.serves(f"/{number}.png", picture(number))
    assert counts(web.ingest("local.png", *urls))[-1] == 0


def test_a_first_night_with_all_hosts_down_is_worth_another_try(web: WebShop, host: PictureHost) -> None:
    with pytest.raises(RestyleError, match="1 fetch-failed") as caught:
        web.ingest(host.says("/a.png", Reply(503)))
    assert caught.value.exit_code == 1
    with pytest.raises(FeedError, match="1 missing-file"):
        web.ingest(host.says("/a.png", Reply(404)))


def test_a_link_that_was_given_up_may_lose_its_permission(web: WebShop, host: PictureHost) -> None:
    good, bad = host.serves("/good.png", picture(1)), host.says("/bad.png", Reply(500))
    web.max_attempts = 1
    web.ingest(good, bad)
    down = host.says("/down.png", Reply(500))
    web.http = {"allowed_hosts": ["localhost"], "give_up_after": 1}
    (web.made.root / "local.png").write_bytes(picture(3))
    web.ingest("local.png", bad, down.replace("127.0.0.1", "localhost"))
    assert web.letters()["bad"].attempts == 1


@pytest.mark.parametrize(
    ("body", "reason", "words"),
    [
        (b"<!doctype html><title>Log in</title>", "not-an-image", "received an HTML page"),
        (b"II*\x00" + bytes(60), "unsupported-format", "received a TIFF image"),
        (b"", "empty-file", "zero bytes"),
    ],
)
def test_what_is_no_picture_is_not_stored(
    web: WebShop, host: PictureHost, body: bytes, reason: str, words: str
) -> None:
    good, bad = host.serves("/good.png", picture(1)), host.serves("/bad.png", body)
    web.ingest(good, bad)
    assert web.letters()["bad"].reason == reason
    assert words in web.letters()["bad"].message
    assert len(web.stored()) == 1


def test_links_that_the_settings_do_not_allow(web: WebShop, host: PictureHost) -> None:
    good = host.serves("/good.png", picture(1))
    bad = [
        f"http://localhost:{host.port}/1.png",
        "https://127.0.0.1/2.png",
        f"http://me:pw@127.0.0.1:{host.port}/3.png",
    ]
    web.ingest(good, *bad)
    assert {letter.reason for letter in web.letters().values()} == {"forbidden-uri"}
    assert host.paths() == ["/good.png"]


def test_no_link_is_followed_unless_the_settings_name_its_host(tiny_shop: MakeShop, host: PictureHost) -> None:
    made = tiny_shop(products=1)
    made.write_feed([{"product_id": "p", "image_uri": host.serves("/a.png", picture(1))}])
    with pytest.raises(FeedError, match=r"1 forbidden-uri.*feed\.http\.allowed_hosts names \(none so far\)"):
        ingest.ingest(made.load(), NIGHTS[0])
    assert host.asked == []


def test_a_merchant_feed_from_end_to_end(web: WebShop, host: PictureHost) -> None:
    front, back, gone = (
        host.serves("/front.png", picture(1)),
        host.serves("/back.png", picture(2)),
        host.url("/gone.png"),
    )
    lines: Sequence[Sequence[str]] = [
        ("id", "image_link", "additional_image_link", "item_group_id"),
        ("mug 1,2", front, f"{back},{gone},{front}", ""),
        ("tee", gone, back, "tees"),
    ]
    (web.made.root / "feed.tsv").write_text("".join("\t".join(line) + "\n" for line in lines))
    shop = web.shop()
    feed = {**shop.settings.feed.resolved(), "uri": "feed.tsv"}
    web.date = NIGHTS[0]
    summary = ingest.ingest(web.made.configure(feed=feed), web.date)
    assert (summary["images_in"], summary["images"], summary["products"]) == (5, 3, 2)
    found = [(row.product_id, row.position, row.feed_uri) for row in read_rows(web.night.snapshot, SnapshotRow)]
    assert sorted(found) == [("mug 1,2", 0, front), ("mug 1,2", 1, back), ("tee", 1, back)]
    dead = read_json_lines(web.night.ingest_dead_letters, DeadLetter)
    assert [(letter.product_id, letter.image_uri) for letter in dead] == [("mug 1,2", gone), ("tee", gone)]
