"""How much a client may ask for (DESIGN section 9)."""

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True)
class Limits:
    """The defaults; whoever runs the server may set others. Sizes are in bytes."""

    frame: int = 20 * MIB
    """One WebSocket message; a longer one closes the connection with 1009."""

    text_document: int = 16 * MIB
    """A shared text as UTF-8; a document that would outgrow it closes with 4413."""

    binary_file: int = 256 * MIB

    backlog: int = 256 * MIB
    """Updates that one process keeps for a log that is away, before it refuses further edits."""

    presence_state: int = 16 * KIB
    """What one client shows of itself, as JSON."""

    updates_per_second: int = 500
    """Of one connection, on average; beyond the burst it is slowed down, then closed with 4529."""

    update_bytes_per_second: int = 8 * MIB

    burst_seconds: float = 4.0
    """Seconds' worth of updates and bytes that may come at once."""

    connections_per_document: int = 1_000

    unanswered_connections: int = 16
    """Open connections of one address that have not signed in yet."""
