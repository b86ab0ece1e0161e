"""Places in a shared text that move with it, byte for byte as Yjs' relative positions.

pycrdt's own `StickyIndex` mixes bytes with clocks and points elsewhere as soon as a text is not ASCII. What pycrdt does
right is integrating updates, so it is asked in that language, on a throw-away replica: a character's id is what the
update names that deletes it, and the place of an id is where an item lands that has it as its origin.

Every call costs a copy of the document, so ask for many places at once.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from pycrdt import Doc, Text

from collab.replicas.edits import fork, recorded
from collab.yjs.codec import Decoder, MalformedFrame, write_var_string, write_var_uint
from collab.yjs.offsets import utf16_length, utf16_to_utf8
from collab.yjs.surrogates import SurrogatePairs, may_hold_pairs
from collab.yjs.update import decode_state_vector, read_update

_ROOT = "text"
_LEFT, _RIGHT = -1, 0

# A sentinel is a number between two NULs, which no shared text holds (see `collab.yjs.update`). Client 0, which no
# document holds either, is smaller than every other, so that a sentinel stands next to its origin whatever else does.
_SENTINEL = re.compile("\\0([0-9]+)\\0")
_SENTINEL_CLIENT = 0
_ORIGIN_AND_STRING = 0x84


class InvalidAnchor(ValueError):
    """Bytes that are not a relative position in the root text."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A place next to one UTF-16 unit, or at an end of the text when `client` and `clock` are None.

    `assoc` 0: in front of the unit, or the end of the text. -1: behind the unit, or the beginning.
    """

    client: int | None
    clock: int | None
    assoc: int

    def encode(self) -> bytes:
        """As Yjs' `encodeRelativePosition`."""
        buffer = bytearray()
        if self.client is None or self.clock is None:
            buffer.append(1)
            write_var_string(buffer, _ROOT)
        else:
            buffer.append(0)
            write_var_uint(buffer, self.client)
            write_var_uint(buffer, self.clock)
        # A signed integer of lib0: bit 6 is the sign.
        buffer.append(0x00 if self.assoc >= 0 else 0x41)
        return bytes(buffer)

    @classmethod
    def decode(cls, data: bytes) -> "Anchor":
        """As Yjs' `decodeRelativePosition`. InvalidAnchor for other bytes and for places in other types."""
        client: int | None = None
        clock: int | None = None
        decoder = Decoder(data)
        try:
            kind = decoder.var_uint()
            if kind == 0:
                client, clock = decoder.var_uint(), decoder.var_uint()
            elif kind != 1 or decoder.var_string(len(data)) != _ROOT:
                raise InvalidAnchor("place in another type than the root text")
            # Before Yjs 13.5 there was no association.
            assoc = _RIGHT if decoder.at_end or not decoder.uint8() & 0x40 else _LEFT
            decoder.end()
        except MalformedFrame as error:
            raise InvalidAnchor(f"not a relative position: {error}") from error
        return cls(client, clock, assoc)


START, END = Anchor(None, None, _LEFT), Anchor(None, None, _RIGHT)


def range_anchors(doc: Doc[Any], ranges: Sequence[tuple[int, int]]) -> list[tuple[Anchor, Anchor]]:
    """The anchors of ranges [start, end) of the document's present text, in UTF-16 units.

    Those of a range hold on to its first and its last unit, so that what is typed at its edges stays outside. Those of
    an empty range hold on to its neighbours, so that what is typed there comes between.

    Raises OffsetOutsideText, OffsetInsideSurrogatePair.
    """
    text = str(doc.get(_ROOT, type=Text))
    offsets = sorted({offset for span in ranges for offset in span})
    data = text.encode()
    bytes_at = dict(zip(offsets, utf16_to_utf8(text, offsets), strict=True))
    before = {offset: _character_before(data, at) for offset, at in bytes_at.items()}
    behind = {offset: _character_behind(data, at) for offset, at in bytes_at.items()}
    names = _names(doc, {character for character in (*before.values(), *behind.values()) if character})

    def hold_left(offset: int) -> Anchor:
        character = before[offset]
        if character is None:
            return START
        client, clock, length = names[character]
        return Anchor(client, clock + length - 1, _LEFT)

    def hold_right(offset: int) -> Anchor:
        character = behind[offset]
        if character is None:
            return END
        client, clock, _ = names[character]
        return Anchor(client, clock, _RIGHT)

    return [
        (hold_right(start), hold_left(end)) if start < end else (hold_left(start), hold_right(start))
        for start, end in ranges
    ]


def _character_before(data: bytes, at: int) -> tuple[int, int] | None:
    """Where in UTF-8 the character lies that ends at `at`."""
    start = at - 1
    while start > 0 and data[start] & 0xC0 == 0x80:
        start -= 1
    return (start, at) if at else None


def _character_behind(data: bytes, at: int) -> tuple[int, int] | None:
    end = at + 1
    while end < len(data) and data[end] & 0xC0 == 0x80:
        end += 1
    return (at, end) if at < len(data) else None


def _names(doc: Doc[Any], characters: Iterable[tuple[int, int]]) -> dict[tuple[int, int], tuple[int, int, int]]:
    """(client, clock, length) of characters given by their bytes: what the update names that deletes each."""
    replica = fork(doc)
    text = replica.get(_ROOT, type=Text)
    names: dict[tuple[int, int], tuple[int, int, int]] = {}
    with recorded(replica) as updates:
        # From the back, so that the bytes of those in front stay where they are.
        for start, end in sorted(characters, reverse=True):
            del text[start:end]
            [(client, [(clock, length)])] = read_update(updates.pop(), "text").deletes.items()
            names[start, end] = (client, clock, length)
    return names


def resolve(doc: Doc[Any], anchors: Sequence[Anchor]) -> list[int | None]:
    """Where the anchors are in the document's present text, in UTF-16 units; None for a unit that it never had.

    The same as Yjs' `createAbsolutePositionFromRelativePosition`: next to a deleted unit is where it was.
    """
    state = decode_state_vector(doc.get_state())
    update = doc.get_update()
    high_halves = _high_halves(update)
    origins: dict[tuple[int, int], int] = {}
    for anchor in anchors:
        if anchor.client is not None and anchor.clock is not None and anchor.clock < state.get(anchor.client, 0):
            # A sentinel behind the first half of a surrogate pair would tear it apart.
            half = high_halves(anchor.client, anchor.clock)
            origins.setdefault((anchor.client, anchor.clock + half), len(origins))
    replica: Doc[Any] = Doc()
    shared = replica.get(_ROOT, type=Text)
    replica.apply_update(update)
    length = utf16_length(str(shared))
    replica.apply_update(_sentinels(origins))
    ends = _places(str(shared))
    is_deleted = _deleted(doc)
    found: list[int | None] = []
    for anchor in anchors:
        if anchor.client is None or anchor.clock is None:
            found.append(length if anchor.assoc >= 0 else 0)
        elif anchor.clock >= state.get(anchor.client, 0):
            found.append(None)
        else:
            half = high_halves(anchor.client, anchor.clock)
            end = ends[origins[anchor.client, anchor.clock + half]]
            if is_deleted(anchor.client, anchor.clock):
                found.append(end)
            else:
                found.append(end - half - (1 if anchor.assoc >= 0 else 0))
    return found


def deleted(doc: Doc[Any], anchors: Sequence[Anchor]) -> list[bool]:
    """Whether the unit that each anchor holds on to was deleted; the ends of the text never are."""
    is_deleted = _deleted(doc)
    return [
        anchor.client is not None and anchor.clock is not None and is_deleted(anchor.client, anchor.clock)
        for anchor in anchors
    ]


def _sentinels(origins: Mapping[tuple[int, int], int]) -> bytes:
    """An update that puts the number of each origin directly behind it."""
    buffer = bytearray([1 if origins else 0])
    if origins:
        write_var_uint(buffer, len(origins))
        buffer += bytes([_SENTINEL_CLIENT, 0])
    for (client, clock), number in origins.items():
        buffer.append(_ORIGIN_AND_STRING)
        write_var_uint(buffer, client)
        write_var_uint(buffer, clock)
        write_var_string(buffer, f"\0{number}\0")
    buffer.append(0)
    return bytes(buffer)


def _places(text: str) -> dict[int, int]:
    """Number → UTF-16 position of each sentinel in the text without them."""
    places: dict[int, int] = {}
    at = units = 0
    for sentinel in _SENTINEL.finditer(text):
        units += utf16_length(text[at : sentinel.start()])
        at = sentinel.end()
        places[int(sentinel[1])] = units
    return places


def _deleted(doc: Doc[Any]) -> Callable[[int, int], bool]:
    # What a peer lacks that has seen every struct: nothing but the delete set.
    deletes = read_update(doc.get_update(doc.get_state()), "text").deletes

    def is_deleted(client: int, clock: int) -> bool:
        ranges = deletes.get(client, [])
        index = bisect_right(ranges, clock, key=itemgetter(0)) - 1
        return index >= 0 and clock < sum(ranges[index])

    return is_deleted


def _high_halves(update: bytes) -> Callable[[int, int], bool]:
    pairs = SurrogatePairs()
    # Reading costs more than all else here, and most texts have no such character.
    if may_hold_pairs(update):
        pairs.add(read_update(update, "text").paired)
    return lambda client, clock: pairs.inside(client, clock + 1)
