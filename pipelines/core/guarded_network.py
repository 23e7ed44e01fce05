"""Connections that only lead where they may: httpcore's network backend with addresses checked and deadlines kept.

A name is resolved here, every address of the answer is checked, and the connection goes to one of those very addresses:
a second answer that differs (DNS rebinding) is never asked for. TLS still verifies the host's name.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotInTime
from typing import TYPE_CHECKING, Any

from pipelines.core.errors import ImageRejected
from pipelines.core.public_addresses import IPNetwork, may_be_reached

if TYPE_CHECKING:
    import ssl

    from httpcore import NetworkStream

Resolve = Callable[[str, int], Sequence[str]]
"""Host and port to IP addresses. Raises OSError when the name has none."""


def resolve(host: str, port: int) -> Sequence[str]:
    """Addresses of a host as the system knows them."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # labels that no name server knows
        raise OSError(str(error)) from error
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Deadline:
    """The moment by which the present thread's picture must be there, whatever it is waiting for."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._local = threading.local()

    def start(self, seconds: float) -> None:
        """Begin a picture."""
        self._local.ends = self._clock() + seconds

    def remaining(self) -> float:
        """Seconds left, not below 0."""
        return float(max(0.0, self._local.ends - self._clock()))

    def limit(self, timeout: float | None) -> float:
        """`timeout`, or what is left when that is less. Raises httpcore's ReadTimeout when nothing is."""
        import httpcore

        left = self.remaining()
        if left <= 0:
            raise httpcore.ReadTimeout("the deadline for one picture has passed")
        return left if timeout is None else min(timeout, left)


class GuardedBackend:
    """A `httpcore.NetworkBackend`.

    Args:
        allowed: networks that may be reached although they are not public.
        deadline: bounds every wait.
        resolver: host to addresses.
        parallel: names resolved at a time; the system's resolver keeps no deadline of its own.
    """

    def __init__(self, allowed: Sequence[IPNetwork], deadline: Deadline, resolver: Resolve, parallel: int) -> None:
        from httpcore import SyncBackend

        self._allowed = tuple(allowed)
        self._deadline = deadline
        self._resolver = resolver
        self._lookups = ThreadPoolExecutor(parallel, thread_name_prefix="dns")
        self._plain = SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> NetworkStream:
        """Connect to the first address of the host that answers. ImageRejected when one of them may not be reached."""
        import httpcore

        failure: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in self._checked_addresses(host, port, timeout):
            try:
                stream = self._plain.connect_tcp(
                    address, port, self._deadline.limit(timeout), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return BoundedStream(stream, self._deadline)  # type: ignore[return-value]
        raise failure

    def _checked_addresses(self, host: str, port: int, timeout: float | None) -> Sequence[str]:
        import httpcore

        try:
            addresses = self._lookups.submit(self._resolver, host, port).result(self._deadline.limit(timeout))
        except NotInTime as error:
            raise httpcore.ConnectTimeout(f"no answer to who {host} is") from error
        except OSError as error:
            raise httpcore.ConnectError(f"{host} cannot be resolved: {error}") from error
        for address in addresses:
            if not may_be_reached(address, self._allowed):
                raise ImageRejected(
                    "forbidden-uri",
                    f"{host} resolves to {address}, which is not public; name its network in "
                    "feed.http.allowed_networks if the shop's pictures are there.",
                )
        return addresses

    def close(self) -> None:
        """Let the threads end."""
        self._lookups.shutdown(wait=False, cancel_futures=True)


class BoundedStream:
    """A `httpcore.NetworkStream` that never waits beyond the deadline, however slowly the bytes come."""

    def __init__(self, stream: NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """As httpcore's."""
        return self._stream.read(max_bytes, self._deadline.limit(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """As httpcore's."""
        self._stream.write(buffer, self._deadline.limit(timeout))

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> BoundedStream:
        """As httpcore's; `server_hostname` is the host's name, not the address."""
        stream = self._stream.start_tls(ssl_context, server_hostname, self._deadline.limit(timeout))
        return BoundedStream(stream, self._deadline)

    def close(self) -> None:
        """As httpcore's."""
        self._stream.close()

    def get_extra_info(self, info: str) -> Any:
        """As httpcore's."""
        return self._stream.get_extra_info(info)
