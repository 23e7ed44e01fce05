"""Pictures behind http(s) links: fetched politely, within a deadline, and only from where the settings allow.

Redirects are followed here and not by the client, so that each hop is held against the allow-list; connections are
those of `pipelines.core.guarded_network`. Proxies, certificates and passwords of the environment are left aside.
"""

from __future__ import annotations

import contextlib
import datetime
import email.utils
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Final, cast

from pipelines.core.errors import ImageRejected
from pipelines.core.feed_settings import HttpSettings
from pipelines.core.guarded_network import Deadline, GuardedBackend, Resolve, resolve
from pipelines.core.http_links import Link, checked_link, redirected
from pipelines.core.public_addresses import networks

if TYPE_CHECKING:
    import ssl

    from httpcore import NetworkBackend, Response

FIRST_PAUSE_S: Final = 0.5
LONGEST_PAUSE_S: Final = 30.0
LONGEST_ETAG: Final = 256
_CONDITIONS: Final = {"etag": "If-None-Match", "modified": "If-Modified-Since"}
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_GONE: Final = frozenset({404, 410})
_NOT_NOW: Final = frozenset({408, 425, 429})
"""And every 5xx: the same request may be answered later."""
_AGENT: Final = "catalog-restyle (product images of the shop's own feed)"


@dataclass(frozen=True)
class Fetched:
    """Bytes of a picture. `validator` asks next time whether they have changed; empty where the host gave none."""

    data: bytes
    validator: str


class FetchFailed(ImageRejected):
    """fetch-failed: the host did not deliver, or had been given up before. No fault of the picture's."""


class _NotNow(Exception):
    """A request that may succeed when it is made again, after `pause_s` seconds where the host said how many."""

    def __init__(self, words: str, pause_s: float | None = None) -> None:
        super().__init__(words)
        self.pause_s = pause_s


@dataclass
class _Host:
    """What is known tonight of one host; `failures` are those in a row."""

    slots: threading.BoundedSemaphore
    failures: int = 0
    last_words: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)


class HttpImages:
    """Fetches pictures; one for a whole night, used by many threads. A context manager.

    Args:
        settings: hosts, networks, patience.
        max_bytes: larger pictures are refused, at the latest while they come in.
        resolver: host and port to IP addresses.
        clock: seconds, monotonic.
        wait: pauses between two attempts.
        chance: random number in 0..1, spreads the pauses of many threads.
        tls: whose certificates are trusted; those of certifi when not given.
    """

    def __init__(
        self,
        settings: HttpSettings,
        max_bytes: int,
        *,
        resolver: Resolve = resolve,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        import httpcore
        import httpx

        self._settings, self._max_bytes = settings, max_bytes
        self._wait, self._chance = wait, chance
        self._deadline = Deadline(clock)
        self._backend = GuardedBackend(networks(settings.allowed_networks), self._deadline, resolver, settings.parallel)
        self._pool = httpcore.ConnectionPool(
            ssl_context=tls or httpx.create_ssl_context(trust_env=False),
            max_connections=settings.parallel,
            max_keepalive_connections=settings.parallel,
            keepalive_expiry=30.0,
            network_backend=cast("NetworkBackend", self._backend),
        )
        self._hosts: dict[str, _Host] = {}
        self._hosts_lock = threading.Lock()

    def __enter__(self) -> HttpImages:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.close()
        self._backend.close()

    def given_up(self) -> dict[str, str]:
        """Hosts that have been given up, and what the last failure of each was."""
        return {name: host.last_words for name, host in list(self._hosts.items()) if self._is_given_up(host)}

    def fetch(self, url: str) -> Fetched:
        """Bytes of a picture. Raises what `fetch_if_changed` raises."""
        fetched = self.fetch_if_changed(url, "")
        if fetched is None:
            raise ImageRejected("unreadable-uri", f"{url}: answered 304 to a request without a condition.")
        return fetched

    def fetch_if_changed(self, url: str, validator: str) -> Fetched | None:
        """Bytes of a picture; None when they are still those that `validator` came with.

        Raises:
            FetchFailed: the host has trouble, or had so much of it tonight that it is not asked any more.
            ImageRejected: forbidden-uri, unreadable-uri, missing-file, empty-file, too-many-bytes.
        """
        link = checked_link(url, self._settings)
        host = self._host(link.host)
        with host.slots:
            if self._is_given_up(host):
                raise FetchFailed(
                    "fetch-failed",
                    f"{url}: not tried; {link.host} failed {host.failures} times in a row (the last: "
                    f"{host.last_words}) and is left alone until the next night.",
                )
            self._deadline.start(self._settings.deadline_s)
            try:
                fetched = self._patiently(link, validator)
            except FetchFailed as error:
                with host.lock:
                    host.failures, host.last_words = host.failures + 1, str(error)
                raise
            except ImageRejected:
                self._answered(host)
                raise
            self._answered(host)
            return fetched

    def _host(self, name: str) -> _Host:
        with self._hosts_lock:
            if name not in self._hosts:
                self._hosts[name] = _Host(threading.BoundedSemaphore(self._settings.parallel_per_host))
            return self._hosts[name]

    def _is_given_up(self, host: _Host) -> bool:
        return host.failures >= self._settings.give_up_after

    def _answered(self, host: _Host) -> None:
        with host.lock:
            if not self._is_given_up(host):
                host.failures = 0

    def _patiently(self, link: Link, validator: str) -> Fetched | None:
        """Attempts with growing, randomly spread pauses (full jitter) until one succeeds or patience ends."""
        attempt = 0
        while True:
            attempt += 1
            try:
                return self._follow(link, validator)
            except _NotNow as trouble:
                pause = trouble.pause_s
                if pause is None:
                    pause = self._chance() * FIRST_PAUSE_S * 2 ** (attempt - 1)
                pause = min(pause, LONGEST_PAUSE_S)
                if attempt >= self._settings.attempts or pause >= self._deadline.remaining():
                    times = "once" if attempt == 1 else f"{attempt} times"
                    raise FetchFailed("fetch-failed", f"{link.url}: {trouble}; asked {times}.") from trouble
            self._wait(pause)

    def _follow(self, link: Link, validator: str) -> Fetched | None:
        for _ in range(self._settings.max_redirects + 1):
            answer = self._ask(link, validator)
            if not isinstance(answer, Link):
                return answer
            link = answer
        raise ImageRejected(
            "unreadable-uri",
            f"{link.url}: redirected more than {self._settings.max_redirects} times; name the last link.",
        )

    def _ask(self, link: Link, validator: str) -> Fetched | Link | None:
        """One request. A Link is where it redirects to."""
        import httpcore

        address = httpcore.URL(scheme=link.scheme, host=link.host, port=link.port, target=link.target)
        timeouts = dict.fromkeys(("connect", "read", "write", "pool"), self._settings.timeout_s)
        with (
            _named_trouble(link),
            self._pool.stream(
                "GET", address, headers=_headers(link, validator), extensions={"timeout": timeouts}
            ) as response,
        ):
            return self._answer(link, response)

    def _answer(self, link: Link, response: Response) -> Fetched | Link | None:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
        status = response.status
        if status in _REDIRECTS and "location" in headers:
            return redirected(link, headers["location"], self._settings)
        if status == 304:
            return None
        if status in _NOT_NOW or status >= 500:
            raise _NotNow(f"answered {status}", _retry_after_s(headers))
        if status in _GONE:
            raise ImageRejected(
                "missing-file", f"{link.url}: answered {status}; correct the link or upload the picture."
            )
        if status != 200:
            raise ImageRejected("unreadable-uri", f"{link.url}: expected the picture, received the answer {status}.")
        if headers.get("content-encoding", "identity").lower() != "identity":
            raise ImageRejected(
                "unreadable-uri",
                f"{link.url}: expected the picture as it is, received it in Content-Encoding "
                f"{headers['content-encoding']}; have the host send pictures uncompressed.",
            )
        return Fetched(self._body(link, response, headers), _validator(headers))

    def _body(self, link: Link, response: Response, headers: Mapping[str, str]) -> bytes:
        announced = headers.get("content-length", "")
        self._check_size(link, int(announced) if announced.isdecimal() else 0)
        size, pieces = 0, []
        # httpcore raises RemoteProtocolError when the body ends before its announced length.
        for piece in response.iter_stream():
            size += len(piece)
            self._check_size(link, size)
            pieces.append(piece)
        if not size:
            raise ImageRejected("empty-file", f"{link.url}: the answer has zero bytes.")
        return b"".join(pieces)

    def _check_size(self, link: Link, size: int) -> None:
        if size > self._max_bytes:
            raise ImageRejected(
                "too-many-bytes", f"{link.url}: {size:,} bytes or more; at most {self._max_bytes:,} are accepted."
            )


@contextlib.contextmanager
def _named_trouble(link: Link) -> Iterator[None]:
    """The client's errors as sentences."""
    import httpcore

    try:
        yield
    except httpcore.TimeoutException as error:
        raise _NotNow(f"no answer in time ({str(error) or type(error).__name__})") from error
    except httpcore.ProtocolError as error:
        raise _NotNow(f"the answer broke off or is no HTTP ({error})") from error
    except httpcore.NetworkError as error:
        raise _NotNow(f"the connection failed ({error})") from error
    except ImageRejected as error:
        if str(error).startswith(link.url):
            raise
        raise ImageRejected(error.reason, f"{link.url}: {error}") from error


def _validator(headers: Mapping[str, str]) -> str:
    """What tells this answer from a later one: its ETag, else its Last-Modified where that is sure (RFC 9110, 8.8).

    An answer whose end is told by the closing of the connection alone may have been cut off, and gets none.
    """
    if "content-length" not in headers and "chunked" not in headers.get("transfer-encoding", "").lower():
        return ""
    etag = headers.get("etag", "").strip()
    if etag and etag.isascii() and etag.isprintable() and len(etag) <= LONGEST_ETAG:
        return f"etag {etag}"
    modified, sent = _moment(headers.get("last-modified", "")), _moment(headers.get("date", ""))
    if modified and sent and sent - modified >= datetime.timedelta(seconds=60):
        return f"modified {headers['last-modified'].strip()}"
    return ""


def _headers(link: Link, validator: str) -> dict[bytes | str, bytes | str]:
    headers: dict[bytes | str, bytes | str] = {
        "Host": link.authority,
        "User-Agent": _AGENT,
        "Accept": "image/*",
        "Accept-Encoding": "identity",
    }
    kind, _, value = validator.partition(" ")
    if kind in _CONDITIONS:
        headers[_CONDITIONS[kind]] = value
    return headers


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds, by Retry-After as seconds or as a date; None where it says nothing usable."""
    text = headers.get("retry-after", "").strip()
    if text.isdecimal():
        return float(text[:9])
    until, now = _moment(text), _moment(headers.get("date", ""))
    if until is None:
        return None
    return max(0.0, (until - (now or datetime.datetime.now(datetime.UTC))).total_seconds())


def _moment(text: str) -> datetime.datetime | None:
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
