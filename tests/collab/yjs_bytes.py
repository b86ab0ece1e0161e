"""Yjs v1 updates written by hand, so that tests can say exactly which bytes they mean, also malformed ones."""

from collections.abc import Iterable, Mapping, Sequence

from collab.yjs.codec import write_var_uint

Ranges = Mapping[int, Iterable[tuple[int, int]]]
Id = tuple[int, int]


def uint(value: int) -> bytes:
    buffer = bytearray()
    write_var_uint(buffer, value)
    return bytes(buffer)


def string(value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return uint(len(data)) + data


def item(
    content: int,
    body: bytes,
    origin: Id | None = None,
    right: Id | None = None,
    root: str = "text",
    parent: Id | None = None,
    key: str | None = None,
) -> bytes:
    info = content | (0x80 if origin else 0) | (0x40 if right else 0) | (0x20 if key is not None else 0)
    data = bytes([info])
    for reference in (origin, right):
        if reference:
            data += uint(reference[0]) + uint(reference[1])
    if origin is None and right is None:
        data += uint(1) + string(root) if parent is None else uint(0) + uint(parent[0]) + uint(parent[1])
        if key is not None:
            data += string(key)
    return data + body


def text(value: str | bytes, origin: Id | None = None, right: Id | None = None, root: str = "text") -> bytes:
    return item(4, string(value), origin, right, root)


def deleted(length: int, origin: Id | None = None, right: Id | None = None, root: str = "text") -> bytes:
    return item(1, uint(length), origin, right, root)


def collected(length: int) -> bytes:
    return b"\x00" + uint(length)


def skip(length: int) -> bytes:
    return b"\x0a" + uint(length)


def node(key: str, type_ref: int = 1) -> bytes:
    """A map in the root map `nodes`."""
    return item(7, uint(type_ref), root="nodes", key=key)


def value(encoded: bytes, parent: Id | None = None, key: str | None = None, origin: Id | None = None) -> bytes:
    """A plain value under a key of a map, or one that replaces the value at `origin`."""
    return item(8, uint(1) + encoded, origin, None, "nodes", parent, key)


def delete_set(ranges: Ranges) -> bytes:
    data = uint(len(ranges))
    for client, items in ranges.items():
        parts = list(items)
        data += uint(client) + uint(len(parts)) + b"".join(uint(clock) + uint(length) for clock, length in parts)
    return data


def update(*sections: tuple[int, int, Sequence[bytes]], deletes: Ranges | None = None) -> bytes:
    """Each section: client, first clock, structs."""
    data = uint(len(sections))
    for client, clock, structs in sections:
        data += uint(len(structs)) + uint(client) + uint(clock) + b"".join(structs)
    return data + delete_set(deletes or {})
