"""Which addresses may be connected to."""

from ipaddress import ip_address, ip_network

import pytest

from waygrid_shell.hosting.outbound import is_allowed, why_refused
from waygrid_shell.settings.values import NETWORKS

LOOPBACK = NETWORKS["loopback"]

PUBLIC = ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "2a00:1450:4001:82b::200e", "::ffff:1.1.1.1"]

NOT_PUBLIC = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",  # carrier-grade NAT
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",  # metadata of a cloud
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.170",
    "192.0.2.1",
    "192.88.99.1",  # a 6to4 relay
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.7",
    "203.0.113.9",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",  # IPv4-compatible
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",  # IPv4-translated
    "64:ff9b::7f00:1",  # NAT64 of 127.0.0.1
    "64:ff9b::a9fe:a9fe",  # NAT64 of 169.254.169.254
    "64:ff9b:1::1",  # NAT64 of a network's own
    "100::1",  # discard
    "2001::1",  # Teredo
    "2001:db8::1",
    "2002:7f00:1::",  # 6to4 of 127.0.0.1
    "2002:a00:1::1",  # 6to4 of 10.0.0.1
    "3fff::1",
    "5f00::1",  # segment routing
    "fc00::1",
    "fd00:ec2::254",  # metadata of a cloud
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",  # site-local
    "ff02::1",
]


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_may_be_connected_to(address: str) -> None:
    assert why_refused(address, ()) is None


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_what_is_not_public_is_refused_in_every_disguise(address: str) -> None:
    why = why_refused(address, ())
    assert why is not None
    assert "no public address" in why


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_what_is_allowed_is_allowed_and_nothing_besides(address: str) -> None:
    disguises = {"127.0.0.1", "127.255.255.254", "::1", "64:ff9b::7f00:1", "2002:7f00:1::"}
    assert (why_refused(address, LOOPBACK) is None) == (address in disguises)


def test_a_network_of_ipv6_can_be_allowed_with_a_zone_in_the_address() -> None:
    assert why_refused("fe80::1%eth0", [ip_network("fe80::/10")]) is None


def test_what_is_no_address_is_refused() -> None:
    assert why_refused("localhost", LOOPBACK) is not None


def test_the_refusal_says_how_to_allow_it() -> None:
    assert "--allow-network loopback" in str(why_refused("::1", ()))
    assert "--allow-network 10.1.2.3" in str(why_refused("::ffff:10.1.2.3", ()))


def test_allowing_everything_of_ipv4_allows_nothing_of_ipv6() -> None:
    everything = [ip_network("0.0.0.0/0")]
    assert is_allowed(ip_address("10.0.0.1"), everything)
    assert not is_allowed(ip_address("fd00::1"), everything)
