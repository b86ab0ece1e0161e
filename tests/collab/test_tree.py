import json
import random
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.tree.paths import parse_path
from collab.tree.rule import Node, Tree, is_node_id, legal_tree
from tests.support.work import growth
from tests.vectors import tree as vectors

key = vectors.key


@pytest.mark.parametrize(("title", "nodes", "paths", "trash"), vectors.BY_HAND, ids=[c[0] for c in vectors.BY_HAND])
def test_worked_out_by_hand(title: str, nodes: dict[str, object], paths: dict[str, str], trash: list[str]) -> None:
    tree = legal_tree(nodes)
    assert [(node.id, node.path) for node in tree.nodes.values()] == list(paths.items())
    assert list(tree.trash) == trash


def test_the_vectors_for_typescript_are_these() -> None:
    assert vectors.FILE.read_text() == vectors.encode(vectors.build()), "write them anew: python tests/vectors/tree.py"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=4,
)
some_ids = st.integers(0, 12).map(key)
some_nodes = st.fixed_dictionaries(
    {},
    optional={
        "name": st.sampled_from(["a", "a.txt", "a (2)", "x" * 250, "..", "é", "e\u0301"]) | st.text() | json_values,
        "parent": some_ids | st.none() | json_values,
        "kind": st.sampled_from(["folder", "folder", "folder", "text", "binary"]) | json_values,
        "deleted_at": st.just("2026-01-02T03:04:05Z") | json_values,
    },
)


@given(st.dictionaries(some_ids | st.text(max_size=3), some_nodes | json_values, max_size=14))
def test_any_content_is_a_legal_tree(raw: dict[str, Any]) -> None:
    tree = legal_tree(raw)
    assert_legal(tree)
    shuffled = dict(random.Random(1).sample(list(raw.items()), len(raw)))
    assert legal_tree(shuffled) == tree
    for node_id, value in raw.items():
        if is_node_id(node_id) and isinstance(value, dict) and node_id not in tree.nodes:
            assert leads_to_trash(raw, tree, node_id)
    # What the rule shows is itself legal: written back, it stays as it is.
    written = {n.id: {"name": n.name, "parent": n.parent, "kind": n.kind} for n in tree.nodes.values()}
    assert {n.id: n.path for n in legal_tree(written).nodes.values()} == {n.id: n.path for n in tree.nodes.values()}


def assert_legal(tree: Tree) -> None:
    assert len(tree.by_path) == len(tree.nodes)
    seen: set[str] = set()
    for node in tree.nodes.values():
        names = parse_path(node.path)
        assert names[-1] == node.name
        if node.parent is None:
            assert len(names) == 1
        else:
            assert node.parent in seen
            folder = tree.nodes[node.parent]
            assert folder.kind == "folder"
            assert node.path == f"{folder.path}/{node.name}"
        seen.add(node.id)
    listed = [(folder, child) for folder, children in tree.children.items() for child in children.values()]
    assert len(listed) == len(tree.nodes)
    assert all(folder == child.parent for folder, child in listed)


def leads_to_trash(raw: dict[str, Any], tree: Tree, node_id: str) -> bool:
    passed = set()
    while node_id not in tree.trash:
        if node_id in passed:
            return False
        passed.add(node_id)
        node_id = raw[node_id]["parent"]
    return True


def wide(n: int) -> dict[str, object]:
    return {key(i): vectors.text("a.txt") for i in range(n)}


def deep(n: int) -> dict[str, object]:
    return {key(i): vectors.folder("d", key(i + 1)) for i in range(n)}


def ring(n: int) -> dict[str, object]:
    return {key(i): vectors.folder("d", key((i + 1) % n)) for i in range(n)}


def alike(n: int) -> dict[str, object]:
    """Long names in pairs, all of which become the same name when cut to make room for a number."""
    return {key(i): vectors.text("n" * 249 + f"{i // 2:06}") for i in range(n)}


def chosen_numbers(n: int) -> dict[str, object]:
    return {key(i): vectors.text("a.txt" if i % 2 else f"a ({i}).txt") for i in range(n)}


SHAPES = [wide, deep, ring, alike, chosen_numbers]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_the_work_for_twenty_thousand_nodes_grows_with_their_number(shape: Any) -> None:
    assert growth(lambda count: partial(legal_tree, shape(count)), 1_000) < 2.5
    tree = legal_tree(shape(20_000))
    assert len(tree.nodes) == len(tree.by_path) == 20_000


def test_the_names_of_a_tree_in_use() -> None:
    tree = legal_tree({key(1): vectors.folder("d"), key(2): vectors.text("a.txt", key(1))})
    assert tree.free_name(key(1), "a.txt", "text") == "a (2).txt"
    assert tree.free_name(None, "a.txt", "text") == "a.txt"
    assert tree.free_name(None, "d", "folder") == "d (2)"
    assert [node.path for node in tree.walk(None)] == ["d", "d/a.txt"]
    assert tree.by_path["d/a.txt"] == Node(key(2), "text", key(1), "a.txt", "d/a.txt")


def test_the_vectors_are_plain_json() -> None:
    assert json.loads(vectors.FILE.read_text())["trees"]
