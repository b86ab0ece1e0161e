"""Updates cut into portions: together they are the update, each fits onto what came before it, none is large."""

import random
from collections.abc import Callable, Iterator, Mapping

import pytest
from pycrdt import Doc, Text, merge_updates

from collab.replicas.replica import MOST, Replica
from collab.yjs.portions import LONGEST, order, portions
from collab.yjs.update import InvalidUpdate, advance, decode_state_vector, missing, read_update
from tests.collab.yjs_bytes import skip, text, update
from tests.support.yjs import Oracle


def cut(data: bytes, state: Mapping[int, int], most: Callable[[], int]) -> Iterator[bytes]:
    header = read_update(data, "text")
    return portions(data, header, state, order(header, state), most)


def written_together(yjs: Oracle, rng: random.Random) -> list[bytes]:
    """What three people write who see each other's text late."""
    names = ["one", "two", "three"]
    for name in names:
        yjs.create(name, rng.randrange(1, 1 << 32))
    made = []
    for _ in range(120):
        name = rng.choice(names)
        length = len(yjs.text(name).encode("utf-16-le")) // 2
        if rng.random() < 0.3 and length:
            at = rng.randrange(length)
            made.append(yjs.delete(name, at, min(length - at, rng.randrange(1, 8))))
        else:
            made.append(yjs.insert(name, rng.randint(0, length), rng.choice(("a", "bc\n", "é中"))))
        if rng.random() < 0.3:
            yjs.apply(name, yjs.update(rng.choice(names)))
    return made


@pytest.mark.parametrize("seed", range(6))
def test_portions_are_together_the_update(yjs: Oracle, seed: int) -> None:
    rng = random.Random(seed)
    made = written_together(yjs, rng)
    for whole in (yjs.merge(*made), merge_updates(*made), yjs.update("one")):
        most = rng.choice((1, 2, 7))
        replica = Replica("text")
        for portion in cut(whole, {}, lambda most=most: most):
            header = read_update(portion, "text")
            assert header.parts <= most
            assert replica.gap(header) is None
            taken = replica.admit(portion, header)
            replica.defer(taken.update, header.parts, cuts=taken.cuts)
        reference: Doc[Text] = Doc()
        reference.apply_update(whole)
        assert str(replica.text) == str(reference.get("text", type=Text))
        assert decode_state_vector(replica.doc.get_state()) == decode_state_vector(reference.get_state())


@pytest.mark.parametrize("seed", range(6))
def test_of_an_update_with_gaps_all_that_fits_is_left(yjs: Oracle, seed: int) -> None:
    rng = random.Random(seed)
    made = written_together(yjs, rng)
    some = yjs.merge(*rng.sample(made, k=len(made) * 2 // 3))
    state: dict[int, int] = {}
    for portion in cut(some, {}, lambda: 5):
        header = read_update(portion, "text")
        assert missing(header, state) is None
        advance(state, header)
    yjs.create("holes")
    yjs.apply("holes", some)
    assert state == decode_state_vector(yjs.vector("holes"))


def test_a_portion_ends_where_something_is_left_out() -> None:
    data = update((1, 0, [text("ab"), skip(3), text("fg", (1, 0))]), deletes={1: [(0, 9)], 2: [(0, 1)]})
    assert list(cut(data, {}, lambda: 9)) == [
        update((1, 0, [text("ab")])),
        update(deletes={1: [(0, 2)]}),
    ]
    assert list(cut(data, {1: 5}, lambda: 9)) == [
        update((1, 0, [text("ab")])),
        update((1, 5, [text("fg", (1, 0))])),
        update(deletes={1: [(0, 7)]}),
    ]


def test_long_strings_go_alone() -> None:
    data = update((1, 0, [text("a"), text("x" * LONGEST, (1, 0)), text("b", (1, 3)), text("c", (1, 5))]))
    assert [read_update(p, "text").parts for p in cut(data, {}, lambda: 9)] == [1, 1, 2]


def test_structs_that_wait_for_each_other_are_refused() -> None:
    circle = update((1, 0, [text("a", origin=(2, 0))]), (2, 0, [text("b", origin=(1, 0))]))
    with pytest.raises(InvalidUpdate, match="wait for each other"):
        list(cut(circle, {}, lambda: 9))


def test_the_larger_a_document_the_smaller_the_portions() -> None:
    small, large, long = Replica("text"), Replica("text"), Replica("text")
    data = update(*[(client, 0, [text("x")]) for client in range(1, 20_000)])
    large.integrate(large.admit(data, read_update(data, "text")).update, 20_000)
    data = update((1, 0, [text("x" * 5_000_000)]))
    long.integrate(long.admit(data, read_update(data, "text")).update, 1)
    assert small.portion == MOST
    assert Replica("text", large.doc.get_update()).portion <= large.portion * 2
    assert 1 <= large.portion < 10
    assert 1 <= long.portion < 10
