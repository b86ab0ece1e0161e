"""Where webhooks may go: to the open internet, unless whoever runs the server says otherwise.

The owner of a workspace need not be who runs the server. Without this they could have it ask what only it can reach:
its database, the cloud's own service for keys, a printer. A name is looked up once for each sending, all that it stands
for is checked, and the connection goes to what was checked: looked up again it could stand for something else.
"""

from __future__ import annotations

import asyncio
import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

_NAT64 = IPv6Network("64:ff9b::/96")


class AddressRefused(Exception):
    """The message says why in a sentence for people."""


async def resolved(host: str, port: int, *, private: bool) -> str:
    """One address of ``host``. ``private``: whether it may be one that is not of the open internet.

    Raises:
        AddressRefused
        OSError: nobody knows the name.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [ip_address(str(sockaddr[0]).partition("%")[0]) for *_, sockaddr in found]
    if not addresses:
        raise OSError(f"{host} has no address")
    if not private and not all(map(is_public, addresses)):
        raise AddressRefused("It leads to a private network, which whoever runs this server does not allow.")
    return str(addresses[0])


def is_public(address: IPv4Address | IPv6Address) -> bool:
    if isinstance(address, IPv6Address) and (inner := _carried(address)) is not None:
        return is_public(inner)
    return address.is_global and not address.is_multicast


def _carried(address: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that it leads to in the end."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo is not None else None)
