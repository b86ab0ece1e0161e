"""BSON values as byte strings that compare as MongoDB compares the values.

One encoding serves index keys, sorting, equality and ranges, so these can never disagree. The order of types and of
values within a type is the one of https://www.mongodb.com/docs/manual/reference/bson-type-comparison-order/. The first
byte names the type; an encoding is never the beginning of another one, so that encodings can be joined.
"""

from __future__ import annotations

import math
import struct
from datetime import UTC, datetime
from typing import Any

from bson import Binary, Code, DatetimeMS, MaxKey, MinKey, ObjectId, Regex, Timestamp

from storage.embedded.errors import unsupported

_MIN, _NULL, _NUMBER, _STRING, _OBJECT, _ARRAY, _BINARY = 0x01, 0x05, 0x0A, 0x10, 0x15, 0x1A, 0x20
_OBJECT_ID, _BOOLEAN, _DATE, _TIMESTAMP, _REGEX, _MAX = 0x25, 0x2A, 0x30, 0x35, 0x3A, 0xF0

ABOVE = b"\xff"  # appended to an encoding: above everything that starts with it, also when inverted
_END, _MORE = b"\x00", b"\x01"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FLIP = bytes(range(255, -1, -1))


def encode(value: Any) -> bytes:
    """Raises `CommandError` for the few types that cannot be compared here (decimals, code, references)."""
    # The types of nearly all values first: this runs for every document that a scan looks at.
    if type(value) is str:
        return b"\x10" + _terminated(value)
    if value is None:
        return b"\x05"
    if value is True:
        return b"\x2a\x01"
    if value is False:
        return b"\x2a\x00"
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, datetime):
        return _instant(milliseconds(value))
    if isinstance(value, bytes):
        subtype = value.subtype if isinstance(value, Binary) else 0
        return struct.pack(">BIB", _BINARY, len(value), subtype) + value
    if isinstance(value, dict):
        fields = (_MORE + encode(item)[:1] + _terminated(name) + encode(item) for name, item in value.items())
        return bytes([_OBJECT]) + b"".join(fields) + _END
    if isinstance(value, list):
        return bytes([_ARRAY]) + b"".join(_MORE + encode(item) for item in value) + _END
    return _encode_rare(value)


def _encode_rare(value: Any) -> bytes:
    if isinstance(value, ObjectId):
        return bytes([_OBJECT_ID]) + value.binary
    if isinstance(value, DatetimeMS):
        return _instant(int(value))
    if isinstance(value, str) and not isinstance(value, Code):
        return bytes([_STRING]) + _terminated(value)
    if isinstance(value, Timestamp):
        return struct.pack(">BII", _TIMESTAMP, value.time, value.inc)
    if isinstance(value, Regex):
        return bytes([_REGEX]) + _terminated(str(value.pattern)) + struct.pack(">I", value.flags)
    if isinstance(value, MinKey):
        return bytes([_MIN])
    if isinstance(value, MaxKey):
        return bytes([_MAX])
    raise unsupported(f"comparing values of type {type(value).__name__}")


def invert(encoded: bytes) -> bytes:
    """The encoding for a descending index field."""
    return encoded.translate(_FLIP)


def milliseconds(time: datetime) -> int:
    """Since 1970, rounded down as BSON stores it; a time without a zone is in UTC."""
    delta = (time if time.tzinfo else time.replace(tzinfo=UTC)) - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1000 + delta.microseconds // 1000


def _instant(ms: int) -> bytes:
    return struct.pack(">BQ", _DATE, ms + (1 << 63))


def _terminated(text: str) -> bytes:
    raw = text.encode()
    if b"\x00" in raw:
        raw = raw.replace(b"\x00", b"\x00\xff")
    return raw + b"\x00\x01"


def _number(value: int | float) -> bytes:
    """Integers and floats in one order: the nearest double, then what an integer of 64 bits lies beside it."""
    nearest = float(value)
    if math.isnan(nearest):
        return bytes([_NUMBER, 0])
    (bits,) = struct.unpack(">Q", struct.pack(">d", nearest + 0.0))  # + 0.0 makes -0.0 and 0.0 one
    bits = bits ^ 0xFFFF_FFFF_FFFF_FFFF if bits >> 63 else bits | 1 << 63
    beside = int(value) - int(nearest) if isinstance(value, int) else 0
    return struct.pack(">BBQH", _NUMBER, 1, bits, beside + 0x8000)
