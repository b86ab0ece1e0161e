import random
import time
from collections.abc import Mapping

import pytest

from collab.tree.followed import TreeState
from collab.tree.paths import legal_name
from collab.tree.rule import Tree, legal_tree
from collab.tree.trees import NODES_PER_TURN
from tests.support.work import work
from tests.vectors.tree import DELETED, folder, key, random_nodes, text


def assert_same(tree: Tree, expected: Tree) -> None:
    assert dict(tree.nodes) == dict(expected.nodes)
    assert dict(tree.trash) == dict(expected.trash)
    assert dict(tree.by_path) == dict(expected.by_path)
    assert tree.children == expected.children
    seen: set[str] = set()
    for node in tree.nodes.values():
        assert node.parent is None or node.parent in seen, "a folder comes before what it holds"
        seen.add(node.id)


def is_map(value: object) -> bool:
    return isinstance(value, dict)


def assert_leads_there(state: TreeState, raw: Mapping[str, object], node_id: str) -> None:
    """What `whence` says of a hidden node is its way up through hidden folders."""
    whence = state.whence(node_id)
    assert whence.folder is None or state.tree.nodes[whence.folder].kind == "folder"
    at = node_id
    for name in reversed(whence.names):
        at = raw[at]["parent"]  # type: ignore[index]
        assert at not in state.tree.nodes
        assert legal_name(raw[at].get("name")) == name  # type: ignore[attr-defined]
    if whence.folder is not None:
        assert raw[at]["parent"] == whence.folder  # type: ignore[index]


SHORT = ["a", "b", "a (2)", "c.txt", "x" * 200, 3]
LONG = ["a", "x" * 255, "y" * 255, "x" * 251 + " (2)", "é" * 127 + "a", "z" * 200 + ".txt"]
"""Paths of four of them are too long."""


def random_change(rng: random.Random, raw: dict[str, object], ids: list[str], names: list[object]) -> dict[str, object]:
    changes: dict[str, object] = {}
    for node_id in rng.sample(ids, rng.choice([1, 1, 1, 2, 3])):
        value = raw.get(node_id)
        match rng.randrange(8):
            case 0:
                changes[node_id] = None
            case 1 | 2:
                kind = rng.choice([folder, folder, text])
                changes[node_id] = kind(str(rng.choice(names)), rng.choice([None, *ids]))
            case _ if isinstance(value, dict):
                field, choices = rng.choice(
                    [
                        ("name", names),
                        ("parent", [None, *ids]),
                        ("parent", [None, *ids]),
                        ("kind", ["folder", "text"]),
                        ("deleted_at", [DELETED, None]),
                    ]
                )
                changes[node_id] = {**value, field: rng.choice(choices)}
    return changes


@pytest.mark.parametrize("names", [SHORT, LONG], ids=["short", "long"])
@pytest.mark.parametrize("seed", range(24))
def test_following_changes_gives_the_same_as_working_it_all_out(seed: int, names: list[object]) -> None:
    rng = random.Random(seed)
    ids = [key(n) for n in range(rng.choice([4, 8, 14]))]
    raw: dict[str, object] = random_nodes(rng) if seed % 4 == 0 else {}
    if names is LONG:
        ids = [key(n) for n in range(40)]
        raw = {key(n): folder(str(rng.choice(names)), key(rng.randrange(n // 2, n)) if n else None) for n in range(30)}
    state = TreeState(raw)
    for _ in range(60):
        before = dict(state.tree.nodes)
        changes = random_change(rng, raw, ids, names)
        raw = {k: v for k, v in (raw | changes).items() if v is not None}
        was = state.update(changes)
        assert_same(state.tree, legal_tree(raw))
        now = state.tree.nodes
        assert was == {k: before.get(k) for k in {**before, **now} if before.get(k) != now.get(k)}
        for node_id in ids:
            if node_id in raw and node_id not in state.tree.nodes and is_map(raw[node_id]):
                assert_leads_there(state, raw, node_id)


def twenty_thousand() -> dict[str, object]:
    nodes: dict[str, object] = {key(n): folder(f"d{n}", key(n // 10) if n else None) for n in range(400)}
    return nodes | {key(n): text(f"f{n}.txt", key(n // 50)) for n in range(400, 20_000)}


CHANGES = {
    "rename": {key(5000): text("renamed.txt", key(100))},
    "move": {key(5000): text("moved.txt", key(7))},
    "delete": {key(5000): text("f5000.txt", key(100), deleted_at=DELETED)},
    "create": {key(30_000): text("new.txt", key(3))},
    "move a folder": {key(350): folder("d2", key(399))},
    "delete a folder": {key(350): folder("d350", key(35), deleted_at=DELETED)},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_among_twenty_thousand_costs_little(change: dict[str, object]) -> None:
    raw = twenty_thousand()
    state = TreeState(raw)
    assert work(lambda: state.update(change)) < 10_000  # of them all it is a hundred times as much
    assert_same(state.tree, legal_tree(raw | change))


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_path_that_is_too_long_makes_other_changes_no_dearer(change: dict[str, object]) -> None:
    deep = {key(40_000 + n): folder("x" * 250, key(39_999 + n) if n else key(399)) for n in range(8)}
    raw = twenty_thousand() | deep
    state = TreeState(raw)
    assert state.tree.nodes[key(40_003)].parent is None
    assert work(lambda: state.update(change)) < 10_000
    assert_same(state.tree, legal_tree(raw | change))


def test_names_of_nothing_but_combining_marks_hold_up_nobody() -> None:
    name = "a" + "\u0301" * 1023 + "\u0316" * 1023
    nodes = {key(number): folder(name) for number in range(NODES_PER_TURN)}
    began = time.perf_counter()
    TreeState(nodes)
    assert time.perf_counter() - began < 0.25
