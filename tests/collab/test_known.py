"""What is taken of an update, and documents with halved characters: always what real Yjs makes of the same updates."""

import asyncio
import base64
import random
import re
from itertools import pairwise
from typing import Any

import pytest
from pycrdt import Doc, Map, Text, merge_updates

from collab.yjs.known import Known
from collab.yjs.surrogates import may_hold_pairs, mend
from collab.yjs.update import InvalidUpdate, Kind, decode_state_vector, missing, read_update
from tests.collab.yjs_bytes import collected, deleted, item, node, text, uint, update, value
from tests.support.yjs import Oracle

NULL = b"\x7e"


class Replica:
    """A document that takes updates as a room does."""

    def __init__(self, kind: Kind = "text") -> None:
        self._kind = kind
        self._reset(b"\x00\x00")

    def _reset(self, document: bytes) -> None:
        self.doc: Doc[Any] = Doc()
        self.text = self.doc.get("text", type=Text) if self._kind == "text" else None
        self.nodes = self.doc.get("nodes", type=Map) if self._kind == "tree" else None
        self.doc.apply_update(document)
        self.known = Known(self._kind, document)

    def take(self, data: bytes) -> bytes | None:
        """What goes to the others; None for a gap."""
        header = read_update(data, self._kind)
        if missing(header, self.known.state):
            return None
        taken = self.known.take(data, header)
        if taken.cuts:
            self._reset(mend(merge_updates(self.doc.get_update(), taken.update)))
        else:
            self.doc.apply_update(taken.update)
        assert {c: n for c, n in decode_state_vector(self.doc.get_state()).items() if n} == self.known.state
        return taken.update


EMOJI = update((5, 0, [text("a😀b")]))


@pytest.mark.parametrize(
    ("cut", "shown"),
    [
        (update((6, 0, [text("X", origin=(5, 1), right=(5, 2))])), "a�X�b"),
        (update((6, 0, [text("X", origin=(5, 1))])), "a��bX"),
        (update((6, 0, [text("X", right=(5, 2))])), "a�X�b"),
        (update(deletes={5: [(1, 1)]}), "a�b"),
        (update(deletes={5: [(2, 1)]}), "a�b"),
        (update(deletes={5: [(0, 2)]}), "�b"),
        (update((6, 0, [text("X", (5, 2), (5, 3))]), deletes={5: [(1, 2)]}), "aXb"),
        (update((6, 0, [text("😀", (5, 0), (5, 1)), text("X", (6, 0), (6, 1))])), "a�X�😀b"),
    ],
)
def test_half_a_character(yjs: Oracle, cut: bytes, shown: str) -> None:
    yjs.create("d")
    yjs.apply("d", EMOJI)
    yjs.apply("d", cut)
    assert yjs.text("d") == shown
    replica = Replica()
    replica.take(EMOJI)
    replica.take(cut)
    assert str(replica.text) == shown
    at_once = Replica()
    at_once.take(merge_updates(EMOJI, cut))
    assert str(at_once.text) == shown
    yjs.create("e")
    yjs.apply("e", replica.doc.get_update())
    assert yjs.text("e") == shown


def test_a_document_with_halved_characters_is_mended_once() -> None:
    replica = Replica()
    replica.take(EMOJI)
    replica.take(update((6, 0, [text("X", (5, 1), (5, 2))])))
    document = replica.doc
    replica.take(update((7, 0, [text("Y", (5, 1), (5, 2))])))
    assert replica.doc is document


PIECES = ["a", "bc", "\n", "é", "😀", "a😀b😁", "👩‍👩‍👧", "word "]


@pytest.mark.parametrize("seed", range(12))
def test_careless_clients_that_cut_characters_anywhere(yjs: Oracle, seed: int) -> None:
    rng = random.Random(seed)
    names = ["one", "two", "three"]
    for name in names:
        yjs.create(name, rng.randrange(1, 1 << 32))
    server = Replica()
    queues: dict[str, list[bytes]] = {name: [] for name in names}
    for _ in range(60):
        name = rng.choice(names)
        length = len(yjs.text(name).encode("utf-16-le", "surrogatepass")) // 2
        at = rng.randint(0, length)
        if rng.random() < 0.4 and length:
            made = yjs.delete(name, at, min(rng.randrange(1, 6), length - at))
        else:
            made = yjs.insert(name, at, "".join(rng.choices(PIECES, k=rng.randrange(1, 4))))
        taken = server.take(made)
        assert taken is not None
        for other in names:
            if other != name:
                queues[other].append(taken)
            # Not at once, so that the three type at the same time.
            while queues[other] and rng.random() < 0.4:
                yjs.apply(other, queues[other].pop(0))
    for name in names:
        for late in queues[name]:
            yjs.apply(name, late)
    assert {yjs.text(name) for name in names} == {str(server.text)}
    yjs.create("newcomer")
    yjs.apply("newcomer", server.doc.get_update())
    assert yjs.text("newcomer") == str(server.text)
    assert not yjs.pending("newcomer")


@pytest.mark.parametrize("kind", ["text", "tree"])
async def test_reading_ahead_lets_the_loop_run_and_learns_the_same(kind: Kind) -> None:
    if kind == "text":
        structs = [text("a😀", (5, 3 * k - 1) if k else None, (4, 0)) for k in range(20_000)]
        document = update((5, 0, structs), (4, 0, [text("b")]))
        probe = update((6, 0, [text("X", (5, 1), (5, 2))]))
    else:
        document = update((5, 0, [node(f"n{k}") for k in range(20_000)]))
        probe = update((6, 0, [value(NULL, (5, 19_999), "name")]))
    ahead, at_a_stretch = Known(kind, document), Known(kind, document)
    reading = asyncio.create_task(ahead.read_ahead())
    turns = 0
    while not reading.done():
        await asyncio.sleep(0)
        turns += 1
    assert turns > 5
    header = read_update(probe, kind)
    assert ahead.take(probe, header) == at_a_stretch.take(probe, header)
    assert ahead.take(probe, header).update == b"\x00\x00"


async def test_an_update_in_the_middle_of_reading_ahead_does_not_wait_for_it() -> None:
    document = update((5, 0, [node(f"n{k}") for k in range(20_000)]))
    known = Known("tree", document)
    reading = asyncio.create_task(known.read_ahead())
    await asyncio.sleep(0)
    late = update((6, 0, [node("late"), value(NULL, (5, 19_999), "name")]))
    assert known.take(late, read_update(late, "tree")).update == late
    await reading
    below = update((6, 2, [value(NULL, (6, 0), "name")]))
    assert known.take(below, read_update(below, "tree")).update == below


def test_what_is_known_is_cut_away() -> None:
    replica = Replica()
    replica.take(update((5, 0, [text("abc")])))
    assert replica.take(update((5, 1, [text("XYde", origin=(5, 0))]))) == update((5, 3, [text("de", origin=(5, 2))]))
    assert str(replica.text) == "abcde"
    assert replica.take(update((5, 0, [text("12345")]), deletes={5: [(0, 1)]})) == update(deletes={5: [(0, 1)]})
    assert str(replica.text) == "bcde"


def test_known_clocks_with_other_content_in_the_middle_of_a_character() -> None:
    replica = Replica()
    replica.take(update((5, 0, [text("ab")])))
    with pytest.raises(InvalidUpdate):
        replica.take(update((5, 0, [text("x😀y")])))
    assert replica.known.state == {5: 2}


@pytest.mark.parametrize(
    "orphan",
    [
        update((6, 0, [value(NULL, (5, 1), "name")])),
        update((6, 0, [value(NULL, (5, 2), "name")])),
        update((5, 1, [node("b"), collected(1), value(NULL, (5, 1), "name")])),
        update((6, 0, [node("b"), value(NULL, (6, 0), "name"), item(1, uint(1), parent=(6, 1), key="k")])),
    ],
)
def test_a_parent_that_is_not_a_map_is_refused(orphan: bytes) -> None:
    replica = Replica("tree")
    replica.take(update((5, 0, [node("a"), value(NULL, (5, 0), "name"), collected(1)])))
    state = dict(replica.known.state)
    with pytest.raises(InvalidUpdate, match="not a map"):
        replica.take(orphan)
    assert replica.known.state == state


def test_a_deleted_map_can_still_be_a_parent() -> None:
    replica = Replica("tree")
    replica.take(update((5, 0, [item(1, uint(1), root="nodes", key="a"), collected(1)])))
    assert replica.take(update((6, 0, [value(NULL, (5, 0), "parent")]))) is not None
    assert replica.nodes is not None
    assert replica.nodes.to_py() == {}


def gibberish(rng: random.Random, data: bytes) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(len(changed))
        match rng.randrange(4):
            case 0:
                changed[at] = rng.randrange(256)
            case 1:
                changed[at] ^= 1 << rng.randrange(8)
            case 2:
                del changed[at]
            case _:
                changed[at:at] = rng.randbytes(rng.randrange(1, 4))
        if not changed:
            break
    return bytes(changed)


def forged(rng: random.Random, state: dict[int, int]) -> bytes:
    """Structs with references to anything that there is, in the form that Yjs writes."""
    reached = dict(state)
    sections = []
    for client in rng.sample([*state, 4, 2**33, 2**53 - 1], k=rng.randrange(1, 3)):
        first = clock = rng.randint(0, reached.get(client, 0))
        structs = []
        for _ in range(rng.randrange(1, 5)):
            ends = [(c, clock if c == client else n) for c, n in reached.items()]
            ids = [(c, rng.randrange(n)) for c, n in ends if n]
            origin, right = (rng.choice([None, *ids]) for _ in range(2))
            content = rng.choice(PIECES)
            length = len(content.encode("utf-16-le")) // 2
            structs.append(text(content, origin, right) if rng.random() < 0.8 else deleted(length, origin, right))
            clock += length
        reached[client] = max(clock, reached.get(client, 0))
        sections.append((client, first, structs))
    bounds = {c: sorted(rng.sample(range(n + 1), k=2)) for c, n in reached.items() if n and rng.random() < 0.3}
    return update(*sections, deletes={c: [(a, b - a) for a, b in pairwise(ab)] for c, ab in bounds.items()})


@pytest.mark.parametrize("seed", range(6))
def test_whatever_is_taken_neither_breaks_nor_waits_in_yjs_and_in_pycrdt(yjs: Oracle, seed: int) -> None:
    """Forged references may leave replicas with different texts, but never one that cannot go on."""
    rng = random.Random(seed)
    taken_count = 0
    for _ in range(40):
        base = Replica()
        base.take(forged(rng, {}))
        document = base.doc.get_update()
        for _ in range(12):
            data = forged(rng, base.known.state)
            if rng.random() < 0.5:
                data = gibberish(rng, rng.choice((data, document)))
            replica = Replica()
            replica.take(document)
            try:
                taken = replica.take(data)
            except InvalidUpdate:
                continue
            if taken is None:
                continue
            taken_count += 1
            requests: list[dict[str, Any]] = [{"op": "create", "doc": "d"}]
            requests += [
                {"op": "apply", "doc": "d", "update": base64.b64encode(part).decode()} for part in (document, taken)
            ]
            results = yjs.batch([*requests, {"op": "pending", "doc": "d"}, {"op": "vector", "doc": "d"}])
            assert results[-2] is False
            assert decode_state_vector(base64.b64decode(results[-1])) == replica.known.state
            read_update(replica.doc.get_update(), "text")
    assert taken_count > 100


@pytest.mark.parametrize("filler", [b"a", b"a" * 400])
def test_a_pair_is_found_among_few_and_among_many_bytes_that_look_like_its_beginning(filler: bytes) -> None:
    rng = random.Random(1)
    pieces = ["😀".encode(), filler, b"\xf3", b"\xf4\x80", b"\xf1\x80\x80", b"\x80"]
    for _ in range(2_000):
        data = b"".join(rng.choice(pieces[rng.randint(0, 1) :]) for _ in range(rng.randrange(12)))
        assert may_hold_pairs(data) == (re.search(rb"[\xf0-\xf4][\x80-\xbf]{3}", data) is not None)
