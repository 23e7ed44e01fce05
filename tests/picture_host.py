"""A real HTTP server of pictures on 127.0.0.1, whose answers a test writes down path by path."""

from __future__ import annotations

import contextlib
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pipelines.core.feed_settings import HttpSettings


@dataclass
class Reply:
    """One answer. `sent`: how many bytes of the body are sent before the connection is closed; all when None."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    sent: int | None = None
    length: bool = True
    drip: threading.Event | None = None
    """Send the body byte by byte until this is set."""


@dataclass
class PictureHost:
    """`replies`: answers by path, the last one for ever. `asked`: path and headers of every request."""

    port: int = 0
    scheme: str = "http"
    replies: dict[str, list[Reply]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    at_once: int = 0
    most_at_once: int = 0
    before_reply: Callable[[str], None] = lambda _: None

    def url(self, path: str = "/a.png", host: str = "127.0.0.1") -> str:
        return f"{self.scheme}://{host}:{self.port}{path}"

    def says(self, path: str, *replies: Reply) -> str:
        """Write down the answers of a path; its URL."""
        self.replies[path] = list(replies)
        return self.url(path)

    def serves(self, path: str, body: bytes, **headers: str) -> str:
        """A picture; its URL. Conditional requests that its ETag meets are answered with 304."""
        return self.says(
            path, Reply(body=body, headers={name.replace("_", "-"): text for name, text in headers.items()})
        )

    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]

    def settings(self, **changes: Any) -> HttpSettings:
        """Settings that allow this host and nothing else."""
        allowed = {
            "allowed_hosts": ["127.0.0.1", "*.example.com"],
            "allowed_networks": ["127.0.0.0/8"],
            "allowed_ports": [self.port],
            "timeout_s": 5,
            "deadline_s": 20,
        }
        return HttpSettings.model_validate({**allowed, **changes})


@contextlib.contextmanager
def picture_host(tls: ssl.SSLContext | None = None) -> Iterator[PictureHost]:
    """A running host."""
    host = PictureHost(scheme="https" if tls else "http")

    class Handler(_Handler):
        described = host

    server = _Server(("127.0.0.1", 0), Handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    host.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield host
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_: object) -> None:
        """Clients that go away are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    described: PictureHost

    def do_GET(self) -> None:
        host = self.described
        with host.lock:
            host.asked.append((self.path, dict(self.headers)))
            host.at_once += 1
            host.most_at_once = max(host.most_at_once, host.at_once)
            replies = host.replies.get(self.path, [Reply(404)])
            reply = replies.pop(0) if len(replies) > 1 else replies[0]
        try:
            host.before_reply(self.path)
            self._reply(reply)
        finally:
            with host.lock:
                host.at_once -= 1

    def _reply(self, reply: Reply) -> None:
        etag = reply.headers.get("ETag")
        if reply.status == 200 and etag and self.headers.get("If-None-Match") == etag:
            reply = Reply(304, headers={"ETag": etag})
        self.send_response(reply.status)
        for name, text in reply.headers.items():
            self.send_header(name, text)
        if reply.length and "Content-Length" not in reply.headers and reply.status != 304:
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if reply.drip:
            for byte in reply.body:
                self.wfile.write(bytes([byte]))
                if reply.drip.wait(0.002):
                    break
        else:
            self.wfile.write(reply.body if reply.sent is None else reply.body[: reply.sent])
        if reply.sent is not None or not reply.length or reply.drip:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Quiet."""
