"""Where processors and destinations may connect to: the guard against requests that are sent to look around inside.

A url in a Spec or in data may lead anywhere, also to services that trust whoever is in the same network, such as the
metadata service of a cloud. So only public addresses may be connected to, and those that the settings list.

What is judged is the very address that a socket is about to be connected to, after names have been resolved: a name
that resolves to something else the second time (DNS rebinding), a number in disguise (`http://2130706433/`) and an IPv4
address inside an IPv6 one are all the same to it.
"""

import socket
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any, Final, TypeAlias

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

from waygrid_shell.settings.settings import IpNetwork

IpAddress: TypeAlias = IPv4Address | IPv6Address

AddressInfo: TypeAlias = tuple[int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[Any, ...]]
"""What `getaddrinfo` gives: family, kind, protocol, canonical name, address."""

_UNICAST: Final = IPv6Network("2000::/3")
"""What is given out of IPv6 for public use; the rest is reserved, local, or multicast."""

_NOT_PUBLIC: Final = (
    IPv6Network("2001::/23"),  # protocols of the IETF, Teredo among them: an IPv4 address that is hidden in it
    IPv6Network("2001:db8::/32"),  # documentation
    IPv6Network("3fff::/20"),  # documentation
)
_NAT64: Final = IPv6Network("64:ff9b::/96")


class AddressRefused(OSError):  # noqa: N818 - it says what happened; whoever may connect has no error
    """Nobody may connect to this address. An `OSError`, as aiohttp expects of what does not connect."""


class GuardedResolver(AbstractResolver):
    """Gives of the addresses of a name those that may be connected to; raises `AddressRefused` if none of them may."""

    def __init__(self, allowed: Sequence[IpNetwork]) -> None:
        self._allowed = tuple(allowed)
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        refusals = [why_refused(each["host"], self._allowed) for each in found]
        fit = [each for each, why in zip(found, refusals, strict=True) if why is None]
        if found and not fit:
            raise AddressRefused(refusals[0])
        return fit

    async def close(self) -> None:
        await self._resolver.close()


def socket_factory(allowed: Sequence[IpNetwork]) -> Callable[[AddressInfo], socket.socket]:
    """What makes the sockets of an `aiohttp.TCPConnector`: none for an address that is refused (`AddressRefused`).

    It sees every address, those too that stand in a url and are never resolved: it alone would be guard enough.
    """
    networks = tuple(allowed)

    def make(info: AddressInfo) -> socket.socket:
        family, kind, protocol, _, address = info
        why = why_refused(address[0], networks)
        if why is not None:
            raise AddressRefused(why)
        return socket.socket(family=family, type=kind, proto=protocol)

    return make


def why_refused(host: str, allowed: Sequence[IpNetwork]) -> str | None:
    """Why nobody may connect to this address, or None if one may. `host` is an IP address, with a zone perhaps."""
    try:
        address = ip_address(host)
    except ValueError:
        return f"{host!r} is no IP address"
    if is_allowed(address, allowed):
        return None
    return (
        f"{address} is no public address, and outbound requests reach only public ones; if it is meant, "
        f"allow it: --allow-network {_network_word(address)}, or outbound.allowed_networks in the settings"
    )


def is_allowed(address: IpAddress, allowed: Sequence[IpNetwork]) -> bool:
    """Whether it is public, or in one of the networks; an IPv4 address inside an IPv6 one is judged as what it is."""
    inner = _embedded(address)
    if inner is not None:
        return is_allowed(inner, allowed)
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        address = IPv6Address(int(address))  # a zone says by which door, not whether
    return any(address.version == network.version and address in network for network in allowed) or is_public(address)


def is_public(address: IpAddress) -> bool:
    """Whether it is a unicast address that anybody in the internet could mean the same by."""
    if isinstance(address, IPv4Address):
        return address.is_global and not (address.is_multicast or address.is_reserved or _is_relay(address))
    return address in _UNICAST and address.is_global and not any(address in network for network in _NOT_PUBLIC)


def _is_relay(address: IPv4Address) -> bool:
    return address.packed.startswith(b"\xc0\x58\x63")  # 192.88.99.0/24, anycast of 6to4 relays, given up


def _embedded(address: IpAddress) -> IPv4Address | None:
    """The IPv4 address that a packet to this IPv6 address ends at, if it is such a one."""
    if isinstance(address, IPv4Address):
        return None
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    return IPv4Address(int(address) & 0xFFFF_FFFF) if address in _NAT64 else None


def _network_word(address: IpAddress) -> str:
    inner = _embedded(address) or address
    if inner.is_loopback:
        return "loopback"
    return str(inner).split("%", maxsplit=1)[0]
