"""Which IP addresses may be reached on behalf of a feed: those of the public internet, and networks that are named.

The ranges are those of the IANA special-purpose address registries (RFC 6890), and what embeds an IPv4 address in an
IPv6 one, which would be a way around them.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from typing import Final

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

_GLOBAL_UNICAST: Final = ipaddress.IPv6Network("2000::/3")
_NOT_PUBLIC: Final = tuple(
    map(
        ipaddress.ip_network,
        (
            "0.0.0.0/8",  # this network
            "10.0.0.0/8",
            "100.64.0.0/10",  # carrier-grade NAT
            "127.0.0.0/8",
            "169.254.0.0/16",  # link-local, among them the metadata services of clouds
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.31.196.0/24",
            "192.52.193.0/24",
            "192.88.99.0/24",  # 6to4 relays
            "192.168.0.0/16",
            "192.175.48.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",  # multicast
            "240.0.0.0/4",  # reserved, broadcast
            "2001::/23",  # Teredo and other protocol assignments
            "2001:db8::/32",
            "2002::/16",  # 6to4: an IPv4 address inside
            "2620:4f:8000::/48",
            "3fff::/20",
        ),
    )
)


def networks(texts: Iterable[str]) -> tuple[IPNetwork, ...]:
    """Parsed networks. ValueError for what is none."""
    return tuple(map(ipaddress.ip_network, texts))


def may_be_reached(address: str, allowed: Sequence[IPNetwork] = ()) -> bool:
    """Whether an address is public, or in one of the `allowed` networks. What is no address may not be reached.

    Of IPv6 only global unicast is public: neither loopback, link-local, unique local, site-local or multicast addresses
    nor IPv4-mapped (::ffff:0:0/96) and NAT64 ones (64:ff9b::/96, 64:ff9b:1::/48).
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    if any(parsed in network for network in allowed):
        return True
    if isinstance(parsed, ipaddress.IPv6Address) and parsed not in _GLOBAL_UNICAST:
        return False
    return not any(parsed in network for network in _NOT_PUBLIC)
