"""An HTTP proxy between the storage client and the emulator that breaks what it is told to break."""

from __future__ import annotations

import contextlib
import http.client
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

PASSED_ON = ("content-type", "location", "x-goog-generation", "x-goog-hash", "x-goog-stored-content-length")


@dataclass(frozen=True)
class Reply:
    status: int
    headers: list[tuple[str, str]]
    body: bytes


class Exchange(BaseHTTPRequestHandler):
    """One request on its way to the emulator; what faults act on."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: FaultyProxy

    def forward(self) -> Reply:
        """Have the emulator carry out the request."""
        upstream = http.client.HTTPConnection(self.server.upstream, timeout=60)
        try:
            upstream.request(self.command, self.path, self.request_body, dict(self.headers.items()))
            answer = upstream.getresponse()
            headers = [(name, value) for name, value in answer.getheaders() if name.lower() in PASSED_ON]
            return Reply(answer.status, headers, answer.read())
        finally:
            upstream.close()

    def answer(self, reply: Reply, *, stated_bytes: int | None = None) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body) if stated_bytes is None else stated_bytes))
        self.end_headers()
        self.wfile.write(reply.body)

    def hang_up(self, *, reset: bool = False) -> None:
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.rfile.close()
            self.wfile.close()
            self.connection.close()
        self.close_connection = True

    def wait_until_the_client_gives_up(self) -> None:
        with contextlib.suppress(OSError):
            self.connection.recv(1)
        self.close_connection = True

    def _handle(self) -> None:
        self.request_body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        fault = self.server.next_fault(f"{self.command} {self.path}")
        if fault is None:
            self.answer(self.forward())
        else:
            fault(self)

    do_GET = do_POST = do_PUT = do_DELETE = _handle  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


Fault = Callable[[Exchange], None]


def refuse(status: int) -> Fault:
    """Answer with a status; the emulator hears nothing."""
    return lambda exchange: exchange.answer(Reply(status, [("Content-Type", "application/json")], b"{}"))


def lose_request(exchange: Exchange) -> None:
    """Close the connection; the emulator hears nothing."""
    exchange.hang_up()


def reset(exchange: Exchange) -> None:
    """Reset the connection; the emulator hears nothing."""
    exchange.hang_up(reset=True)


def lose_answer(exchange: Exchange) -> None:
    """The emulator does what it was asked, and nobody learns of it."""
    exchange.forward()
    exchange.hang_up()


def stall(exchange: Exchange) -> None:
    """Say nothing until the client gives up."""
    exchange.wait_until_the_client_gives_up()


def stall_after(exchange: Exchange) -> None:
    """The same, after the emulator did what it was asked."""
    exchange.forward()
    exchange.wait_until_the_client_gives_up()


def cut_off(exchange: Exchange) -> None:
    """Half of the answer's body, then the connection closes."""
    reply = exchange.forward()
    half = Reply(reply.status, reply.headers, reply.body[: len(reply.body) // 2])
    exchange.answer(half, stated_bytes=len(reply.body))
    exchange.hang_up()


def cut_short(exchange: Exchange) -> None:
    """Half of the answer's body, with a Content-Length that says it is all."""
    reply = exchange.forward()
    exchange.answer(Reply(reply.status, reply.headers, reply.body[: len(reply.body) // 2]))


def garble(exchange: Exchange) -> None:
    """The whole length of the answer's body, with its last byte altered."""
    reply = exchange.forward()
    exchange.answer(Reply(reply.status, reply.headers, reply.body[:-1] + bytes([reply.body[-1] ^ 1])))


@dataclass
class _Plan:
    faults: Iterator[Fault | None] = field(default_factory=lambda: iter(()))
    on_first_try: Fault | None = None


class FaultyProxy(ThreadingHTTPServer):
    """Passes everything on until it is given a plan. `seen` lists what was asked since."""

    daemon_threads = True

    def __init__(self, upstream_url: str) -> None:
        super().__init__(("127.0.0.1", 0), Exchange)
        self.upstream = urlsplit(upstream_url).netloc
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.seen: deque[str] = deque()
        self._plan = _Plan()
        self._lock = threading.Lock()

    def break_in_turn(self, faults: Iterable[Fault | None]) -> None:
        """The n-th request from now on meets the n-th fault; None and the end of the list let it pass."""
        self.seen.clear()
        self._plan = _Plan(faults=iter(faults))

    def break_first_tries(self, fault: Fault) -> None:
        """Each request meets the fault when it comes for the first time, and passes when it is repeated."""
        self.seen.clear()
        self._plan = _Plan(on_first_try=fault)

    def next_fault(self, request: str) -> Fault | None:
        with self._lock:
            first = request not in self.seen
            self.seen.append(request)
            if self._plan.on_first_try:
                return self._plan.on_first_try if first else None
            return next(self._plan.faults, None)

    def handle_error(self, *_: object) -> None:
        """A client that hung up is what the tests are about."""


@contextlib.contextmanager
def faulty_proxy(upstream_url: str) -> Iterator[FaultyProxy]:
    """A proxy that runs for as long as it is needed."""
    with FaultyProxy(upstream_url) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield proxy
        finally:
            proxy.shutdown()
            thread.join()
