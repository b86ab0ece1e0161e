"""The update reader: what it finds in real updates, what it refuses, and what counts as a gap."""

import asyncio
import base64
import itertools
import random
from collections.abc import Callable, Iterator

import pytest
from pycrdt import Doc, Map, Text, merge_updates

from collab.yjs.codec import MalformedFrame
from collab.yjs.update import (
    BYTES_PER_STEP,
    MAX_CLOCK,
    InvalidUpdate,
    Kind,
    UpdateHeader,
    advance,
    decode_state_vector,
    encode_delete_set,
    encode_state_vector,
    holds,
    missing,
    read_keystroke,
    read_steps,
    read_update,
    read_update_cooperatively,
)
from tests.collab.yjs_bytes import collected, delete_set, deleted, item, node, skip, string, text, uint, update, value
from tests.support.work import growth
from tests.support.yjs import Oracle

NULL, STRING_A = b"\x7e", b"\x77" + string("a")


def test_header_of_a_text_update() -> None:
    data = update(
        (9, 4, [text("aé😀b", origin=(9, 3)), text("x", origin=(7, 1), right=(7, 2))]),
        (7, 0, [text("abc")]),
        deletes={7: [(0, 1), (2, 1)], 3: [(5, 2)]},
    )
    header = read_update(data, "text")
    assert header.ranges == {9: [(4, 6)], 7: [(0, 3)]}
    assert header.depends == [(9, 9, 7, 2), (9, 9, 7, 3)]
    assert header.deletes == {7: [(0, 1), (2, 1)], 3: [(5, 2)]}
    assert header.cuts == [(9, 4), (7, 2), (7, 2)]
    [paired] = header.paired
    assert (paired.client, paired.clock) == (9, 4)
    assert paired.high_bytes == "aé😀b".encode("utf-16-be")[::2]
    assert data[paired.start : paired.end].decode() == "aé😀b"


def test_header_of_a_tree_update() -> None:
    header = read_update(
        update((5, 0, [node("id"), value(STRING_A, (5, 0), "name"), value(NULL, (4, 2), "parent"), collected(3)])),
        "tree",
    )
    assert header.ranges == {5: [(0, 6)]}
    assert header.entries == [(5, 0)]
    assert header.parents == [(5, 0), (4, 2)]
    assert header.depends == [(5, 2, 4, 3)]


def written_by_pycrdt() -> list[tuple[bytes, Kind]]:
    updates: list[tuple[bytes, Kind]] = []
    first: Doc[Text] = Doc(client_id=2**53 - 1)
    shared = first.get("text", type=Text)
    subscription = first.observe(lambda event: updates.append((event.update, "text")))
    shared += "hello 😀 wörld"
    del shared[2:4]
    shared.insert(3, "x")
    shared.clear()
    shared += "again"
    first.unobserve(subscription)
    tree: Doc[Map] = Doc(client_id=3)
    nodes = tree.get("nodes", type=Map)
    tree.observe(lambda event: updates.append((event.update, "tree")))
    nodes["a"] = Map({"name": "n", "parent": None, "kind": "text"})
    nodes["a"]["name"] = "m"
    nodes["a"]["deleted_at"] = 1_700_000_000.5
    nodes["b"] = Map({"name": "", "parent": "a"})
    del nodes["a"]
    updates.append((first.get_update(), "text"))
    updates.append((tree.get_update(), "tree"))
    updates.append((merge_updates(*(u for u, kind in updates if kind == "text")), "text"))
    updates.append((merge_updates(*(u for u, kind in updates if kind == "tree")), "tree"))
    return updates


def test_everything_that_pycrdt_writes_is_admitted_and_adds_up() -> None:
    states: dict[str, dict[int, int]] = {"text": {}, "tree": {}}
    for data, kind in written_by_pycrdt():
        header = read_update(data, kind)
        assert missing(header, states[kind]) is None
        advance(states[kind], header)
    assert states == {"text": {2**53 - 1: 20}, "tree": {3: 9}}


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        pytest.param("text", b"", id="nothing"),
        pytest.param("text", update() + b"\x00", id="bytes behind it"),
        pytest.param("text", update((1, 0, [text("a")]))[:-1], id="no delete set"),
        pytest.param("text", uint(2**40), id="sections that are not there"),
        pytest.param("text", b"\x01" + uint(2**40) + b"\x01\x00", id="structs that are not there"),
        pytest.param("text", b"\x81\x00\x00", id="padded integer"),
        pytest.param("text", update((0, 0, [text("a")])), id="client 0"),
        pytest.param("text", update((1, 0, [])), id="section without structs"),
        pytest.param("text", update((1, 0, [text("a")]), (1, 1, [text("b")])), id="two sections of one client"),
        pytest.param("text", update((1, 0, [text("a", root="other")])), id="other root"),
        pytest.param("text", update((1, 0, [item(4, string("a"), parent=(2, 0))])), id="text inside an item"),
        pytest.param("text", update((1, 0, [item(4, string("a"), key="k")])), id="text under a key"),
        pytest.param("text", update((1, 0, [item(4, string("a"), origin=(2, 0), key="k")])), id="key bit"),
        pytest.param("text", update((1, 0, [text("a\rb")])), id="carriage return"),
        pytest.param("text", update((1, 0, [text("a\0b")])), id="NUL"),
        pytest.param("text", update((1, 0, [text(b"\xed\xa0\xbd")])), id="half a surrogate pair"),
        pytest.param("text", update((1, 0, [text(b"\xc0\x80")])), id="overlong UTF-8"),
        pytest.param("text", update((1, 0, [text("")])), id="empty string"),
        pytest.param("text", update((1, 0, [deleted(0)])), id="empty deleted run"),
        pytest.param(
            "text", update((1, 0, [text("a"), text("", (1, 0)), text("b", (1, 0))])), id="empty string inside"
        ),
        pytest.param("text", update((1, 0, [text("a"), deleted(0, (1, 0)), text("b", (1, 0))])), id="empty run inside"),
        pytest.param("text", update((1, 0, [text("a"), skip(0), text("b", (1, 0))])), id="empty skip"),
        pytest.param("text", update((1, 0, [deleted(MAX_CLOCK + 1)])), id="giant deleted run"),
        pytest.param("text", update((1, MAX_CLOCK, [text("a")])), id="clock at the end"),
        pytest.param("text", update((1, 0, [collected(1)])), id="collected struct in a text"),
        pytest.param("text", update((1, 0, [text("a"), skip(2)])), id="skip at the end"),
        pytest.param("text", update((1, 0, [skip(2), text("a")])), id="skip at the beginning"),
        pytest.param("text", update((1, 0, [text("a"), skip(1), skip(1), text("a")])), id="two skips"),
        pytest.param("text", update((1, 0, [text("a"), skip(MAX_CLOCK), text("a")])), id="giant skip"),
        pytest.param("text", update((1, 1, [text("a", origin=(1, 1))])), id="rests on itself"),
        pytest.param("text", update((1, 1, [text("a", right=(1, 7))])), id="rests on its future"),
        *(
            pytest.param("text", update((1, 0, [item(content, b"\x01\x01")])), id=f"content {content}")
            for content in (2, 3, 5, 6, 7, 8, 9, 11, 31)
        ),
        pytest.param("text", update(deletes={0: [(0, 1)]}), id="deletes client 0"),
        pytest.param("text", update(deletes={1: []}), id="deletes nothing"),
        pytest.param("text", update(deletes={1: [(0, 0)]}), id="deletes an empty range"),
        pytest.param("text", update(deletes={1: [(3, 1), (0, 1)]}), id="deletes out of order"),
        pytest.param("text", update(deletes={1: [(0, 2), (1, 1)]}), id="deletes twice"),
        pytest.param("text", update(deletes={1: [(0, MAX_CLOCK + 1)]}), id="deletes a giant range"),
        pytest.param(
            "text", b"\x00\x02" + (delete_set({1: [(0, 1)]})[1:] + delete_set({1: [(3, 1)]})[1:]), id="one client twice"
        ),
        pytest.param("tree", update((1, 0, [item(7, b"\x01", root="nodes")])), id="map without a key"),
        pytest.param("tree", update((1, 0, [item(7, b"\x01", root="text", key="k")])), id="map in another root"),
        pytest.param("tree", update((1, 0, [node("k", type_ref=2)])), id="text in a tree"),
        pytest.param("tree", update((1, 0, [item(7, b"\x01", parent=(2, 0), key="k")])), id="map in a map"),
        pytest.param("tree", update((1, 0, [item(7, b"\x01", origin=(2, 0))])), id="map with an origin"),
        pytest.param("tree", update((1, 0, [value(NULL, key="k")])), id="value in the root"),
        pytest.param("tree", update((1, 0, [item(4, string("a"), parent=(2, 0), key="k")])), id="string in a tree"),
        pytest.param("tree", update((1, 0, [item(8, b"\x02\x7e\x7e", parent=(2, 0), key="k")])), id="two values"),
        pytest.param("tree", update((1, 0, [value(b"\x75\x00", (2, 0), "k")])), id="array"),
        pytest.param("tree", update((1, 0, [value(b"\x76\x00", (2, 0), "k")])), id="object"),
        pytest.param("tree", update((1, 0, [value(b"\x7f", (2, 0), "k")])), id="undefined"),
        pytest.param("tree", update((1, 0, [value(b"\x77" + string("n" * 5000), (2, 0), "k")])), id="giant name"),
        pytest.param("tree", update((1, 0, [value(b"\x77" + string(b"\xff"), (2, 0), "k")])), id="name not UTF-8"),
        pytest.param("tree", update((1, 0, [value(b"\x7b\x00", (2, 0), "k")]))[:-1], id="number cut off"),
        pytest.param("tree", update((1, 0, [value(NULL, (1, 0), "k")])), id="inside itself"),
        pytest.param("tree", update((1, 0, [item(8, b"\x01\x7e", right=(2, 0))])), id="right origin in a tree"),
    ],
)
def test_what_no_correct_client_sends_is_refused(kind: Kind, data: bytes) -> None:
    with pytest.raises(InvalidUpdate):
        read_update(data, kind)


def read_in_general(data: bytes) -> UpdateHeader | None:
    steps = read_steps(data, "text")
    try:
        while True:
            next(steps)
    except StopIteration as done:
        header: UpdateHeader = done.value
        return header
    except InvalidUpdate:
        return None


def keystrokes(rng: random.Random) -> Iterator[bytes]:
    """What people type, at the edges of what the quick reader takes, and the same with a byte changed."""
    clients = [1, 127, 128, 2**28, 2**32 - 1, 2**35 - 1, 2**35, 2**53 - 1]
    clocks = [0, 1, 2, 126, 127, 128, 129, 2**14 - 1, 2**14, 2**21, 2**28 - 1, 2**28, MAX_CLOCK - 1]
    contents = ["a", "a\n", "\t~", "x" * 126, "x" * 127, "x" * 128, "é", "😀", "a\r", "a\0", ""]

    def some_id() -> tuple[int, int]:
        return rng.choice(clients), rng.choice(clocks)

    while True:
        client, clock = some_id()
        left, right = rng.choice([(client, max(0, clock - 1)), some_id()]), rng.choice([None, some_id(), some_id()])
        if right and rng.random() < 0.3:
            right = left[0], right[1]
        ranges = {client: [(clock, rng.choice(clocks))]}
        typed = text(rng.choice(contents), rng.choice((None, left, left)), right)
        deletion = rng.random()
        if deletion < 0.2:
            data = update(deletes=ranges)
        else:
            data = update((client, clock, [typed]), deletes=ranges if deletion < 0.3 else None)
        if rng.random() < 0.5:
            changed = bytearray(data)
            at = rng.randrange(len(data))
            changed[at : at + rng.randrange(2)] = rng.choice((b"", rng.randbytes(1), b"\x80\x00", b"\x00"))
            data = bytes(changed)
        yield data


def test_a_keystroke_is_read_as_any_update() -> None:
    rng = random.Random(1)
    read = 0
    for data in itertools.islice(keystrokes(rng), 20_000):
        quick = read_keystroke(data)
        if quick is not None:
            read += 1
            assert quick == read_in_general(data), data
    assert read > 2_000


@pytest.mark.parametrize(
    "data",
    [
        update((2**32 - 1, 70_000, [text("a", (2**32 - 1, 69_999))])),
        update((2**32 - 1, 0, [text("a", (77, 5), (77, 6))])),
        update((7, 3, [text("\n", (7, 2), (2**32 - 1, 2**20))])),
        update(deletes={2**32 - 1: [(70_000, 3)]}),
    ],
)
def test_a_keystroke_takes_the_quick_way(data: bytes) -> None:
    assert read_keystroke(data) == read_in_general(data) is not None


@pytest.mark.parametrize(
    ("data", "state", "gap"),
    [
        (update((1, 0, [text("a")])), {}, False),
        (update((1, 1, [text("a", origin=(1, 0))])), {}, True),
        (update((1, 1, [text("a", origin=(1, 0))])), {1: 1}, False),
        (update((1, 1, [text("a", origin=(1, 0))])), {1: 5}, False),
        (update((1, 0, [text("a", origin=(2, 3))])), {2: 3}, True),
        (update((1, 0, [text("a", origin=(2, 3))])), {2: 4}, False),
        (update((1, 0, [text("a", right=(2, 3))])), {2: 3}, True),
        (update((1, 0, [text("a", origin=(2, 0))]), (2, 0, [text("b")])), {}, False),
        (update((1, 0, [text("a", origin=(2, 1))]), (2, 0, [text("b")])), {}, True),
        (update((1, 0, [text("a", origin=(2, 0))]), (2, 0, [text("b", origin=(3, 0))])), {}, True),
        (update((1, 0, [text("a"), text("b", origin=(2, 1))]), (2, 0, [text("c"), text("d", (1, 0))])), {}, False),
        (update((1, 0, [text("a"), skip(2), text("b", origin=(1, 0))])), {}, True),
        (update((1, 0, [text("a"), skip(2), text("b", origin=(1, 0))])), {1: 3}, False),
        (update(deletes={1: [(0, 1), (4, 2)]}), {1: 5}, True),
        (update(deletes={1: [(0, 1), (4, 2)]}), {1: 6}, False),
        (update((1, 0, [text("abcdef")]), deletes={1: [(0, 1), (4, 2)]}), {}, False),
    ],
)
def test_gaps(data: bytes, state: dict[int, int], gap: bool) -> None:
    assert (missing(read_update(data, "text"), state) is not None) == gap


def test_what_is_known_already_takes_nothing_back() -> None:
    state = {1: 5}
    advance(state, read_update(update((1, 0, [text("abc")])), "text"))
    assert state == {1: 5}


def test_a_tree_rests_on_its_parents() -> None:
    header = read_update(update((1, 0, [value(NULL, (2, 5), "k")])), "tree")
    assert missing(header, {2: 5})
    assert not missing(header, {2: 6})


def test_structs_that_wait_for_each_other_are_refused() -> None:
    circle = update((1, 0, [text("a", origin=(2, 0))]), (2, 0, [text("b", origin=(1, 0))]))
    with pytest.raises(InvalidUpdate, match="wait for each other"):
        missing(read_update(circle, "text"), {})
    longer = update(
        (1, 0, [text("a"), text("b", origin=(2, 1))]),
        (2, 0, [text("c"), text("d", origin=(3, 0))]),
        (3, 0, [text("e", origin=(1, 1))]),
    )
    with pytest.raises(InvalidUpdate, match="wait for each other"):
        missing(read_update(longer, "text"), {})


def test_clients_that_rest_on_each_other_a_thousand_times_are_read_in_linear_time() -> None:
    def rounds(count: int) -> Callable[[], object]:
        ping = [text("a")] + [text("a", origin=(2, k)) for k in range(count)]
        pong = [text("b", origin=(1, k)) for k in range(count)]
        header = read_update(update((1, 0, ping), (2, 0, pong)), "text")
        return lambda: missing(header, {})

    assert rounds(20_000)() is None
    assert growth(rounds, 1_000) < 2.2


async def test_large_updates_let_the_loop_run() -> None:
    structs = [text("a")] + [text("b", origin=(1, k)) for k in range(60_000)]
    data = update((1, 0, structs), deletes={1: [(2 * k, 1) for k in range(30_000)]})
    reading = asyncio.create_task(read_update_cooperatively(data, "text"))
    turns = 0
    while not reading.done():
        await asyncio.sleep(0)
        turns += 1
    assert reading.result() == read_update(data, "text")
    assert turns > len(data) // BYTES_PER_STEP


def test_state_vectors_round_trip() -> None:
    state = {1: 0, 2**53 - 1: 7, 300: MAX_CLOCK}
    assert decode_state_vector(encode_state_vector(state)) == state
    doc: Doc[Text] = Doc(client_id=77)
    doc.get("text", type=Text).insert(0, "a😀")
    assert decode_state_vector(doc.get_state()) == {77: 3}
    for malformed in (b"", b"\x01\x05", b"\x00\x00", b"\x02\x01\x01\x01\x02", b"\x01\x01" + uint(2**40), uint(2**50)):
        with pytest.raises(MalformedFrame):
            decode_state_vector(malformed)


def test_an_encoded_delete_set_deletes_exactly_its_ranges() -> None:
    doc: Doc[Text] = Doc(client_id=77)
    shared = doc.get("text", type=Text)
    shared += "abcdef"
    undo = encode_delete_set({77: [(1, 2), (4, 1)]})
    assert read_update(undo, "text").deletes == {77: [(1, 2), (4, 1)]}
    doc.apply_update(undo)
    assert str(shared) == "adf"


@pytest.mark.parametrize("seed", range(8))
def test_everything_that_yjs_writes_of_a_text_is_admitted_and_adds_up(yjs: Oracle, seed: int) -> None:
    rng = random.Random(seed)
    names = ["one", "two", "three"]
    for name in names:
        yjs.create(name, rng.randrange(1, 1 << rng.choice((6, 32, 53))))
    made: list[bytes] = []
    for _ in range(80):
        name = rng.choice(names)
        length = len(yjs.text(name).encode("utf-16-le")) // 2
        if rng.random() < 0.3 and length:
            at = rng.randrange(length)
            made.append(yjs.delete(name, at, min(length - at, rng.randrange(1, 8))))
        else:
            made.append(yjs.insert(name, rng.randint(0, length), rng.choice(("a", "bc\n", "é中", "😀"))))
        if rng.random() < 0.3:
            yjs.apply(name, yjs.merge(*(yjs.update(other) for other in names)))
    whole = yjs.merge(*made)
    yjs.create("whole")
    yjs.apply("whole", whole)
    state = decode_state_vector(yjs.vector("whole"))
    for data in (whole, yjs.update("whole"), merge_updates(*made)):
        header = read_update(data, "text")
        assert missing(header, {}) is None
        reached: dict[int, int] = {}
        advance(reached, header)
        assert reached == state
    diff = read_update(yjs.diff(whole, yjs.vector("one")), "text")
    assert missing(diff, decode_state_vector(yjs.vector("one"))) is None
    # With holes, as a client merges what it has while something is on its way.
    some = rng.sample(made, k=len(made) // 2)
    for merged in (yjs.merge(*some), merge_updates(*some)):
        header = read_update(merged, "text")
        yjs.create("holes")
        yjs.apply("holes", merged)
        assert (missing(header, {}) is not None) == yjs.pending("holes")


def test_everything_that_yjs_writes_of_a_tree_is_admitted_and_adds_up(yjs: Oracle) -> None:
    rng = random.Random(1)
    yjs.create("tree")
    state: dict[int, int] = {}
    nodes = [f"node {number}" for number in range(8)]
    values = ["name", "", "é😀", None, True, False, 0, -1, 2**31, -(2**40), 1.5, 1e300, 1_700_000_000_000]
    for _ in range(200):
        if rng.random() < 0.05 and len(nodes) > 1:
            data = yjs.call("deleteNode", doc="tree", node=nodes.pop())
        else:
            fields = {key: rng.choice(values) for key in rng.sample(("name", "parent", "kind", "deleted_at"), k=2)}
            data = yjs.call("setNode", doc="tree", node=rng.choice(nodes), fields=fields)
        if data is not None:
            header = read_update(base64.b64decode(data), "tree")
            assert missing(header, state) is None
            advance(state, header)
    whole = read_update(yjs.update("tree"), "tree")
    assert missing(whole, {}) is None
    assert state == decode_state_vector(yjs.vector("tree"))


@pytest.mark.parametrize("seed", range(300))
def test_whether_deletions_are_known_is_what_sets_of_clocks_say(seed: int) -> None:
    dice = random.Random(seed)

    def ranges() -> list[tuple[int, int]]:
        """Ascending, some of them side by side."""
        found, clock = [], 0
        for _ in range(dice.randint(0, 5)):
            clock += dice.choice([0, 0, 1, 3])
            found.append((clock, dice.randint(1, 4)))
            clock = sum(found[-1])
        return found

    def clocks(of: list[tuple[int, int]]) -> set[int]:
        return {clock + offset for clock, length in of for offset in range(length)}

    known, wanted = ranges(), ranges()
    if dice.random() < 0.5:  # a part of what is known
        wanted = [(clock, dice.randint(1, length)) for clock, length in known if dice.random() < 0.7]
    assert holds({1: known, 2: []}, {1: wanted}) == (clocks(wanted) <= clocks(known))
    assert holds({1: known}, {3: [(0, 1)]}) is False
