"""Real Yjs clients change a tree at the same time, unseen by each other; the server and the browser read it alike."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from pycrdt import Doc, Map

from collab.tree.edits import TreeDraft, create, delete, move, rename, restore
from collab.tree.followed import TreeState
from collab.tree.rule import Tree, legal_tree
from collab.yjs.update import read_update
from tests.collab.test_tree import assert_legal
from tests.collab.test_tree_edits import NOW, tree_nodes
from tests.support.yjs import Oracle, browser_rules
from tests.vectors.tree import DELETED, folder, key, text

Rules = Callable[[Mapping[str, Any]], dict[str, Any]]

NAMES = [
    "a",
    "a",
    "a.txt",
    "a (2).txt",
    "a (2)",
    "e\u0301",
    "é",
    "..",
    "",
    "x/y",
    "\u202egpj.exe",
    "n" * 200,
    "😀" * 60,
]
A, B, C, D, E = (key(n) for n in range(1, 6))


@pytest.fixture(scope="module")
def browser() -> Iterator[Rules]:
    with browser_rules() as rules:
        yield rules


def assert_alike(nodes: Mapping[str, Any], browser: Rules) -> Tree:
    tree = legal_tree(nodes)
    assert browser(nodes) == {
        "tree": [[node.id, node.kind, node.parent, node.path] for node in tree.nodes.values()],
        "trash": [[node.id, node.kind, node.name] for node in tree.trash.values()],
    }
    return tree


class Group:
    """Yjs clients, the server's replica of the tree, and its legal tree as it follows the updates one by one."""

    def __init__(self, yjs: Oracle, clients: int) -> None:
        self.yjs = yjs
        self.clients = [f"client {n}" for n in range(clients)]
        for client in self.clients:
            yjs.create(client)
        self.waiting: dict[str, list[bytes]] = {client: [] for client in [*self.clients, "server"]}
        self.doc: Doc[Any] = Doc()
        self._nodes: Map[Any] = self.doc.get("nodes", type=Map)
        self.state = TreeState()
        self.draft = TreeDraft(self.doc)

    def sent(self, update: bytes, by: str) -> None:
        read_update(update, "tree")  # the server admits it
        for other, waiting in self.waiting.items():
            if other != by:
                waiting.append(update)

    def set(self, client: str, node: str, **fields: object) -> None:
        self.sent(self.yjs.set_node(client, node, fields), client)

    def serve(self, update: bytes) -> None:
        """The server takes an update, its own or another's."""
        self.doc.apply_update(update)
        self.draft.follow(update)
        raw = tree_nodes(self.doc)
        seen = set(raw) | set(self.state._nodes)
        self.state.update({key: raw.get(key) for key in seen})

    def deliver(self, to: str, most: int) -> None:
        for update in [self.waiting[to].pop(0) for _ in range(min(most, len(self.waiting[to])))]:
            if to == "server":
                self.serve(update)
            else:
                self.yjs.apply(to, update)

    def deliver_all(self) -> None:
        for to in self.waiting:
            self.deliver(to, len(self.waiting[to]))

    def assert_same(self, browser: Rules) -> Tree:
        self.deliver_all()
        nodes = tree_nodes(self.doc)
        for client in self.clients:
            assert self.yjs.nodes(client) == nodes
        tree = assert_alike(nodes, browser)
        assert_legal(tree)
        assert self.state.tree.nodes == tree.nodes
        assert self.state.tree.trash == tree.trash
        return tree


def starting(yjs: Oracle, clients: int = 2) -> Group:
    group = Group(yjs, clients)
    for node, fields in {A: folder("a"), B: folder("b"), C: text("c.txt", A), D: text("d.txt", B)}.items():
        group.set("client 0", node, **fields)
    group.deliver_all()
    return group


CONCURRENT: list[tuple[str, dict[str, Any], dict[str, Any], dict[str, str]]] = [
    (
        "each into the other",
        {A: {"parent": B}},
        {B: {"parent": A}},
        {A: "a", B: "a/b", C: "a/c.txt", D: "a/b/d.txt"},
    ),
    ("rename and move", {C: {"name": "new.txt"}}, {C: {"parent": B}}, {A: "a", B: "b", D: "b/d.txt", C: "b/new.txt"}),
    (
        "both to one name",
        {C: {"name": "x", "parent": None}},
        {D: {"name": "x", "parent": None}},
        {A: "a", B: "b", C: "x", D: "x (2)"},
    ),
    ("the same new name", {E: text("e.txt")}, {key(6): text("e.txt")}, {E: "e.txt", key(6): "e (2).txt"}),
    ("delete against rename", {C: {"deleted_at": DELETED}}, {C: {"name": "x"}}, {A: "a", B: "b", D: "b/d.txt"}),
    ("delete against a move out of it", {A: {"deleted_at": DELETED}}, {C: {"parent": B}}, {B: "b", C: "b/c.txt"}),
    ("delete against a move into it", {A: {"deleted_at": DELETED}}, {D: {"parent": A}}, {B: "b"}),
    ("delete against a new file in it", {A: {"deleted_at": DELETED}}, {E: text("e", A)}, {B: "b", D: "b/d.txt"}),
]


@pytest.mark.parametrize(("title", "one", "other", "paths"), CONCURRENT, ids=[case[0] for case in CONCURRENT])
def test_two_people_at_once(
    yjs: Oracle, browser: Rules, title: str, one: dict[str, Any], other: dict[str, Any], paths: dict[str, str]
) -> None:
    group = starting(yjs)
    for client, changes in (("client 0", one), ("client 1", other)):
        for node, fields in changes.items():
            group.set(client, node, **fields)
    tree = group.assert_same(browser)
    assert {node: tree.nodes[node].path for node in paths} == paths


def test_restore_against_delete(yjs: Oracle, browser: Rules) -> None:
    """Whoever restores and whoever deletes again at the same time: one of the two holds for everybody."""
    group = starting(yjs)
    group.set("client 0", C, deleted_at=DELETED)
    group.deliver_all()
    restored = group.draft.update([restore(C, "c.txt", A)], 77)
    group.serve(restored)
    group.sent(restored, "server")
    group.set("client 1", C, deleted_at="2026-02-02T00:00:00Z")
    tree = group.assert_same(browser)
    assert (C in tree.nodes) != (C in tree.trash)


@pytest.mark.parametrize("seed", range(10))
def test_at_random(yjs: Oracle, browser: Rules, seed: int) -> None:
    rng = random.Random(seed)
    group = starting(yjs, 3)
    ids = [key(n) for n in range(1, rng.choice([7, 12]))]
    removed: set[str] = set()
    for step in range(60):
        node, parent = rng.choice(ids), rng.choice([None, *ids])
        client = rng.choice([*group.clients, "server"])
        known = tree_nodes(group.doc) if client == "server" else yjs.nodes(client)
        if node in removed and node not in known:
            continue  # an id is never used again
        if client == "server":
            changes = [
                rename(node, rng.choice(NAMES)),
                move(node, parent),
                delete(node, NOW),
                restore(node, rng.choice(NAMES), parent),
            ]
            change = rng.choice(changes) if node in known else create(node, rng.choice(NAMES), parent, "folder")
            update = group.draft.update([change], 1 << 32 | step)
            group.serve(update)
            group.sent(update, client)
        else:
            match rng.randrange(8):
                case 0 if node in known:
                    removed.add(node)
                    group.sent(yjs.delete_node(client, node), client)
                case 1:
                    group.set(client, node, **rng.choice([folder, text])(rng.choice(NAMES), parent))
                case 2:
                    group.set(client, node, deleted_at=rng.choice([DELETED, DELETED, None, 7, ""]))
                case 3:
                    group.set(client, node, kind=rng.choice(["folder", "text", "link", 1]))
                case 4 | 5:
                    group.set(client, node, name=rng.choice(NAMES))
                case _:
                    group.set(client, node, parent=parent)
        for to in group.waiting:
            if rng.random() < 0.3:
                group.deliver(to, rng.randrange(5))
        if step % 15 == 14:
            group.assert_same(browser)
