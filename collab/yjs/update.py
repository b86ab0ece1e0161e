"""Reads Yjs v1 updates without integrating them: what they bring, what they rest on, and whether they may be believed.

The CRDT library cannot be asked. It takes an update that rests on unknown text and keeps it aside unseen, wraps clocks
above 2**32, takes a client's structs twice in one update where Yjs drops the first, and integrates content that counts
in the length of a text and is never shown. So every update is read here first, alone, and refused where Yjs and yrs
would not make the same of it.

The encoding (Yjs `UpdateEncoder.js`, `encoding.js`, `structs/*`): a count of clients; for each a count of structs, the
client, its first clock, the structs; then the delete set. A struct is an info byte (content in the low five bits; 0x80
with origin, 0x40 with right origin, 0x20 with key), the origins as (client, clock), without any origin the parent (1
and a root's name, or 0 and an id) and its key, then the content. A struct takes as many clocks as its content is long,
a string one for each UTF-16 unit.

Not to be found here: known clocks that come again with other content (`collab.yjs.known` drops them), and references
that no replica can have made, after which Yjs itself makes one text of an update and another of the document encoded
anew.
"""

import re
from collections import deque
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from heapq import heappop, heappush
from typing import Literal

from collab.steps import at_a_stretch, in_turns
from collab.yjs.codec import MAX_SAFE_INTEGER, Decoder, MalformedFrame, read_var_uint, write_var_uint

Kind = Literal["text", "tree"]

MAX_CLOCK = 2**31 - 1
"""Clocks end here: yrs counts in 32 bits and wraps in silence, and a deleted run claims any length in five bytes."""

MAX_NAME = 4096  # bytes of a key or a string in a tree

LARGE = 8 * 1024
"""Bytes of an update above which it is read in slices, so that the loop never stands still for its sake."""

BYTES_PER_STEP = 8 * 1024  # read between two yields: some 500 structs, of a tree 4 ms

# The info byte of a struct.
GC, DELETED, STRING, TYPE, ANY, SKIP = 0, 1, 4, 7, 8, 10
ORIGIN, RIGHT_ORIGIN, KEY = 0x80, 0x40, 0x20
_Y_MAP = 1
_TEXT_ROOT = b"\x01\x04text"
_TREE_ROOT = b"\x01\x05nodes"

_NULL_AND_BOOLEANS = frozenset((120, 121, 126))
_INTEGER, _PLAIN_STRING = 125, 119
_FLOAT_SIZES = {124: 4, 123: 8}

# By the two high bits of the info byte, for each origin: how far behind the clock it names a string is cut in two.
_CUTS = ((), (0,), (1,), (1, 0))

_FOUR_BYTE_LEADS = bytes(range(0xF0, 0xF5))

# What nearly every frame of a person who types holds: one short string behind a known character (0x84) and perhaps in
# front of another (0xC4), or one range deleted. Narrower than the format, so that hardly a bound is left to check:
# clients of 35 bits without 0, clocks of 28 bits, one encoding of each, ASCII without NUL and carriage return.
_CLIENT, _CLOCK = rb"([\x80-\xff]{0,4}[\x01-\x7f])", rb"([\x80-\xff]{1,3}[\x01-\x7f]|[\0-\x7f])"
_KEYSTROKE = re.compile(
    rb"\x01\x01%b%b(?:\x84|(\xc4))%b%b(?(3)%b%b)([\x01-\x7f])([^\0\r\x80-\xff]{1,127})\0"
    % (_CLIENT, _CLOCK, _CLIENT, _CLOCK, _CLIENT, _CLOCK)
)
_DELETION = re.compile(rb"\x00\x01%b\x01%b(?!\0)%b" % (_CLIENT, _CLOCK, _CLOCK))


class InvalidUpdate(ValueError):
    """An update that no correct client sends. The connection that sent it is closed with 1007."""


@dataclass(frozen=True, slots=True)
class PairedString:
    """A string with characters that take two UTF-16 units, and so two clocks."""

    client: int
    clock: int
    high_bytes: bytes
    """Of each unit: 0xD8 to 0xDB in the first half of a pair, 0xDC to 0xDF in the second."""
    start: int
    end: int
    """Where its UTF-8 stands in the update."""


@dataclass(slots=True)
class UpdateHeader:
    """What an update brings and what it rests on, by Yjs client id, in clocks."""

    ranges: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    """(clock, length) of each unbroken run of structs, ascending; a skip ends a run."""

    depends: list[tuple[int, int, int, int]] = field(default_factory=list)
    """(client, clock, other, needed): the struct at `clock` waits until `other` is known up to `needed`."""

    deletes: dict[int, list[tuple[int, int]]] = field(default_factory=dict)
    """(clock, length) of what is deleted, ascending and disjoint."""

    cuts: list[tuple[int, int]] = field(default_factory=list)
    """(client, clock) in front of which integrating the structs cuts a string in two; in a tree, where there are none,
    right behind what a struct replaces."""

    paired: list["PairedString"] = field(default_factory=list)
    """Text only: the strings that hold surrogate pairs."""

    entries: list[tuple[int, int]] = field(default_factory=list)
    """Tree only: (client, clock) of what lies in the root map; nothing else can be a parent."""

    nodes: list[tuple[bytes, int, int, bool]] = field(default_factory=list)
    """Tree only: (key, client, clock, whether it is a map still) of the same; the key as it is encoded."""

    parents: list[tuple[int, int]] = field(default_factory=list)
    """Tree only: (client, clock) of the maps that structs name as their parent."""

    structs: dict[int, list[tuple[int, int, int]]] = field(default_factory=dict, compare=False)
    """(clock, start, end): where the structs stand in the update, without skips; empty for a keystroke."""

    parts: int = 0
    """Structs and delete ranges, each of which is integrated by itself."""


def read_update(update: bytes, kind: Kind) -> UpdateHeader:
    """The header of a Yjs v1 update, checked byte for byte for a document of this kind; InvalidUpdate otherwise.

    A text admits strings and deleted runs in the root text `text`, without NUL and without carriage return (shared text
    has "\\n" alone). A tree admits maps under the keys of the root map `nodes`, plain values under the keys of those
    maps, and what is left of either when it is deleted.
    """
    if kind == "text" and (keystroke := read_keystroke(update)) is not None:
        return keystroke
    return at_a_stretch(read_steps(update, kind))


def read_keystroke(update: bytes) -> UpdateHeader | None:
    """The header of one keystroke in a text, as `read_steps` reads it in three times the time; None for all else."""
    match = _KEYSTROKE.fullmatch(update)
    if match is None:
        match = _DELETION.fullmatch(update)
        if match is None:
            return None
        own, at, length = match.groups()
        return UpdateHeader(deletes={_client(own): [(_clock(at), _clock(length))]}, parts=1)
    own, at, two, left, left_at, right, right_at, size, string = match.groups()
    if len(string) != size[0]:
        return None
    client, clock = _client(own), _clock(at)
    header = UpdateHeader({client: [(clock, len(string))]}, parts=1)
    needed = 0
    origin = _clock(left_at)
    if left != own:
        other, needed = _client(left), origin + 1
        header.cuts.append((other, needed))
        header.depends.append((client, clock, other, needed))
    elif origin < clock:
        header.cuts.append((client, origin + 1))
    else:
        return None
    if two:
        origin = _clock(right_at)
        other = client if right == own else _client(right)
        header.cuts.append((other, origin))
        if other != client:
            if right != left or needed <= origin:
                header.depends.append((client, clock, other, origin + 1))
        elif origin >= clock:
            return None
    return header


def struct_of_keystroke(update: bytes) -> dict[int, list[tuple[int, int, int]]]:
    """As `UpdateHeader.structs`, which `read_keystroke` leaves empty."""
    client, at = read_var_uint(update, 2)
    clock, at = read_var_uint(update, at)
    return {client: [(clock, at, len(update) - 1)]}


@lru_cache(4096)
def _client(encoded: bytes) -> int:
    return read_var_uint(encoded, 0)[0]


def _clock(encoded: bytes) -> int:
    """As `read_var_uint` of at most four bytes that are known to be well-formed, in half the time."""
    length = len(encoded)
    if length == 1:
        return encoded[0]
    if length == 2:
        return encoded[0] & 0x7F | encoded[1] << 7
    if length == 3:
        return encoded[0] & 0x7F | (encoded[1] & 0x7F) << 7 | encoded[2] << 14
    return encoded[0] & 0x7F | (encoded[1] & 0x7F) << 7 | (encoded[2] & 0x7F) << 14 | encoded[3] << 21


async def read_update_cooperatively(update: bytes, kind: Kind, most: int = MAX_SAFE_INTEGER) -> UpdateHeader:
    """As `read_update`, for a large update: lets the event loop run every few milliseconds.

    ``most``: clients that it may name; what is known of each takes 500 bytes of memory.
    """
    return await in_turns(read_steps(update, kind, most))


def read_steps(update: bytes, kind: Kind, most: int = MAX_SAFE_INTEGER) -> Generator[None, None, UpdateHeader]:
    """The reader behind `read_update`: yields now and then and returns the header."""
    header = UpdateHeader()
    read_content = _text_content if kind == "text" else _tree_content
    pause = BYTES_PER_STEP
    try:
        sections, at = read_var_uint(update, 0)
        for _ in range(sections):
            count, at = read_var_uint(update, at)
            start = at
            client, at = read_var_uint(update, at)
            own = update[start:at]
            clock, at = read_var_uint(update, at)
            # Client 0 is what the sentinels of `collab.replicas.positions` are written under.
            if client == 0 or client in header.ranges or count == 0 or len(header.ranges) == most:
                raise InvalidUpdate(f"section of {count} structs of client {client}")
            runs = header.ranges[client] = []
            structs = header.structs[client] = []
            run = clock
            needs: dict[int, int] = {}
            for _ in range(count):
                if at > pause:
                    pause = at + BYTES_PER_STEP
                    yield
                start = at
                info = update[at]
                at += 1
                if info == SKIP:
                    if run == clock:
                        raise InvalidUpdate("skip without a struct before it")
                    runs.append((run, clock - run))
                    length, at = read_var_uint(update, at)
                    run = clock + length
                else:
                    for side in _CUTS[info >> 6]:
                        if update.startswith(own, at):
                            other = client
                            at += len(own)
                        else:
                            other, at = read_var_uint(update, at)
                        origin, at = read_var_uint(update, at)
                        header.cuts.append((other, origin + side))
                        if other != client:
                            if needs.get(other, 0) <= origin:
                                needs[other] = origin + 1
                                header.depends.append((client, clock, other, origin + 1))
                        elif origin >= clock:
                            raise InvalidUpdate("a struct rests on itself")
                    length, at = read_content(update, at, info, client, clock, header)
                    structs.append((clock, start, at))
                clock += length
                if length == 0 or clock > MAX_CLOCK:
                    raise InvalidUpdate(f"struct of {length} clocks that ends at {clock}")
            if run == clock:
                raise InvalidUpdate("skip without a struct behind it")
            runs.append((run, clock - run))
            header.parts += len(structs)
        at = yield from _read_deletes(update, at, header, most)
    except (MalformedFrame, IndexError, UnicodeDecodeError) as error:
        raise InvalidUpdate(f"update is malformed: {error}") from error
    if at != len(update):
        raise InvalidUpdate(f"{len(update) - at} bytes follow the update")
    return header


def _text_content(update: bytes, at: int, info: int, client: int, clock: int, header: UpdateHeader) -> tuple[int, int]:
    """The length of a text's struct and the position behind it, from its parent on."""
    if info < RIGHT_ORIGIN:
        if not update.startswith(_TEXT_ROOT, at):
            raise InvalidUpdate("text outside of the root `text`")
        at += len(_TEXT_ROOT)
    content = info & ~(ORIGIN | RIGHT_ORIGIN)
    if content == DELETED:
        return read_var_uint(update, at)
    if content != STRING:
        raise InvalidUpdate(f"struct {info} in a text")
    length, at = read_var_uint(update, at)
    end = at + length
    chunk = update[at:end]
    if len(chunk) != length:
        raise InvalidUpdate("string is cut off")
    if b"\r" in chunk or b"\0" in chunk:
        raise InvalidUpdate("carriage return or NUL in a text")
    if not chunk.isascii():
        string = chunk.decode()
        length = len(string)
        if len(chunk.translate(None, _FOUR_BYTE_LEADS)) != len(chunk):
            high_bytes = string.encode("utf-16-be")[::2]
            length = len(high_bytes)
            header.paired.append(PairedString(client, clock, high_bytes, at, end))
    return length, end


def _tree_content(update: bytes, at: int, info: int, client: int, clock: int, header: UpdateHeader) -> tuple[int, int]:
    """The length of a tree's struct and the position behind it, from its parent on."""
    if info == GC:
        return read_var_uint(update, at)
    content = info & ~(ORIGIN | KEY)
    if info < RIGHT_ORIGIN:
        if not info & KEY:
            raise InvalidUpdate("struct without a key in a tree")
        if update.startswith(_TREE_ROOT, at):
            at += len(_TREE_ROOT)
            header.entries.append((client, clock))
            header.nodes.append((update[at : string_end(update, at)], client, clock, content == TYPE))
            if content == ANY:
                raise InvalidUpdate("plain value in the root map")
        else:
            named, at = read_var_uint(update, at)
            if named:
                raise InvalidUpdate("struct outside of the root map `nodes`")
            other, at = read_var_uint(update, at)
            parent, at = read_var_uint(update, at)
            header.parents.append((other, parent))
            if other != client:
                header.depends.append((client, clock, other, parent + 1))
            elif parent >= clock:
                raise InvalidUpdate("a struct rests on itself")
            if content == TYPE:
                # Maps in maps in maps would overflow the stack of whoever deletes the outermost.
                raise InvalidUpdate("map inside a node")
        at = string_end(update, at)
    elif content == TYPE:
        # It could be inside a node's map: the origin tells where, and that is not known here.
        raise InvalidUpdate("map that replaces another")
    if content == DELETED:
        return read_var_uint(update, at)
    if content == TYPE:
        if update[at] != _Y_MAP:
            raise InvalidUpdate(f"shared type {update[at]} in a tree")
        return 1, at + 1
    if content == ANY:
        if update[at] != 1:
            raise InvalidUpdate("several values in one struct of a tree")
        return 1, _plain_value_end(update, at + 1)
    raise InvalidUpdate(f"struct {info} in a tree")


def _plain_value_end(update: bytes, at: int) -> int:
    """The position behind a null, boolean, number or string of lib0's `any` encoding. Nothing else has a place here."""
    tag = update[at]
    at += 1
    if tag in _NULL_AND_BOOLEANS:
        return at
    if tag == _PLAIN_STRING:
        return string_end(update, at)
    if tag == _INTEGER:
        # A signed integer has its sign in the second bit: as far as its bytes go, it reads as an unsigned one.
        return read_var_uint(update, at)[1]
    if tag in _FLOAT_SIZES:
        return at + _FLOAT_SIZES[tag]
    raise InvalidUpdate(f"value of type {tag} in a tree")


def string_end(update: bytes, at: int) -> int:
    """The position behind a name at `at`. Raises InvalidUpdate, IndexError, UnicodeDecodeError."""
    length, at = read_var_uint(update, at)
    string = update[at : at + length]
    if length > MAX_NAME or len(string) != length:
        raise InvalidUpdate(f"name of {length} bytes, {len(string)} are there, at most {MAX_NAME} are allowed")
    string.decode()
    return at + length


def _read_deletes(update: bytes, at: int, header: UpdateHeader, most: int) -> Generator[None, None, int]:
    """Reads the delete set that follows the structs and returns the position behind it."""
    pause = at + BYTES_PER_STEP
    clients, at = read_var_uint(update, at)
    for _ in range(clients):
        client, at = read_var_uint(update, at)
        count, at = read_var_uint(update, at)
        if client == 0 or client in header.deletes or count == 0 or len(header.deletes) == most:
            raise InvalidUpdate(f"{count} delete ranges of client {client}")
        ranges = header.deletes[client] = []
        end = 0
        for _ in range(count):
            if at > pause:
                pause = at + BYTES_PER_STEP
                yield
            clock, at = read_var_uint(update, at)
            length, at = read_var_uint(update, at)
            if length == 0 or clock < end or clock + length > MAX_CLOCK:
                raise InvalidUpdate(f"delete range of {length} clocks at {clock} behind {end}")
            end = clock + length
            ranges.append((clock, length))
        header.parts += count
    return at


Gap = tuple[int, int]
"""A client, and how many of its clocks must be known before an update can be integrated; fewer are."""


def missing(header: UpdateHeader, state: Mapping[int, int]) -> Gap | None:
    """What the update rests on beyond `state` and itself; None when all of it can be integrated.

    `state` holds the number of known clocks per client. InvalidUpdate when structs of the update wait for each other in
    a circle: no other update will ever bring what they wait for.
    """
    for client, ranges in header.ranges.items():
        known = state.get(client, 0)
        for clock, length in ranges:
            if clock > known:
                return client, clock
            if clock + length > known:
                known = clock + length
    for client, ranges in header.deletes.items():
        clock, length = ranges[-1]
        known = max(state.get(client, 0), _end(header, client))
        if clock + length > known:
            return client, clock + length
    for _, _, other, needed in header.depends:
        if needed > state.get(other, 0):
            return _missing_in_itself(header, state)
    return None


def holds(known: Mapping[int, Sequence[tuple[int, int]]], deletes: Mapping[int, Sequence[tuple[int, int]]]) -> bool:
    """Whether ``known`` names every clock that ``deletes`` names; (clock, length) per client, ascending, both."""
    for client, wanted in deletes.items():
        ranges = iter(known.get(client, ()))
        start = end = 0
        for clock, length in wanted:
            while end < clock + length:
                following = next(ranges, None)
                if following is None:
                    return False
                if following[0] > end:
                    start = following[0]
                end = sum(following)
            if clock < start:
                return False
    return True


def _end(header: UpdateHeader, client: int) -> int:
    return sum(header.ranges[client][-1]) if client in header.ranges else 0


def _unbroken(ranges: Iterable[tuple[int, int]], known: int) -> int:
    """How far a client's clocks are known after these ranges of its structs."""
    for clock, length in ranges:
        if clock > known:
            break
        known = max(known, clock + length)
    return known


def _missing_in_itself(header: UpdateHeader, state: Mapping[int, int]) -> Gap | None:
    """As `missing`, where clients of the update rest on each other."""
    steps = integrable(header, state)
    while True:
        try:
            next(steps)
        except StopIteration as done:
            gap: Gap | None = done.value
            return gap


def integrable(header: UpdateHeader, state: Mapping[int, int]) -> Generator[tuple[int, int], None, Gap | None]:
    """In which order the structs of an update can be integrated: yields (client, clock), that client's structs up to
    this clock, and leaves out what has a gap. Returns what structs rest on that is nowhere.

    Lets each client in turn go as far as it can. InvalidUpdate, at the end, when structs wait for each other in a
    circle.
    """
    ends = {client: _unbroken(ranges, state.get(client, 0)) for client, ranges in header.ranges.items()}
    depends: dict[int, deque[tuple[int, int, int]]] = {client: deque() for client in header.ranges}
    for client, clock, other, needed in header.depends:
        depends[client].append((clock, other, needed))
    reached = {client: state.get(client, 0) for client in header.ranges}
    waiting: dict[int, list[tuple[int, int]]] = {}
    ready = list(header.ranges)
    gap: Gap | None = None
    while ready:
        client = ready.pop()
        ahead = depends[client]
        while ahead:
            clock, other, needed = ahead[0]
            if needed > max(reached.get(other, 0), state.get(other, 0)):
                if needed > ends.get(other, 0):
                    gap = other, needed
                else:
                    heappush(waiting.setdefault(other, []), (needed, client))
                break
            ahead.popleft()
        reached[client] = max(reached[client], min(clock, ends[client]) if ahead else ends[client])
        yield client, reached[client]
        queue = waiting.get(client, [])
        while queue and queue[0][0] <= reached[client]:
            ready.append(heappop(queue)[1])
    if gap is None and any(waiting.values()):
        raise InvalidUpdate("structs that wait for each other")
    return gap


def advance(state: dict[int, int], header: UpdateHeader) -> None:
    """Takes what the update brings into `state`. Only after `missing` has found nothing."""
    for client, ranges in header.ranges.items():
        clock, length = ranges[-1]
        if clock + length > state.get(client, 0):
            state[client] = clock + length


def decode_state_vector(state_vector: bytes, most: int = MAX_SAFE_INTEGER) -> dict[int, int]:
    """Known clocks per client. MalformedFrame for anything that no client sends, such as a client named twice, or more
    than ``most`` of them.
    """
    decoder = Decoder(state_vector)
    state: dict[int, int] = {}
    if (count := decoder.var_uint()) > most:
        raise MalformedFrame(f"state vector of {count} clients, at most {most} are allowed")
    for _ in range(count):
        client = decoder.var_uint()
        clock = decoder.var_uint()
        if client in state or clock > MAX_CLOCK:
            raise MalformedFrame(f"state vector with clock {clock} of client {client}")
        state[client] = clock
    decoder.end()
    return state


def encode_state_vector(state: Mapping[int, int]) -> bytes:
    buffer = bytearray()
    write_var_uint(buffer, len(state))
    for client, clock in state.items():
        write_var_uint(buffer, client)
        write_var_uint(buffer, clock)
    return bytes(buffer)


def encode_delete_set(ranges: Mapping[int, Iterable[tuple[int, int]]]) -> bytes:
    """An update of no structs that deletes these (clock, length) of each client, which are ascending and disjoint."""
    buffer = bytearray(b"\x00")
    write_var_uint(buffer, len(ranges))
    for client, deleted in ranges.items():
        items = list(deleted)
        write_var_uint(buffer, client)
        write_var_uint(buffer, len(items))
        for clock, length in items:
            write_var_uint(buffer, clock)
            write_var_uint(buffer, length)
    return bytes(buffer)
