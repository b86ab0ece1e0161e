import secrets
import socket
from pathlib import Path

_LOWEST, _HIGHEST = 10_000, 65_535


def free_port() -> int:
    """A port of the loopback interface for a server that may go away and come back to it.

    Below those that the system hands out by itself: one of these would be given to somebody's connection while the
    server is away, and whoever knocks there meanwhile may even be connected to themselves.
    """
    handed_out = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    ports = range(_LOWEST, handed_out) or range(_LOWEST, _HIGHEST)
    while True:
        # Not from `random`: tests of several processes seed it alike.
        port = secrets.choice(ports)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
