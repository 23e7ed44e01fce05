"""Links of a feed taken apart, and held against the hosts and ports that the settings allow."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urljoin

from pipelines.core.errors import ImageRejected
from pipelines.core.feed_settings import HttpSettings

LONGEST: Final = 4096
_PORTS: Final = {"http": 80, "https": 443}
_HOST: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?")


@dataclass(frozen=True)
class Link:
    """One http(s) link. `host` is in ASCII and lower case, `target` is path and query as the request line has them."""

    url: str
    scheme: str
    host: str
    port: int
    target: bytes

    @property
    def authority(self) -> str:
        """Host, and the port where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def is_http(uri: str) -> bool:
    """Whether a link of a feed is to be fetched from the web."""
    return uri[:8].lower().startswith(("http://", "https://"))


def checked_link(url: str, settings: HttpSettings) -> Link:
    """The link, when it is one and the settings allow its host and port.

    Raises ImageRejected: unreadable-uri for what is no link, forbidden-uri for one that may not be followed.
    """
    link = _parsed(url)
    if not any(_matches(link.host, allowed) for allowed in settings.allowed_hosts):
        known = ", ".join(settings.allowed_hosts) or "none so far"
        raise ImageRejected(
            "forbidden-uri",
            f"{url}: expected a host that feed.http.allowed_hosts names ({known}), received {link.host}; add it "
            "there if the shop's pictures are on it.",
        )
    if link.port not in settings.allowed_ports:
        ports = ", ".join(map(str, settings.allowed_ports))
        raise ImageRejected(
            "forbidden-uri",
            f"{url}: expected one of the ports {ports} (feed.http.allowed_ports), received {link.port}.",
        )
    return link


def host_of(url: str) -> str:
    """The host of a link, allowed or not. ImageRejected for what is no link."""
    return _parsed(url).host


def redirected(link: Link, location: str, settings: HttpSettings) -> Link:
    """Where a redirect leads, checked like every other link."""
    try:
        return checked_link(urljoin(link.url, location), settings)
    except ValueError as error:
        raise ImageRejected("unreadable-uri", f"{link.url}: redirects to {location!r}, no link: {error}.") from None
    except ImageRejected as error:
        raise ImageRejected(error.reason, f"{link.url}: redirects to {error}") from error


def _parsed(url: str) -> Link:
    import httpx

    if len(url) > LONGEST:
        raise ImageRejected(
            "unreadable-uri", f"{url[:60]}...: expected at most {LONGEST} characters, received {len(url)}."
        )
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError) as error:
        raise ImageRejected("unreadable-uri", f"{url}: no valid link: {error}.") from None
    if parsed.scheme not in _PORTS:
        raise ImageRejected("unreadable-uri", f"{url}: expected http:// or https://, received {parsed.scheme}://.")
    if parsed.userinfo:
        raise ImageRejected("forbidden-uri", f"{url}: user names and passwords in links are not accepted; remove them.")
    host = parsed.raw_host.decode("ascii").lower().removesuffix(".")
    if not _HOST.fullmatch(host) and not _is_ipv6(host):
        raise ImageRejected("unreadable-uri", f"{url}: expected the name of a host, received {host!r}.")
    port = _PORTS[parsed.scheme] if parsed.port is None else parsed.port
    return Link(str(parsed.copy_with(fragment=None)), parsed.scheme, host, port, parsed.raw_path)


def _matches(host: str, allowed: str) -> bool:
    return host.endswith(allowed[1:]) if allowed.startswith("*.") else host == allowed


def _is_ipv6(host: str) -> bool:
    try:
        return isinstance(ipaddress.ip_address(host), ipaddress.IPv6Address) and "%" not in host
    except ValueError:
        return False
