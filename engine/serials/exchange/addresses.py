"""Where webhooks may go: hosts that are listed, and no address inside unless it is allowed."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Self
from urllib.parse import SplitResult, urlsplit

from engine.errors import Refused

LONGEST = 2_000
TRANSLATED = IPv6Network("64:ff9b::/96")  # NAT64 carries an IPv4 address inside (RFC 6052)


class AddressNotAllowed(Refused):
    """Webhooks go to https addresses only, without a user, a password or a fragment in them."""


class HostNotListed(Refused):
    """%(host)s is not among the hosts that webhooks may go to. An administrator lists it in HOLDFAST_WEBHOOK_HOSTS."""  # noqa: E501 - one sentence for one translation


@dataclass(frozen=True)
class WaysOut:
    """The hosts that are listed (`erp.example.com`, `*.partner.example`) and networks inside.

    Nothing is listed unless someone lists it: then no webhook goes out.
    """

    hosts: tuple[str, ...] = ()
    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    @classmethod
    def read(cls, hosts: str, networks: str) -> Self:
        """Read both from lists with commas between them."""
        return cls(
            tuple(one.strip().lower() for one in hosts.split(",") if one.strip()),
            tuple(ip_network(one.strip()) for one in networks.split(",") if one.strip()),
        )

    def lists(self, host: str) -> bool:
        """Say whether a host is listed; `*.partner.example` lists what is below it, not itself."""
        return any(fnmatchcase(host, pattern) for pattern in self.hosts)

    def lets_through(self, address: str) -> bool:
        """Say whether an address that a name came to may be connected to.

        Public ones may; those inside (private, loopback, link-local …) where their network is
        allowed. An IPv4 address inside an IPv6 one counts as what it is.
        """
        ip = _plain(ip_address(address.partition("%")[0]))
        if any(ip in network for network in self.networks if network.version == ip.version):
            return True
        return ip.is_global and not ip.is_multicast and not ip.is_reserved


def parted(address: str, ways: WaysOut) -> SplitResult:
    """Return an address in its parts; raises `AddressNotAllowed`, `HostNotListed`."""
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError as problem:
        raise AddressNotAllowed from problem
    is_plain = address.isascii() and address.isprintable() and " " not in address
    if (
        parts.scheme != "https"
        or not host
        or not is_plain
        or len(address) > LONGEST
        or parts.username is not None
        or parts.password is not None
        or "#" in address
    ):
        raise AddressNotAllowed
    if not ways.lists(host):
        raise HostNotListed(host=host)
    return parts


def allowed(found: Sequence[str], ways: WaysOut) -> list[str]:
    """Return those of the addresses a name came to that may be connected to."""
    return [one for one in dict.fromkeys(found) if ways.lets_through(one)]


def _plain(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    if isinstance(ip, IPv4Address):
        return ip
    if ip in TRANSLATED:
        return IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip.ipv4_mapped or ip.sixtofour or ip
