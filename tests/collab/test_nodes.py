"""Nodes of a tree: nobody takes one out, and nobody is refused for what merging has deleted in their own replica."""

import random
from typing import Any

import pytest
from pycrdt import Doc, Map

from collab.replicas.edits import recorded
from collab.yjs.known import Known
from collab.yjs.update import InvalidUpdate, missing, read_update
from tests.collab.yjs_bytes import deleted, node, update, value

KEYS = [f"{number:032x}" for number in range(4)]


class Server:
    """A tree that takes updates as a room does."""

    def __init__(self) -> None:
        self.doc: Doc[Any] = Doc()
        self.nodes = self.doc.get("nodes", type=Map)
        self.known = Known("tree", b"\x00\x00")

    def take(self, update: bytes, *, logged: bool = False) -> None:
        header = read_update(update, "tree")
        assert missing(header, self.known.state) is None
        self.doc.apply_update(self.known.take(update, header, logged=logged).update)

    def reopened(self) -> "Server":
        server = Server()
        content = self.doc.get_update()
        server.doc.apply_update(content)
        server.known = Known("tree", content)
        return server


class Client:
    def __init__(self, number: int) -> None:
        self.doc: Doc[Any] = Doc(client_id=number)
        self.nodes = self.doc.get("nodes", type=Map)

    def put(self, key: str, name: str) -> None:
        if key in self.nodes:
            self.nodes[key]["name"] = name
        else:
            self.nodes[key] = Map({"name": name, "parent": None, "kind": "text"})

    def synced(self, server: Server) -> None:
        """All that it holds, as a client that was away says it, deletions as well."""
        server.take(self.doc.get_update())
        self.doc.apply_update(server.doc.get_update())

    def deletion(self, key: str) -> bytes:
        with recorded(self.doc) as updates:
            del self.nodes[key]
        return updates[0]


@pytest.mark.parametrize("seed", range(40))
def test_whoever_makes_nodes_at_the_same_time_is_heard_and_none_can_be_taken_out(seed: int) -> None:
    chance = random.Random(seed)
    server = Server()
    clients = [Client(number) for number in chance.sample(range(1, 1000), 4)]
    for step in range(40):
        client = chance.choice(clients)
        if chance.random() < 0.6:
            client.put(chance.choice(KEYS), str(step))
        else:
            client.synced(server)
        if chance.random() < 0.1:
            server = server.reopened()
    for client in clients * 2:
        client.synced(server)
    held = server.nodes.to_py()
    for key in list(server.nodes):
        hostile = Client(1001)
        hostile.doc.apply_update(server.doc.get_update())
        with pytest.raises(InvalidUpdate, match="taken out of the tree"):
            server.take(hostile.deletion(key))
    assert server.nodes.to_py() == held
    assert all(client.nodes.to_py() == held for client in clients)


def test_what_is_made_and_taken_out_in_one_update_was_never_there() -> None:
    server, client = Server(), Client(1)
    client.put(KEYS[0], "a")
    client.deletion(KEYS[0])
    client.put(KEYS[1], "b")
    client.synced(server)
    assert list(server.nodes) == [KEYS[1]]


def test_of_two_by_the_same_client_the_first_stays() -> None:
    # No Yjs client makes these: its second would follow its first.
    server, witness = Server(), Client(1)
    server.take(update((2, 0, [node("a", 1), node("a", 1)])))
    witness.doc.apply_update(server.doc.get_update())
    with pytest.raises(InvalidUpdate, match="taken out of the tree"):
        server.take(update(deletes={2: [(0, 1)]}))
    witness.synced(server)
    assert list(server.nodes) == ["a"]


@pytest.mark.parametrize("instead", [value(b"\x78", origin=(1, 0)), deleted(1, origin=(1, 0))], ids=["value", "gap"])
@pytest.mark.parametrize("there", [True, False], ids=["known", "new"])
def test_nothing_takes_the_place_of_a_node(instead: bytes, there: bool) -> None:
    server = Server()
    if there:
        server.take(update((1, 0, [node("a", 1)])))
    with pytest.raises(InvalidUpdate, match="in the place of a node"):
        server.take(update(*[] if there else [(1, 0, [node("a", 1)])], (2, 0, [instead])))
    assert server.nodes.to_py() == ({"a": {}} if there else {})


def test_what_the_log_has_taken_out_is_no_node_any_more() -> None:
    server, client, other = Server(), Client(2), Client(1)
    client.put(KEYS[0], "a")
    client.synced(server)
    other.doc.apply_update(server.doc.get_update())
    server.take(client.deletion(KEYS[0]), logged=True)
    assert list(server.nodes) == []
    other.deletion(KEYS[0])
    other.synced(server)
    client.synced(server.reopened())
