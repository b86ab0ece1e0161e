"""What processes tell each other about one document over the bus (channel ``document:<id>``).

The bus may lose, repeat and reorder messages (DESIGN section 5.3): an update carries the range of numbers that its
process gave it, and a heartbeat repeats the newest number, so that a reader knows what it has not seen and re-reads it
from the log. The encoding is lib0's, because an update is bytes and both ends already speak it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from collab.yjs.codec import Decoder, MalformedFrame, write_var_bytes, write_var_string, write_var_uint

_LONGEST_PROCESS = 64
_LONGEST_AUTHOR = 256
_LOGGED, _UNLOGGED, _HEARTBEAT, _PRESENCE, _PRESENCE_QUERY, _GONE, _TRASHED, _GIVEN_UP = range(8)


def channel_of(document: str) -> str:
    return f"document:{document}"


@dataclass(frozen=True, slots=True)
class Logged:
    """Updates ``first..last`` of ``process``, merged; the log has them."""

    process: str
    first: int
    last: int
    update: bytes


@dataclass(frozen=True, slots=True)
class Unlogged:
    """An update shown to people while the log is away: whoever receives it puts it into its own commits too."""

    process: str
    update: bytes
    authors: tuple[tuple[int, str], ...] = ()
    """Who writes under those Yjs client ids in it that the log may not know yet. The process may die before it does."""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The newest number of ``process`` that the log has."""

    process: str
    last: int


@dataclass(frozen=True, slots=True)
class PresenceStates:
    """An awareness payload (y-protocols) of connections that ``process`` holds."""

    process: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class PresenceQuery:
    """``process`` has just opened the document and asks who is there."""

    process: str


@dataclass(frozen=True, slots=True)
class Gone:
    """The document is no more (rebuilt under a new id, or its workspace erased): close its connections with 4410."""

    process: str


@dataclass(frozen=True, slots=True)
class Trashed:
    """The file was moved to the trash: whoever is in it must leave (4410). The document stays and may come back."""

    process: str


@dataclass(frozen=True, slots=True)
class GivenUp:
    """The document takes too long to build (`collab.replicas.trial`) or contradicts itself (`collab.yjs.claims`): close
    its connections with 4410, and take nothing more. It is not gone before it goes on under a new id."""

    process: str


Replica = Logged | Unlogged | Heartbeat | PresenceStates | PresenceQuery | Gone | Trashed | GivenUp


def encode(message: Replica) -> bytes:
    out = bytearray()
    match message:
        case Logged(process, first, last, update):
            _head(out, _LOGGED, process)
            write_var_uint(out, first)
            write_var_uint(out, last)
            write_var_bytes(out, update)
        case Unlogged(process, update, authors):
            _head(out, _UNLOGGED, process)
            write_var_bytes(out, update)
            write_var_uint(out, len(authors))
            for client, author in authors:
                write_var_uint(out, client)
                write_var_string(out, author)
        case Heartbeat(process, last):
            _head(out, _HEARTBEAT, process)
            write_var_uint(out, last)
        case PresenceStates(process, payload):
            _head(out, _PRESENCE, process)
            write_var_bytes(out, payload)
        case PresenceQuery(process):
            _head(out, _PRESENCE_QUERY, process)
        case Gone(process):
            _head(out, _GONE, process)
        case Trashed(process):
            _head(out, _TRASHED, process)
        case GivenUp(process):
            _head(out, _GIVEN_UP, process)
    return bytes(out)


def _head(out: bytearray, kind: int, process: str) -> None:
    write_var_uint(out, kind)
    write_var_string(out, process)


def _authors(decoder: Decoder) -> Iterator[tuple[int, str]]:
    for _ in range(decoder.var_uint()):
        yield decoder.var_uint(), decoder.var_string(_LONGEST_AUTHOR)


def sent_by(process: str) -> bytes:
    """How all messages of a process go on behind their first byte: it hears its own too, and need not read them."""
    out = bytearray()
    write_var_string(out, process)
    return bytes(out)


def decode(data: bytes) -> Replica:
    """The message in ``data``.

    Raises:
        MalformedFrame: not one of ours (another version, or a stranger who publishes on our Redis).
    """
    decoder = Decoder(data)
    kind = decoder.var_uint()
    process = decoder.var_string(_LONGEST_PROCESS)
    message: Replica
    match kind:
        case 0:
            message = Logged(process, decoder.var_uint(), decoder.var_uint(), decoder.var_bytes(len(data)))
        case 1:
            message = Unlogged(process, decoder.var_bytes(len(data)), tuple(_authors(decoder)))
        case 2:
            message = Heartbeat(process, decoder.var_uint())
        case 3:
            message = PresenceStates(process, decoder.var_bytes(len(data)))
        case 4:
            message = PresenceQuery(process)
        case 5:
            message = Gone(process)
        case 6:
            message = Trashed(process)
        case 7:
            message = GivenUp(process)
        case _:
            raise MalformedFrame(f"unknown replication message {kind}")
    decoder.end()
    return message
