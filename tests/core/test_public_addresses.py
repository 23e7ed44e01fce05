from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.core.public_addresses import may_be_reached, networks

PUBLIC = ["1.1.1.1", "8.8.8.8", "34.117.59.81", "100.63.255.255", "100.128.0.0", "172.15.255.255", "172.32.0.0",
          "192.169.0.1", "2606:4700::6810:84e5", "2a00:1450:4001:830::200e"]  # fmt: skip
NOT_PUBLIC = ["0.0.0.1", "10.0.0.1", "100.64.0.1", "100.127.255.255", "127.0.0.1", "127.255.0.3", "169.254.169.254",
              "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1",
              "198.51.100.7", "203.0.113.9", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255",
              "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1", "64:ff9b::808:808",
              "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "2002:808:808::", "3fff::1",
              "5f00::1", "fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1"]  # fmt: skip


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses(address: str) -> None:
    assert may_be_reached(address)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not may_be_reached(address)


@pytest.mark.parametrize("text", ["", "localhost", "127.1", "0x7f000001", "2130706433", "1.1.1.1/32", "1.1.1.1 "])
def test_what_is_no_address(text: str) -> None:
    assert not may_be_reached(text, networks(["0.0.0.0/0", "::/0"]))


def test_networks_may_be_allowed_by_name() -> None:
    allowed = networks(["10.20.0.0/16", "fd00::/8"])
    assert may_be_reached("10.20.3.4", allowed)
    assert may_be_reached("fd12::1", allowed)
    assert not may_be_reached("10.21.0.1", allowed)
    assert not may_be_reached("::ffff:10.20.3.4", allowed)


@given(st.ip_addresses())
def test_nothing_is_public_that_the_standard_library_calls_special(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    special = (
        address.is_private or address.is_loopback or address.is_link_local or address.is_multicast
        or address.is_reserved or address.is_unspecified
    )  # fmt: skip
    assert not (special and may_be_reached(str(address)))
