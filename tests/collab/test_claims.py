"""What is said of known clocks: honest updates never differ there, however they were cut and joined, forged ones do."""

import random
from typing import Any

import pytest
from pycrdt import Doc, Map, Text, get_state, get_update, merge_updates

from collab.yjs.claims import MOST_CLAIMED, Claim, Claims, claim_of, contradiction
from collab.yjs.known import NOTHING, Known
from collab.yjs.surrogates import mend
from collab.yjs.update import Kind, decode_state_vector, read_update
from tests.collab.yjs_bytes import collected, deleted, node, string, text, uint, update, value
from tests.support.yjs import Oracle

ABC = update((5, 0, [text("abc")]))


def said(data: bytes, document: bytes, kind: Kind = "text") -> tuple[int, int] | None:
    """Where ``data`` contradicts ``document``."""
    claim = claim_of(data, read_update(data, kind), decode_state_vector(get_state(document)))
    return contradiction(kind, [claim] if claim else [], document, [])


@pytest.mark.parametrize(
    ("document", "data", "where"),
    [
        (ABC, ABC, None),
        (ABC, update((6, 0, [text("other")])), None),
        (ABC, update((5, 3, [text("d", (5, 2))])), None),
        (ABC, update((5, 0, [text("a"), text("bc", (5, 0))])), None),
        (ABC, update((5, 1, [text("bc", (5, 0))])), None),
        (ABC, update((5, 1, [text("bcd", (5, 0))])), None),
        (ABC, update((5, 2, [text("c", (5, 1))])), None),  # as one keystroke
        (ABC, update((5, 0, [text("abd")])), (5, 0)),
        (ABC, update((5, 2, [text("d", (5, 1))])), (5, 2)),
        (ABC, update((5, 2, [text("c", (5, 0))])), (5, 2)),
        (ABC, update((5, 0, [text("ab"), text("c", (5, 0))])), (5, 2)),
        (ABC, update((5, 1, [text("bcd", (9, 0))])), (5, 1)),
        (ABC, update((5, 0, [text("abc", right=(9, 0))])), (5, 0)),
        (ABC, update((5, 0, [text("abcd")])), None),
        (ABC, update((5, 0, [text("éüö")])), (5, 0)),
        (update((5, 0, [text("éüö")])), update((5, 0, [text("éü"), text("ö", (5, 1))])), None),
        (update((5, 0, [text("éüö")])), update((5, 1, [text("ö", (5, 0))])), (5, 1)),
        (update((5, 0, [text("a", (6, 0))])), update((5, 0, [text("a", (6, 1))])), (5, 0)),  # both as keystrokes
        # What is deleted has a place and no content.
        (ABC, update((5, 0, [deleted(3)])), None),
        (update((5, 0, [deleted(3)])), ABC, None),
        (update((5, 0, [deleted(3)])), update((5, 0, [text("abc", (9, 0))])), (5, 0)),
        (update((5, 0, [text("a"), deleted(2, (5, 0))])), update((5, 0, [text("xbc")])), (5, 0)),
        # Halves of a pair.
        (update((5, 0, [text("��")])), update((5, 0, [text("😀")])), None),
        (update((5, 0, [text("😀")])), update((5, 0, [text("��")])), (5, 0)),
        (update((5, 0, [text("��")])), update((5, 0, [text("ab")])), (5, 0)),
        (update((5, 0, [text("😀")])), update((5, 0, [text("😁")])), (5, 0)),
        (update((5, 0, [text("a")])), update((5, 0, [text("😀")])), (5, 0)),
    ],
)
def test_what_contradicts_a_text(document: bytes, data: bytes, where: tuple[int, int] | None) -> None:
    assert said(data, document) == where


NULL, THREE, A_HALF = b"\x7e", b"\x7d" + uint(3), b"\x7c\x3f\x00\x00\x00"


@pytest.mark.parametrize(
    ("document", "data", "where"),
    [
        (update((5, 0, [node("n")])), update((5, 0, [node("n")])), None),
        (update((5, 0, [node("n")])), update((5, 0, [node("m")])), (5, 0)),
        (update((5, 0, [node("n"), value(NULL, (5, 0), "k")])), update((5, 1, [value(NULL, (5, 0), "k")])), None),
        (update((5, 0, [node("n"), value(NULL, (5, 0), "k")])), update((5, 1, [value(NULL, (5, 0), "l")])), (5, 1)),
        (update((5, 0, [node("n"), value(NULL, (5, 0), "k")])), update((5, 1, [value(THREE, (5, 0), "k")])), (5, 1)),
        (update((5, 0, [node("n"), value(THREE, (5, 0), "k")])), update((5, 1, [node("n")])), (5, 1)),
        # Numbers have several encodings.
        (
            update((5, 0, [node("n"), value(THREE, (5, 0), "k")])),
            update((5, 1, [value(b"\x7c\x40\x40\x00\x00", (5, 0), "k")])),
            None,
        ),
        (
            update((5, 0, [node("n"), value(b"\x7b\x3f\xe0" + bytes(6), (5, 0), "k")])),
            update((5, 1, [value(A_HALF, (5, 0), "k")])),
            None,
        ),
        (
            update((5, 0, [node("n"), value(b"\x7d\x43", (5, 0), "k")])),
            update((5, 1, [value(THREE, (5, 0), "k")])),
            (5, 1),
        ),
        (update((5, 0, [node("n")])), update((5, 0, [collected(1)])), None),
        (update((5, 0, [collected(1)])), update((5, 0, [node("n")])), None),
        (
            update((5, 0, [node("n"), value(b"\x77" + string("a"), (5, 0), "k")])),
            update((5, 1, [value(b"\x77" + string("b"), (5, 0), "k")])),
            (5, 1),
        ),
    ],
)
def test_what_contradicts_a_tree(document: bytes, data: bytes, where: tuple[int, int] | None) -> None:
    assert said(data, document, "tree") == where


PIECES = ["a", "bc", "\n", "é", "word ", "漢字", "x" * 40]
PAIRED = [*PIECES, "😀", "a😀b😁"]


@pytest.mark.parametrize("seed", range(20))
def test_honest_updates_never_contradict_each_other(yjs: Oracle, seed: int) -> None:
    """Stock Yjs and yrs cut, join and forget as they like; whatever any replica ever sent is held against each."""
    rng = random.Random(seed)
    names = [f"{seed}-{number}" for number in range(3)]
    for name in names:
        yjs.create(name, rng.randrange(1, 1 << 32))
    server: Doc[Any] = Doc()
    shared = server.get("text", type=Text)
    sent: list[bytes] = []
    for _ in range(40):
        name = rng.choice(names)
        length = len(yjs.text(name).encode("utf-16-le")) // 2
        at = rng.randint(0, length)
        if rng.random() < 0.4 and length:
            made = yjs.delete(name, at, min(rng.randrange(1, 9), length - at))
        else:
            made = yjs.insert(name, at, "".join(rng.choices(PIECES, k=rng.randrange(1, 4))))
        server.apply_update(made)
        sent.append(made)
        if rng.random() < 0.3:
            one, other = rng.choice(names), rng.choice(names)
            yjs.apply(other, whole := yjs.update(one))
            sent.append(whole)
        if rng.random() < 0.2:
            sent.append(server.get_update())
            yjs.apply(rng.choice(names), sent[-1])
        if rng.random() < 0.2:
            sent.append(merge_updates(*rng.sample(sent, k=min(3, len(sent)))))
        if rng.random() < 0.2:
            some = server.get_state() if rng.random() < 0.5 else Doc().get_state()
            sent.append(get_update(rng.choice(sent), some))
    for name in names:
        server.apply_update(yjs.update(name))
    for name in names:
        yjs.apply(name, server.get_update())
        assert yjs.text(name) == str(shared)
    state = decode_state_vector(server.get_state())
    claims = [claim for one in sent if (claim := claim_of(one, read_update(one, "text"), state))]
    assert len(claims) > 20
    for document in (server.get_update(), *map(yjs.update, names)):
        assert contradiction("text", claims, document, []) is None
    # Of each string one letter is another, or it stands elsewhere.
    document = server.get_update()
    header = read_update(document, "text")
    strings = [
        (client, one)
        for client, structs in header.structs.items()
        for one in structs
        if document[one[1]] & 0x1F == 4 and document[one[2] - 1 : one[2]].isalpha()
    ]
    assert strings
    for client, (clock, start, end) in strings:
        forged = bytearray(document)
        forged[end - 1] ^= 0x01
        found = contradiction("text", [Claim(bytes(forged), {client: [(clock, start, end)]})], document, [])
        assert found is not None
        assert found[0] == client
        if document[start] & 0x80:
            moved = update((client, clock, [text(document[end - 1 : end], (client + 1, clock))]))
            [claimed] = [claim_of(moved, read_update(moved, "text"), state)]
            assert claimed is not None
            assert contradiction("text", [claimed], document, []) == (client, clock)


@pytest.mark.parametrize("seed", range(8))
def test_halves_of_pairs_that_are_cut_do_not_count(yjs: Oracle, seed: int) -> None:
    rng = random.Random(seed)
    name = f"paired-{seed}"
    yjs.create(name, rng.randrange(1, 1 << 32))
    sent = [NOTHING]
    for _ in range(40):
        length = len(yjs.text(name).encode("utf-16-le", "surrogatepass")) // 2
        at = rng.randint(0, length)
        if rng.random() < 0.3 and length:
            sent.append(yjs.delete(name, at, min(rng.randrange(1, 6), length - at)))
        else:
            sent.append(yjs.insert(name, at, "".join(rng.choices(PAIRED, k=rng.randrange(1, 4)))))
    document = mend(merge_updates(*sent))
    state = decode_state_vector(get_state(document))
    claims = [claim for one in sent if (claim := claim_of(one, read_update(one, "text"), state))]
    assert claims
    assert contradiction("text", claims, document, []) is None
    assert contradiction("text", claims, yjs.update(name), []) is None


@pytest.mark.parametrize("seed", range(10))
def test_honest_updates_of_a_tree_never_contradict_each_other(seed: int) -> None:
    rng = random.Random(seed)
    docs: list[Doc[Any]] = [Doc(client_id=rng.randrange(1, 1 << 32)) for _ in range(3)]
    sent: list[bytes] = []
    for _ in range(60):
        doc, other = rng.choice(docs), rng.choice(docs)
        nodes = doc.get("nodes", type=Map)
        before = doc.get_state()
        keys = list(nodes.keys())
        match rng.randrange(4):
            case 0:
                nodes[f"n{len(sent)}"] = Map({"name": f"file {rng.random()}", "parent": None, "size": 2**40})
            case 1 if keys:
                nodes[rng.choice(keys)]["name"] = rng.choice(["a", "ä", 1, 2.5, -3, 3e9, True, None])
            case 2 if keys:
                nodes[rng.choice(keys)]["deleted_at"] = rng.random()
            case 3 if keys and rng.random() < 0.3:
                del nodes[rng.choice(keys)]
        sent.append(doc.get_update(before))
        other.apply_update(doc.get_update())
        if rng.random() < 0.2:
            sent.append(rng.choice(docs).get_update())
    for doc in docs:
        for other in docs:
            doc.apply_update(other.get_update())
    state = decode_state_vector(docs[0].get_state())
    claims = [claim for one in sent if (claim := claim_of(one, read_update(one, "tree"), state))]
    assert len(claims) > 20
    for doc in docs:
        assert contradiction("tree", claims, doc.get_update(), []) is None


def test_what_another_says_is_deleted_is_deleted() -> None:
    """Without a delete set that would say so to who knew these clocks."""
    for document, data, taken in [
        (ABC, update((5, 0, [text("a"), deleted(1, (5, 0)), text("c", (5, 1))])), {5: [(1, 1)]}),
        (ABC, update((5, 1, [deleted(4, (5, 0))])), {5: [(1, 2)]}),
        (ABC, update((5, 1, [deleted(1, (5, 0))]), deletes={5: [(2, 1)]}), {5: [(1, 2)]}),
        (ABC, update((5, 1, [deleted(1, (5, 0))]), deletes={5: [(0, 3)]}), {5: [(0, 3)]}),
        (ABC, ABC, {}),
    ]:
        known = Known("text", document)
        cut = known.take(data, read_update(data, "text")).update
        assert read_update(cut, "text").deletes == taken
        doc: Doc[Any] = Doc()
        shown = doc.get("text", type=Text)
        doc.apply_update(document)
        doc.apply_update(cut)
        gone = {at for clock, length in taken.get(5, []) for at in range(clock, clock + length)}
        assert str(shown) == "".join(letter for at, letter in enumerate("abc") if at not in gone)


def test_of_what_is_logged_the_rest_is_taken_also_where_known_clocks_cut_a_pair() -> None:
    """Other people's text may be in the same entry, and they were told that it is saved."""
    data = update((5, 0, [text("😀x")]), (6, 0, [text("honest")]))
    known = Known("text", update((5, 0, [text("a")])))
    cut = known.take(data, read_update(data, "text"), logged=True).update
    doc: Doc[Any] = Doc()
    shown = doc.get("text", type=Text)
    doc.apply_update(update((5, 0, [text("a")])))
    doc.apply_update(cut)
    assert sorted(str(shown)) == sorted("a�xhonest")
    assert known.state == {5: 3, 6: 6}


def test_what_waits_to_be_compared_is_bounded() -> None:
    claims, large = Claims(), bytes(MOST_CLAIMED // 2 + 1)
    assert not claims
    for _ in range(3):
        claims.add(Claim(large, {}))
    assert claims
    assert len(claims.take()) == 1
    assert not claims
    claims.add(Claim(large, {}))
    assert len(claims.take()) == 1
