from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.core.errors import ImageRejected
from pipelines.core.feed_settings import HttpSettings
from pipelines.core.http_links import checked_link, is_http, redirected

SETTINGS = HttpSettings(
    allowed_hosts=("shop.example", "*.cdn.example", "xn--bcher-kva.example"), allowed_ports=(80, 443, 8443)
)


def refused(url: str) -> tuple[str, str]:
    with pytest.raises(ImageRejected) as caught:
        checked_link(url, SETTINGS)
    return caught.value.reason, str(caught.value)


@pytest.mark.parametrize(
    ("url", "host", "port", "target"),
    [
        ("http://shop.example", "shop.example", 80, b"/"),
        ("HTTPS://SHOP.example/a b.jpg?v=1#top", "shop.example", 443, b"/a%20b.jpg?v=1"),
        ("https://shop.example.:8443/%2Ca,b", "shop.example", 8443, b"/%2Ca,b"),
        ("https://eu.img.cdn.example/ä.png", "eu.img.cdn.example", 443, b"/%C3%A4.png"),
        ("https://bücher.example/1.jpg", "xn--bcher-kva.example", 443, b"/1.jpg"),
    ],
)
def test_links_that_are_allowed(url: str, host: str, port: int, target: bytes) -> None:
    link = checked_link(url, SETTINGS)
    assert (link.host, link.port, link.target) == (host, port, target)
    assert "#" not in link.url


@pytest.mark.parametrize(
    ("url", "reason", "words"),
    [
        ("https://other.example/a.jpg", "forbidden-uri", "allowed_hosts names (shop.example, *.cdn.example"),
        ("https://cdn.example/a.jpg", "forbidden-uri", "received cdn.example"),
        ("https://evilcdn.example/a.jpg", "forbidden-uri", "received evilcdn.example"),
        ("https://shop.example.evil.example/a.jpg", "forbidden-uri", "received shop.example.evil.example"),
        ("http://shop.example:22/", "forbidden-uri", "expected one of the ports 80, 443, 8443"),
        ("http://shop.example:0/", "forbidden-uri", "received 0"),
        ("http://me@shop.example/", "forbidden-uri", "user names and passwords"),
        ("http://shop.example@evil.example/", "forbidden-uri", "user names and passwords"),
        ("http://shop.example\\@evil.example/", "forbidden-uri", "user names and passwords"),
        ("http://127.0.0.1/", "forbidden-uri", "received 127.0.0.1"),
        ("http://[::1]/", "forbidden-uri", "received ::1"),
        ("http://2130706433/", "forbidden-uri", "received 2130706433"),
        ("http:///a.jpg", "unreadable-uri", "expected the name of a host"),
        ("http://[a/b.jpg", "unreadable-uri", "%5ba"),
        ("http://a b/", "unreadable-uri", "a%20b"),
        ("http://shop.example:port/", "unreadable-uri", "no valid link"),
        ("ftp://shop.example/a.jpg", "unreadable-uri", "received ftp://"),
        ("http://shop.example/" + "a" * 5000, "unreadable-uri", "at most 4096 characters"),
    ],
)
def test_links_that_are_refused(url: str, reason: str, words: str) -> None:
    found, message = refused(url)
    assert (found, words in message) == (reason, True), message


def test_no_host_is_allowed_by_default() -> None:
    with pytest.raises(ImageRejected, match="none so far"):
        checked_link("https://shop.example/a.jpg", HttpSettings())


def test_redirects_are_links_like_all_others() -> None:
    start = checked_link("https://shop.example/a/b.jpg?v=1", SETTINGS)
    assert redirected(start, "../c.jpg", SETTINGS).url == "https://shop.example/c.jpg"
    assert redirected(start, "//img.cdn.example/x", SETTINGS).url == "https://img.cdn.example/x"
    for location in (
        "http://169.254.169.254/latest/meta-data/",
        "file:///etc/passwd",
        "https://me:pw@shop.example/",
        "http://[",
    ):
        with pytest.raises(ImageRejected, match=r"^https://shop\.example/a/b\.jpg\?v=1: redirects to"):
            redirected(start, location, SETTINGS)


def test_what_is_fetched_from_the_web() -> None:
    assert [is_http(uri) for uri in ("http://a", "HTTPS://a", "httpx://a", "gs://a", "http.jpg", "", "/http://a")] == [
        True, True, False, False, False, False, False,
    ]  # fmt: skip


@given(st.text(max_size=40).map(lambda text: f"http://{text}"))
def test_any_text_is_a_checked_link_or_refused(url: str) -> None:
    try:
        link = checked_link(url, SETTINGS)
    except ImageRejected:
        return
    assert link.host == "shop.example" or link.host.endswith(".cdn.example") or link.host.startswith("xn--")
