from __future__ import annotations

import contextlib
import datetime
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from picture_host import PictureHost, Reply, picture_host
from tiny_shop import picture

from pipelines.core.errors import ImageRejected
from pipelines.core.http_images import Fetched, FetchFailed, HttpImages

PICTURE = picture(1)


@pytest.fixture(scope="module")
def server() -> Iterator[PictureHost]:
    with picture_host() as host:
        yield host


@pytest.fixture
def host(server: PictureHost) -> PictureHost:
    server.replies.clear()
    server.asked.clear()
    server.most_at_once = 0
    server.before_reply = lambda _: None
    return server


class Clock:
    """A clock that only pauses move, or that moves by itself with every look at it."""

    def __init__(self, step: float = 0.0) -> None:
        self.now, self.step, self.pauses = 0.0, step, list[float]()

    def __call__(self) -> float:
        self.now += self.step
        return self.now

    def wait(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


def images(host: PictureHost, clock: Clock | None = None, max_bytes: int = 10_000, **settings: Any) -> HttpImages:
    clock = clock or Clock()
    seams = {name: settings.pop(name) for name in ("resolver", "tls") if name in settings}
    return HttpImages(host.settings(**settings), max_bytes, clock=clock, wait=clock.wait, chance=lambda: 1.0, **seams)


def rejected(call: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(ImageRejected) as caught:
        call()
    return caught.value.reason, str(caught.value)


def answers(**hosts: Sequence[str]) -> Callable[[str, int], Sequence[str]]:
    """A resolver that knows the hosts NAME.example.com."""

    def resolve(name: str, _port: int) -> Sequence[str]:
        return hosts[name.partition(".")[0]]

    return resolve


def test_a_picture_and_what_is_asked_for(host: PictureHost) -> None:
    url = host.serves("/a%20b.png?v=1", PICTURE, ETag='"abc"')
    with images(host) as http:
        assert http.fetch(url) == Fetched(PICTURE, 'etag "abc"')
    [(_, headers)] = host.asked
    assert headers["Host"] == f"127.0.0.1:{host.port}"
    assert headers["Accept-Encoding"] == "identity"
    assert "If-None-Match" not in headers


def test_an_unchanged_picture_is_not_sent_again(host: PictureHost) -> None:
    url = host.serves("/a.png", PICTURE, ETag='W/"1"')
    with images(host) as http:
        assert http.fetch_if_changed(url, 'etag W/"1"') is None
        assert http.fetch_if_changed(url, 'etag W/"0"') == Fetched(PICTURE, 'etag W/"1"')
    assert [headers["If-None-Match"] for _, headers in host.asked] == ['W/"1"', 'W/"0"']


def test_last_modified_where_there_is_no_etag(host: PictureHost) -> None:
    modified = "Mon, 23 Nov 2026 02:00:00 GMT"
    url = host.says("/a.png", Reply(304))
    with images(host) as http:
        assert http.fetch_if_changed(url, f"modified {modified}") is None
    assert host.asked[0][1]["If-Modified-Since"] == modified


DATE = "Mon, 23 Nov 2026 02:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "length", "validator"),
    [
        ({"Last-Modified": "Mon, 23 Nov 2026 01:59:00 GMT"}, True, "modified Mon, 23 Nov 2026 01:59:00 GMT"),
        ({"Last-Modified": "Mon, 23 Nov 2026 01:59:01 GMT"}, True, ""),
        ({"Last-Modified": "Mon, 23 Nov 2026 03:00:00 GMT"}, True, ""),
        ({"Last-Modified": "yesterday"}, True, ""),
        ({"ETag": ""}, True, ""),
        ({"ETag": '"' + "x" * 300 + '"'}, True, ""),
        ({"ETag": '"é"'}, True, ""),
        ({}, True, ""),
        ({"ETag": '"1"'}, False, ""),
    ],
    ids=["old", "just-now", "in-the-future", "no-date", "empty", "long", "not-ascii", "none", "no-length"],
)
def test_only_sure_validators_are_remembered(
    host: PictureHost, headers: dict[str, str], length: bool, validator: str
) -> None:
    url = host.says("/a.png", Reply(body=PICTURE, headers={"Date": DATE, **headers}, length=length))
    with images(host) as http:
        assert http.fetch(url) == Fetched(PICTURE, validator)


@pytest.mark.parametrize(
    ("reply", "reason", "words"),
    [
        (Reply(404), "missing-file", "answered 404"),
        (Reply(410), "missing-file", "answered 410"),
        (Reply(403), "unreadable-uri", "received the answer 403"),
        (Reply(204), "unreadable-uri", "received the answer 204"),
        (Reply(206, PICTURE), "unreadable-uri", "received the answer 206"),
        (Reply(302), "unreadable-uri", "received the answer 302"),
        (Reply(304), "unreadable-uri", "answered 304 to a request without a condition"),
        (Reply(200, b""), "empty-file", "zero bytes"),
        (Reply(200, PICTURE, {"Content-Encoding": "gzip"}), "unreadable-uri", "received it in Content-Encoding gzip"),
    ],
)
def test_answers_that_no_repetition_would_mend(host: PictureHost, reply: Reply, reason: str, words: str) -> None:
    url = host.says("/a.png", reply)
    with images(host) as http:
        found, message = rejected(lambda: http.fetch(url))
    assert found == reason
    assert message.startswith(url)
    assert words in message
    assert len(host.asked) == 1


def test_a_picture_that_announces_too_many_bytes_is_not_read(host: PictureHost) -> None:
    url = host.says("/a.png", Reply(headers={"Content-Length": "10001"}, sent=0))
    with images(host) as http:
        assert rejected(lambda: http.fetch(url))[0] == "too-many-bytes"


def test_a_picture_that_does_not_end_is_cut_off(host: PictureHost) -> None:
    url = host.says("/a.png", Reply(body=bytes(5_000_000), length=False))
    with images(host, max_bytes=100_000) as http:
        reason, message = rejected(lambda: http.fetch(url))
    assert reason == "too-many-bytes"
    assert int(message.split(": ")[1].split(" ")[0].replace(",", "")) < 1_000_000


def test_as_many_bytes_as_are_allowed(host: PictureHost) -> None:
    url = host.serves("/a.png", bytes([1]) * 10_000)
    with images(host) as http:
        assert len(http.fetch(url).data) == 10_000


def test_a_short_read_is_tried_again(host: PictureHost) -> None:
    url = host.says("/a.png", Reply(body=PICTURE, sent=50), Reply(body=PICTURE))
    clock = Clock()
    with images(host, clock) as http:
        assert http.fetch(url).data == PICTURE
    assert clock.pauses == [0.5]


def test_a_picture_that_always_breaks_off(host: PictureHost) -> None:
    url = host.says("/a.png", Reply(body=PICTURE, sent=50))
    clock = Clock()
    with images(host, clock, attempts=4) as http:
        reason, message = rejected(lambda: http.fetch(url))
    assert reason == "fetch-failed"
    assert "broke off" in message
    assert "asked 4 times" in message
    assert clock.pauses == [0.5, 1.0, 2.0]


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 520])
def test_trouble_of_the_host_is_waited_out(host: PictureHost, status: int) -> None:
    url = host.says("/a.png", Reply(status), Reply(status), Reply(body=PICTURE))
    with images(host) as http:
        assert http.fetch(url).data == PICTURE


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "0"}, 0.0),
        ({"Retry-After": "99999999999999999999"}, 30.0),
        ({"Retry-After": "Mon, 23 Nov 2026 02:00:09 GMT", "Date": "Mon, 23 Nov 2026 02:00:00 GMT"}, 9.0),
        ({"Retry-After": "Mon, 23 Nov 1998 02:00:00 GMT"}, 0.0),
        ({"Retry-After": "soon"}, 0.5),
        ({"Retry-After": "-3"}, 0.5),
    ],
)
def test_retry_after(host: PictureHost, headers: dict[str, str], pause: float) -> None:
    url = host.says("/a.png", Reply(429, headers=headers), Reply(body=PICTURE))
    clock = Clock()
    with images(host, clock, deadline_s=60) as http:
        http.fetch(url)
    assert clock.pauses == [pause]


def test_no_pause_beyond_the_deadline(host: PictureHost) -> None:
    url = host.says("/a.png", Reply(503, headers={"Retry-After": "25"}))
    clock = Clock()
    with images(host, clock, deadline_s=20) as http:
        assert "answered 503; asked once" in rejected(lambda: http.fetch(url))[1]
    assert clock.pauses == []


def test_a_host_that_drips_costs_no_more_than_the_deadline(host: PictureHost) -> None:
    """The clock moves by a second with each piece that is read, no wait by itself is long."""
    stop = threading.Event()
    url = host.says("/a.png", Reply(body=bytes(5000), drip=stop))
    clock = Clock(step=1.0)
    with images(host, clock, deadline_s=15) as http:
        reason, message = rejected(lambda: http.fetch(url))
    stop.set()
    assert reason == "fetch-failed"
    assert "deadline for one picture has passed" in message
    assert clock.now < 40


def test_a_host_that_drips_its_headers(host: PictureHost) -> None:
    stop = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            with listening.accept()[0] as connection, contextlib.suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                while not stop.wait(0.001):
                    connection.sendall(b"a")

        thread = threading.Thread(target=drip)
        thread.start()
        port = listening.getsockname()[1]
        with images(host, Clock(step=1.0), deadline_s=15, allowed_ports=[port]) as http:
            reason, message = rejected(lambda: http.fetch(f"http://127.0.0.1:{port}/a.png"))
        stop.set()
        thread.join()
    assert reason == "fetch-failed"
    assert "deadline for one picture has passed" in message


def test_a_host_that_does_not_answer(host: PictureHost) -> None:
    stop = threading.Event()
    host.before_reply = lambda _: stop.wait(20) and None
    url = host.serves("/a.png", PICTURE)
    with images(host, timeout_s=0.05, attempts=1) as http:
        reason, message = rejected(lambda: http.fetch(url))
    stop.set()
    assert reason == "fetch-failed"
    assert "no answer in time" in message


def test_nobody_listens(host: PictureHost) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with images(host, allowed_ports=[port]) as http:
            reason, message = rejected(lambda: http.fetch(f"http://127.0.0.1:{port}/a.png"))
    assert reason == "fetch-failed"
    assert "the connection failed" in message
    assert "asked 3 times" in message


def test_a_name_without_an_address(host: PictureHost) -> None:
    def nobody(_name: str, _port: int) -> Sequence[str]:
        raise OSError("Name or service not known")

    with images(host, resolver=nobody) as http:
        assert (
            "gone.example.com cannot be resolved" in rejected(lambda: http.fetch(host.url(host="gone.example.com")))[1]
        )
    with images(host, resolver=answers(gone=[])) as http:
        assert "has no address" in rejected(lambda: http.fetch(host.url(host="gone.example.com")))[1]


def test_a_name_server_that_does_not_answer(host: PictureHost) -> None:
    stop = threading.Event()

    def silent(_name: str, _port: int) -> Sequence[str]:
        stop.wait(20)
        return ["127.0.0.1"]

    with images(host, resolver=silent, timeout_s=0.05, attempts=1) as http:
        assert "no answer to who a.example.com is" in rejected(lambda: http.fetch(host.url(host="a.example.com")))[1]
        stop.set()


def test_the_next_address_where_one_does_not_answer(host: PictureHost) -> None:
    host.serves("/a.png", PICTURE)
    with images(host, resolver=answers(a=["127.0.0.9", "127.0.0.1"])) as http:
        assert http.fetch(host.url(host="a.example.com")).data == PICTURE
    assert host.asked[0][1]["Host"] == f"a.example.com:{host.port}"


def test_redirects_are_followed(host: PictureHost) -> None:
    url = host.says("/a.png", Reply(302, headers={"Location": "/b/"}))
    host.says("/b/", Reply(308, headers={"Location": "../c.png"}))
    host.serves("/c.png", PICTURE, ETag='"c"')
    with images(host) as http:
        assert http.fetch(url) == Fetched(PICTURE, 'etag "c"')
        assert http.fetch_if_changed(url, 'etag "c"') is None
    assert host.paths() == ["/a.png", "/b/", "/c.png"] * 2


def test_redirects_in_a_circle(host: PictureHost) -> None:
    url = host.says("/a.png", Reply(301, headers={"Location": "/a.png"}))
    with images(host, max_redirects=2) as http:
        assert "redirected more than 2 times" in rejected(lambda: http.fetch(url))[1]
    assert len(host.asked) == 3


@pytest.mark.parametrize(
    "location",
    ["http://169.254.169.254/latest/meta-data/", "http://localhost:{port}/a.png", "http://127.0.0.1:1/a.png",
     "file:///etc/passwd", "gopher://127.0.0.1:{port}/", "http://me:pw@127.0.0.1:{port}/a.png"],
)  # fmt: skip
def test_redirects_to_where_nobody_may_go(host: PictureHost, location: str) -> None:
    url = host.says("/a.png", Reply(302, headers={"Location": location.format(port=host.port)}))
    with images(host) as http:
        reason, message = rejected(lambda: http.fetch(url))
    assert reason in {"forbidden-uri", "unreadable-uri"}
    assert message.startswith(f"{url}: redirects to")
    assert host.paths() == ["/a.png"]


PRIVATE = ["10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1",
           "64:ff9b::7f00:1", "100.64.0.1", "fe80::1", "0.0.0.1"]  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_names_that_resolve_to_private_addresses(host: PictureHost, address: str) -> None:
    url = host.url(host="a.example.com")
    with images(host, resolver=answers(a=["127.0.0.1", address])) as http:
        reason, message = rejected(lambda: http.fetch(url))
    assert reason == "forbidden-uri"
    assert message.startswith(f"{url}: a.example.com resolves to {address}, which is not public")
    assert host.asked == []


def test_loopback_is_not_public_unless_a_setting_says_so(host: PictureHost) -> None:
    with images(host, allowed_networks=[]) as http:
        assert rejected(lambda: http.fetch(host.url()))[0] == "forbidden-uri"
    assert host.asked == []


def test_a_second_answer_that_differs_is_not_trusted(host: PictureHost) -> None:
    """DNS rebinding: the first answer is fine, the next one, for a new connection, is private."""
    later = iter([["127.0.0.1"], ["10.0.0.1"]])
    url = host.says("/a.png", Reply(body=PICTURE, headers={"Connection": "close"}))
    with images(host, resolver=lambda _name, _port: next(later)) as http:
        there = url.replace("127.0.0.1", "a.example.com")
        assert http.fetch(there).data == PICTURE
        assert rejected(lambda: http.fetch(there))[0] == "forbidden-uri"
    assert len(host.asked) == 1


def test_a_redirect_to_a_name_with_a_private_address(host: PictureHost) -> None:
    host.says("/a.png", Reply(302, headers={"Location": host.url("/b.png", "b.example.com")}))
    with images(host, resolver=answers(a=["127.0.0.1"], b=["192.168.0.1"])) as http:
        reason, message = rejected(lambda: http.fetch(host.url("/a.png", "a.example.com")))
    assert reason == "forbidden-uri"
    assert "192.168.0.1" in message
    assert host.paths() == ["/a.png"]


def test_connections_are_kept_and_resolved_once(host: PictureHost) -> None:
    asked: list[str] = []

    def resolve(name: str, _port: int) -> Sequence[str]:
        asked.append(name)
        return ["127.0.0.1"]

    host.serves("/a.png", PICTURE)
    with images(host, resolver=resolve) as http:
        for _ in range(5):
            http.fetch(host.url(host="a.example.com"))
    assert asked == ["a.example.com"]


def test_the_environment_has_no_say(host: PictureHost, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    url = host.serves("/a.png", PICTURE)
    with images(host) as http:
        assert http.fetch(url).data == PICTURE


def test_no_more_requests_at_once_than_a_host_is_to_bear(host: PictureHost) -> None:
    together = threading.Barrier(3, timeout=20)
    host.before_reply = lambda _: together.wait() and None
    urls = [host.serves(f"/{number}.png", PICTURE) for number in range(12)]
    with images(host, parallel=8, parallel_per_host=3) as http, ThreadPoolExecutor(8) as pool:
        assert len(list(pool.map(http.fetch, urls))) == 12
    assert host.most_at_once == 3


def test_a_host_that_fails_again_and_again_is_given_up(host: PictureHost) -> None:
    urls = [host.says(f"/{number}.png", Reply(500)) for number in range(10)]
    tried = []
    with images(host, attempts=1, give_up_after=4) as http:
        for url in urls:
            with pytest.raises(FetchFailed) as caught:
                http.fetch(url)
            tried.append(": not tried; " not in str(caught.value))
        assert list(http.given_up()) == ["127.0.0.1"]
        assert "/3.png: answered 500" in http.given_up()["127.0.0.1"]
    assert tried == [True] * 4 + [False] * 6
    assert "failed 4 times in a row" in str(caught.value)
    assert len(host.asked) == 4


def test_a_picture_that_is_missing_shows_that_its_host_is_well(host: PictureHost) -> None:
    bad, gone = host.says("/bad.png", Reply(500)), host.says("/gone.png", Reply(404))
    with images(host, attempts=1, give_up_after=3) as http:
        for url in [bad, bad, gone, bad, bad, gone, bad]:
            rejected(lambda url=url: http.fetch(url))  # type: ignore[misc]
        assert http.given_up() == {}


def test_one_host_given_up_leaves_the_others_alone(host: PictureHost) -> None:
    host.serves("/a.png", PICTURE)
    with images(host, resolver=answers(a=[], b=["127.0.0.1"]), attempts=1, give_up_after=1) as http:
        rejected(lambda: http.fetch(host.url(host="a.example.com")))
        assert http.fetch(host.url(host="b.example.com")).data == PICTURE
        assert list(http.given_up()) == ["a.example.com"]


def authority(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """TLS of a server that goes by `name`, and of a client that trusts it."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = folder / "server.pem"
    file.write_bytes(private + pem)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    return server, ssl.create_default_context(cadata=pem.decode())


def test_tls_is_held_against_the_name_and_not_the_address(tmp_path: Path) -> None:
    pytest.importorskip("cryptography")
    server, client = authority(tmp_path, "a.example.com")
    names: list[str | None] = []
    server.sni_callback = lambda _socket, name, _context: names.append(name)
    with picture_host(server) as host:
        host.serves("/a.png", PICTURE)
        resolver = answers(a=["127.0.0.1"], b=["127.0.0.1"])
        with images(host, tls=client, resolver=resolver, attempts=1) as http:
            assert http.fetch(host.url(host="a.example.com")).data == PICTURE
            assert names == ["a.example.com"]
            assert "certificate" in rejected(lambda: http.fetch(host.url(host="b.example.com")))[1].lower()
        with images(host, resolver=resolver, attempts=1) as http:
            assert "certificate" in rejected(lambda: http.fetch(host.url(host="a.example.com")))[1].lower()
