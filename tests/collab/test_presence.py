"""Presence as a pure machine: who speaks for whom, what is sent to whom, and which clocks stock clients will take."""

import base64
import json
import random
from dataclasses import dataclass, replace

import pytest

from collab.limits import Limits
from collab.rooms.presence import SILENCE, Presence
from collab.yjs.codec import Decoder, MalformedFrame, write_var_bytes, write_var_uint
from tests.support.yjs import Oracle

Entry = tuple[int, int, object]


@dataclass(frozen=True)
class Person:
    user: str
    name: str = "Name"
    color: str = "#123456"
    role: str = "editor"


ANN, BOB = Person("ann"), Person("bob", role="viewer")


def payload(*entries: Entry) -> bytes:
    buffer = bytearray()
    write_var_uint(buffer, len(entries))
    for client, clock, state in entries:
        write_var_uint(buffer, client)
        write_var_uint(buffer, clock)
        write_var_bytes(buffer, state if isinstance(state, bytes) else json.dumps(state).encode())
    return bytes(buffer)


def entries(data: bytes | None) -> list[Entry]:
    if data is None:
        return []
    decoder = Decoder(data)
    found = [
        (decoder.var_uint(), decoder.var_uint(), json.loads(decoder.var_string(1 << 20)))
        for _ in range(decoder.var_uint())
    ]
    decoder.end()
    return found


def shown(person: Person, **state: object) -> dict[str, object]:
    return {**state, "user": {"id": person.user, "name": person.name, "color": person.color, "role": person.role}}


def changes(presence: Presence) -> list[Entry]:
    taken = presence.take_changes()
    return entries(taken.payload) if taken else []


@pytest.fixture
def presence() -> Presence:
    return Presence(Limits())


def test_a_second_device_of_a_person_is_not_told_that_the_first_has_left(presence: Presence) -> None:
    presence.receive("first", payload((101, 1, {"cursor": 3})), ANN)
    # Shown at clock 0 it is told to raise its clock; meanwhile it sends what it hears back, as every stock client does.
    assert entries(presence.receive("second", payload((202, 0, {})), ANN)) == [(202, 0, None)]
    echo = presence.all_states()
    assert echo is not None
    assert presence.receive("second", echo, ANN) is None
    assert presence.receive("second", payload((202, 1, {})), ANN) is None
    assert {client: state for client, _, state in entries(presence.all_states())} == {
        101: shown(ANN, cursor=3),
        202: shown(ANN),
    }


def test_a_state_is_shown_under_the_name_that_the_server_knows(presence: Presence) -> None:
    assert presence.receive("c1", payload((101, 1, {"cursor": 3, "user": {"name": "Eve", "id": "eve"}})), ANN) is None
    taken = presence.take_changes()
    assert taken is not None
    assert taken.payload == taken.ours
    assert entries(taken.payload) == [(101, 1, shown(ANN, cursor=3))]
    assert presence.take_changes() is None
    assert entries(presence.all_states()) == [(101, 1, shown(ANN, cursor=3))]


def test_only_the_latest_state_of_each_is_sent(presence: Presence) -> None:
    for clock in range(1, 50):
        presence.receive("c1", payload((101, clock, {"n": clock})), ANN)
        presence.receive("c2", payload((102, clock, {"n": -clock})), BOB)
    assert changes(presence) == [(101, 49, shown(ANN, n=49)), (102, 49, shown(BOB, n=-49))]


def test_what_a_connection_says_about_others_is_ignored(presence: Presence) -> None:
    presence.receive("c1", payload((101, 1, {})), ANN)
    presence.receive("c2", payload((102, 1, {})), BOB)
    presence.take_changes()
    echoed = entries(presence.all_states())
    for connection, person in (("c1", ANN), ("c2", BOB)):
        assert presence.receive(connection, payload(*echoed), person) is None
    presence.receive("c2", payload((101, 5, {"forged": True})), BOB)
    presence.receive("c2", payload((101, 5, None), (103, 5, {"second": True})), BOB)
    presence.receive("c3", payload((101, 9, {"forged": True})), BOB)
    assert changes(presence) == []
    presence.receive("c2", payload((103, 5, {"second": True}), (102, 2, {"own": True})), BOB)
    assert changes(presence) == [(102, 2, shown(BOB, own=True))]


def test_of_a_payload_no_more_is_read_than_a_client_has_to_say(presence: Presence) -> None:
    """It speaks for itself alone, and a frame has room for a million others."""
    others = [(1000 + number, 1, {}) for number in range(64)]
    for client, clock, state in others:
        presence.receive(client, payload((client, clock, state)), ANN)
    presence.take_changes()
    assert presence.receive("c1", payload(*others, (101, 1, {})), BOB) is None
    assert changes(presence) == []
    presence.receive("c1", payload(*others[1:], (101, 1, {})), BOB)
    assert changes(presence) == [(101, 1, shown(BOB))]


def test_a_state_from_before_is_not_shown_again(presence: Presence) -> None:
    presence.receive("c1", payload((101, 5, {"n": 5})), ANN)
    presence.receive("c1", payload((101, 4, {"n": 4})), ANN)
    presence.receive("c1", payload((101, 5, {"n": 6})), ANN)
    assert changes(presence) == [(101, 5, shown(ANN, n=5))]


def test_leaving_by_message_and_by_a_lost_connection(presence: Presence) -> None:
    presence.receive("c1", payload((101, 3, {})), ANN)
    presence.receive("c2", payload((102, 4, {})), BOB)
    presence.take_changes()
    presence.receive("c1", payload((101, 3, None)), ANN)
    presence.detach("c2")
    presence.detach("never attached")
    assert changes(presence) == [(101, 3, None), (102, 4, None)]
    assert presence.all_states() is None
    presence.detach("c1")
    assert changes(presence) == []


def test_a_client_at_clock_0_is_nudged_because_nobody_would_take_its_state(presence: Presence) -> None:
    assert entries(presence.receive("c1", payload((101, 0, {})), BOB)) == [(101, 0, None)]
    assert changes(presence) == []
    presence.receive("c1", payload((101, 1, {})), BOB)
    assert changes(presence) == [(101, 1, shown(BOB))]


def test_a_client_that_comes_again_is_nudged_above_the_clock_that_it_left_with(presence: Presence) -> None:
    presence.receive("c1", payload((101, 7, {})), ANN)
    presence.detach("c1")
    presence.take_changes()
    assert entries(presence.receive("c2", payload((101, 7, {})), ANN)) == [(101, 7, None)]
    assert changes(presence) == []
    assert presence.receive("c2", payload((101, 8, {})), ANN) is None
    assert changes(presence) == [(101, 8, shown(ANN))]


def test_a_new_connection_takes_its_client_over_from_a_dead_one_without_a_blink(presence: Presence) -> None:
    presence.receive("dead", payload((101, 7, {})), ANN)
    presence.take_changes()
    assert entries(presence.receive("alive", payload((101, 7, {})), ANN)) == [(101, 7, None)]
    presence.receive("alive", payload((101, 8, {"n": 1})), ANN)
    presence.detach("dead")
    assert changes(presence) == [(101, 8, shown(ANN, n=1))]
    presence.detach("alive")
    assert changes(presence) == [(101, 8, None)]


def test_nobody_else_takes_over_a_client_that_has_left(presence: Presence) -> None:
    presence.receive("c1", payload((101, 7, {})), ANN)
    presence.detach("c1")
    presence.take_changes()
    assert presence.receive("c2", payload((101, 900, {})), BOB) is None
    assert changes(presence) == []


def test_the_clocks_of_those_who_left_are_bounded(presence: Presence) -> None:
    for client in range(1000, 4000):
        presence.receive(client, payload((client, 1, {})), ANN)
        presence.detach(client)
    assert len(changes(presence)) == 1000


def test_a_participant_in_the_server(presence: Presence) -> None:
    assistant = Person("assistant")
    presence.announce("job", 500, {"cursor": 1}, assistant)
    presence.announce("job", 500, {"cursor": 2}, assistant)
    assert changes(presence) == [(500, 2, shown(assistant, cursor=2))]
    presence.announce("job", 501, {"cursor": 0}, assistant)
    assert changes(presence) == [(500, 2, None), (501, 1, shown(assistant, cursor=0))]
    presence.detach("job")
    assert changes(presence) == [(501, 1, None)]


def test_states_cross_processes_and_expire_with_theirs() -> None:
    here, there = Presence(Limits()), Presence(Limits())
    there.receive("c1", payload((101, 1, {"n": 1})), ANN)
    taken = there.take_changes()
    assert taken is not None
    assert taken.ours is not None
    here.merge("there", taken.ours, now=0)
    got = here.take_changes()
    assert got is not None
    assert entries(got.payload) == [(101, 1, shown(ANN, n=1))]
    assert got.ours is None, "a process speaks for its own people alone"
    assert here.our_states() is None
    ours = there.our_states()
    assert ours is not None
    here.merge("there", ours, now=SILENCE - 1)
    here.expire(now=SILENCE + 1)
    assert changes(here) == []
    here.expire(now=2 * SILENCE)
    assert changes(here) == [(101, 1, None)]


def test_leaving_another_process(presence: Presence) -> None:
    presence.merge("p", payload((101, 4, shown(ANN))), now=0)
    presence.merge("other", payload((101, 4, None)), now=0)
    assert changes(presence) == [(101, 4, shown(ANN))]
    presence.merge("p", payload((101, 4, None)), now=0)
    assert changes(presence) == [(101, 4, None)]


def test_a_client_that_moves_between_processes(presence: Presence) -> None:
    presence.merge("p", payload((101, 4, shown(ANN))), now=0)
    presence.take_changes()
    assert entries(presence.receive("c1", payload((101, 4, {})), ANN)) == [(101, 4, None)]
    presence.receive("c1", payload((101, 5, {})), ANN)
    presence.merge("p", payload((101, 4, shown(ANN))), now=50)
    presence.merge("p", payload((101, 4, None)), now=51)
    presence.expire(now=500)
    assert changes(presence) == [(101, 5, shown(ANN))]
    presence.merge("q", payload((101, 6, shown(ANN))), now=501)
    presence.detach("c1")
    assert changes(presence) == [(101, 6, shown(ANN))]
    presence.merge("q", payload((101, 9, shown(BOB))), now=502)
    assert changes(presence) == []


def test_another_name_is_shown_at_a_clock_that_stock_clients_take(presence: Presence) -> None:
    presence.receive("c1", payload((101, 3, {"cursor": 3})), ANN)
    presence.receive("c2", payload((102, 4, {})), BOB)
    presence.take_changes()
    anna = replace(ANN, name="Anna")
    presence.show_as("c1", anna)
    taken = presence.take_changes()
    assert taken is not None
    assert taken.payload == taken.ours
    assert entries(taken.payload) == [(101, 4, shown(anna, cursor=3))]
    for again in range(2):  # nor does the echo of its client change anything
        presence.show_as("c1", anna)
        assert presence.receive("c1", payload((101, 4, shown(anna, cursor=3))), anna) is None, again
        assert presence.take_changes() is None
    presence.show_as("shows nothing", anna)
    presence.receive("c1", payload((101, 5, None)), anna)
    presence.show_as("c1", ANN)
    assert changes(presence) == [(101, 5, None)]


def test_what_a_client_said_before_it_heard_of_its_new_name_is_shown_too(presence: Presence) -> None:
    presence.receive("c1", payload((101, 3, {"cursor": 3})), ANN)
    anna, viewer = replace(ANN, name="Anna"), replace(ANN, name="Anna", role="viewer")
    presence.show_as("c1", anna)
    presence.show_as("c1", viewer)
    assert changes(presence) == [(101, 5, shown(viewer, cursor=3))]
    presence.receive("c1", payload((101, 4, {"cursor": 4})), viewer)
    assert changes(presence) == [(101, 6, shown(viewer, cursor=4))]
    presence.receive("c1", payload((101, 4, {"cursor": 1})), viewer)  # said already
    assert changes(presence) == []
    presence.receive("c1", payload((101, 5, None)), viewer)
    assert changes(presence) == [(101, 6, None)]


def test_a_clock_that_cannot_be_raised_stays(presence: Presence) -> None:
    presence.receive("c1", payload((101, 2**32 - 1, {})), ANN)
    presence.show_as("c1", replace(ANN, name="Anna"))
    assert changes(presence) == [(101, 2**32 - 1, shown(ANN))]


def test_a_number_beyond_all_bounds_is_shown_as_none(presence: Presence) -> None:
    presence.receive("c1", payload((101, 1, b'{"a":1e999}')), ANN)
    assert changes(presence) == [(101, 1, shown(ANN, a=None))]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x01",
        payload((101, 1, b"")),
        payload((101, 1, b"{")),
        payload((101, 1, b"[]")),
        payload((101, 1, b"3")),
        payload((101, 1, b'{"a":NaN}')),
        payload((101, 1, b'{"a":-Infinity}')),
        payload((101, 1, b'{"a":"\\ud800"}')),
        payload((101, 1, b'{"a":"\xff"}')),
        payload((101, 1, b'{"a":' + b"[" * 8000 + b"]" * 8000 + b"}")),
        payload((101, 1, b'{"a":' + b"9" * 5000 + b"}")),
        payload((101, 1, {"a": "x" * 16 * 1024})),
        payload((101, 2**32, {})),
    ],
)
def test_malformed_presence(presence: Presence, data: bytes) -> None:
    with pytest.raises(MalformedFrame):
        presence.receive("c1", data, ANN)
    assert presence.take_changes() is None


@pytest.mark.parametrize("data", [b"", payload((101, 1, {})), payload((101, 1, {"user": 3})), payload((101, 1, b"{"))])
def test_malformed_presence_of_a_process(presence: Presence, data: bytes) -> None:
    with pytest.raises(MalformedFrame):
        presence.merge("p", data, now=0)


class Stock:
    """A stock client on a connection: real y-protocols awareness, and the echo that the stock provider sends."""

    def __init__(self, yjs: Oracle, presence: Presence, client: int, person: Person) -> None:
        self._yjs = yjs
        self._presence = presence
        self.person = person
        self._connection: object = None
        self.name = str(client)
        yjs.call("createPresence", presence=self.name, client=client)

    @property
    def connected(self) -> bool:
        return self._connection is not None

    def connect(self) -> None:
        self._connection = object()
        self._send(self._yjs.call("presencePayload", presence=self.name))
        self.hear(self._presence.all_states())

    def disconnect(self, noticed: bool) -> None:
        if noticed:
            self._presence.detach(self._connection)
        self._connection = None

    def show(self, state: object) -> None:
        self._yjs.call("setPresence", presence=self.name, state=state)
        if self.connected:
            self._send(self._yjs.call("presencePayload", presence=self.name))

    def rename(self, name: str) -> None:
        self.person = replace(self.person, name=name)
        if self.connected:
            self._presence.show_as(self._connection, self.person)

    def hear(self, data: bytes | None) -> None:
        if data is not None:
            self._send(self._yjs.call("receivePresence", presence=self.name, payload=base64.b64encode(data).decode()))

    def _send(self, sent: str | None) -> None:
        if sent is not None:
            self.hear(self._presence.receive(self._connection, base64.b64decode(sent), self.person))

    def seen(self) -> dict[int, object]:
        return {int(client): state for client, state in self._yjs.call("presences", presence=self.name).items()}


@pytest.mark.parametrize("seed", range(5))
def test_stock_clients_see_each_other_as_they_are(yjs: Oracle, presence: Presence, seed: int) -> None:
    rng = random.Random(seed)
    people = [Person("ann"), Person("bob"), Person("bob"), Person("cy", role="viewer")]
    stocks = {rng.randrange(1 << 20, 1 << 32): person for person in people}
    clients = {client: Stock(yjs, presence, client, person) for client, person in stocks.items()}
    states: dict[int, dict[str, object]] = {client: {} for client in clients}

    def spread() -> None:
        while (taken := presence.take_changes()) is not None:
            for stock in clients.values():
                if stock.connected:
                    stock.hear(taken.payload)

    for _ in range(60):
        client, stock = rng.choice(list(clients.items()))
        if not stock.connected:
            stock.connect()
        elif rng.random() < 0.3:
            # A connection whose end is not noticed yet is still there when its client comes again.
            stock.disconnect(noticed=rng.random() < 0.7)
        elif rng.random() < 0.3:
            stock.rename(f"name {rng.randrange(100)}")
        else:
            states[client] = {"cursor": rng.randrange(100), "user": {"name": "whoever"}}
            stock.show(states[client])
        if rng.random() < 0.5:
            spread()
    for stock in clients.values():
        if not stock.connected:
            stock.connect()
    spread()
    for client, stock in clients.items():
        for other, state in stock.seen().items():
            if other != client:
                assert state == {**states[other], **shown(clients[other].person)}
        assert stock.seen().keys() == clients.keys()
