"""MongoDB's wire protocol, the part that PyMongo speaks: OP_MSG, and OP_QUERY for its first greeting.

https://www.mongodb.com/docs/manual/reference/mongodb-wire-protocol/
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import bson

from storage.embedded.tables import Document, decode

HEADER = struct.Struct("<iiii")  # length, request id, response to, operation
MOST_BYTES = 48_000_000  # of a message
_OP_REPLY, _OP_QUERY, _OP_MSG = 1, 2004, 2013
_CHECKSUM, _MORE_TO_COME = 1 << 0, 1 << 1


class MalformedMessage(ValueError):
    """Not a message of this protocol; nothing that follows it can be understood either."""


@dataclass(frozen=True)
class Request:
    """One command. `sequences` holds the documents that came beside the body: name → raw documents."""

    number: int
    body: Document
    sequences: dict[str, list[bytes]]
    answered: bool
    legacy: bool


def read_request(message: bytes) -> Request:
    """Raises `MalformedMessage`."""
    try:
        _, number, _, operation = HEADER.unpack_from(message)
        if operation == _OP_MSG:
            return _read_msg(number, message)
        if operation == _OP_QUERY:
            start = message.index(b"\x00", HEADER.size + 4) + 1 + 8
            return Request(number, decode(message[start : start + _size(message, start)]), {}, True, True)
    except (struct.error, ValueError, bson.errors.BSONError) as error:
        raise MalformedMessage(str(error)) from None
    raise MalformedMessage(f"operation {operation}")


def _read_msg(number: int, message: bytes) -> Request:
    (flags,) = struct.unpack_from("<I", message, HEADER.size)
    position = HEADER.size + 4
    end = len(message) - (4 if flags & _CHECKSUM else 0)
    body: Document | None = None
    sequences: dict[str, list[bytes]] = {}
    while position < end:
        kind = message[position]
        position += 1
        size = _size(message, position)
        if kind == 0:
            body = decode(message[position : position + size])
        elif kind == 1:
            name, documents = _read_sequence(message[position + 4 : position + size])
            sequences[name] = documents
        else:
            raise MalformedMessage(f"section of kind {kind}")
        position += size
    if body is None:
        raise MalformedMessage("no body")
    return Request(number, body, sequences, not flags & _MORE_TO_COME, False)


def _read_sequence(section: bytes) -> tuple[str, list[bytes]]:
    name, _, rest = section.partition(b"\x00")
    documents = []
    position = 0
    while position < len(rest):
        size = _size(rest, position)
        documents.append(rest[position : position + size])
        position += size
    return name.decode(), documents


def _size(data: bytes, position: int) -> int:
    (size,) = struct.unpack_from("<i", data, position)
    if size < 5 or position + size > len(data):
        raise MalformedMessage(f"a size of {size} with {len(data) - position} bytes left")
    return int(size)


def write_reply(request: Request, reply: dict[str, Any]) -> bytes:
    document = bson.encode(reply)
    if request.legacy:
        lead, operation = struct.pack("<iqii", 0, 0, 0, 1), _OP_REPLY
    else:
        lead, operation = struct.pack("<IB", 0, 0), _OP_MSG
    return HEADER.pack(HEADER.size + len(lead) + len(document), 0, request.number, operation) + lead + document
