import random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from pycrdt import Doc, Map

from collab.replicas.edits import fork
from collab.tree.edits import NodeChange, TreeDraft, create, delete, move, rename, restore
from collab.yjs.update import missing, read_update
from tests.vectors.tree import key

A, B, C = key(1), key(2), key(3)
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def tree_update(doc: Doc[Any], changes: Sequence[NodeChange], client_id: int) -> bytes:
    return TreeDraft(doc).update(changes, client_id)


def tree_nodes(doc: Doc[Any]) -> dict[str, Any]:
    nodes: dict[str, Any] = doc.get("nodes", type=Map).to_py() or {}
    return nodes


def a_tree() -> Doc[Any]:
    doc: Doc[Any] = Doc()
    doc.get("nodes", type=Map)
    doc.apply_update(tree_update(doc, [create(A, "src", None, "folder"), create(B, "a.txt", A, "text")], 7))
    return doc


def test_new_nodes_are_nested_maps() -> None:
    doc = a_tree()
    assert tree_nodes(doc) == {
        A: {"name": "src", "parent": None, "kind": "folder"},
        B: {"name": "a.txt", "parent": A, "kind": "text"},
    }
    assert isinstance(doc.get("nodes", type=Map)[A], Map)


def test_an_update_holds_its_own_change_alone() -> None:
    doc = a_tree()
    for number in range(20):
        doc.apply_update(tree_update(doc, [rename(B, f"{number}.txt")], 100 + number))
    update = tree_update(doc, [rename(B, "b.txt")], 8)
    assert len(update) < 60
    header = read_update(update, "tree")
    assert list(header.ranges) == [8]
    assert not missing(header, dict.fromkeys([7, *range(100, 120)], 100))


def test_delete_and_restore() -> None:
    doc = a_tree()
    doc.apply_update(tree_update(doc, [delete(B, NOW)], 8))
    assert tree_nodes(doc)[B]["deleted_at"] == "2026-01-02T03:04:05.000+00:00"
    doc.apply_update(tree_update(doc, [restore(B, "b.txt", None)], 9))
    assert tree_nodes(doc)[B] == {"name": "b.txt", "parent": None, "kind": "text"}


def test_a_rename_and_a_move_at_the_same_time_both_survive() -> None:
    doc = a_tree()
    renamed, moved = tree_update(doc, [rename(B, "b.txt")], 8), tree_update(doc, [move(B, None)], 9)
    doc.apply_update(renamed)
    doc.apply_update(moved)
    assert tree_nodes(doc)[B] == {"name": "b.txt", "parent": None, "kind": "text"}


def test_what_is_so_already_is_not_written_again() -> None:
    doc = a_tree()
    assert tree_update(doc, [rename(B, "a.txt"), move(B, A)], 8) == b"\x00\x00"


def test_old_and_new_nodes_in_one_update() -> None:
    doc = a_tree()
    update = tree_update(doc, [delete(B, NOW), create(C, "a.txt", A, "binary")], 8)
    read_update(update, "tree")
    doc.apply_update(update)
    assert tree_nodes(doc)[C] == {"name": "a.txt", "parent": A, "kind": "binary"}


def test_an_unknown_node() -> None:
    with pytest.raises(KeyError):
        tree_update(a_tree(), [rename(C, "x")], 8)


@pytest.mark.parametrize("seed", range(8))
def test_one_draft_for_many_changes_says_what_a_fresh_one_says(seed: int) -> None:
    """However often the same fields change, by us and by others who have not heard of it yet."""
    rng = random.Random(seed)
    doc = a_tree()
    draft = TreeDraft(doc)
    late: list[bytes] = []
    for step in range(120):
        node = rng.choice([A, B])
        change = rng.choice(
            [
                rename(node, f"{step}"),
                move(B, rng.choice([A, None])),
                delete(node, NOW),
                restore(node, f"r{step}", None),
                create(key(10 + step), "new", None, "text"),
            ]
        )
        if rng.random() < 0.3:  # somebody else, who is heard later
            late.append(TreeDraft(doc).update([change], rng.randrange(1, 1 << 32)))
            continue
        before: Doc[Any] = fork(doc)
        fresh = 1 << 32 | step
        update = draft.update([change], fresh)
        before.apply_update(TreeDraft(doc).update([change], fresh))
        header = read_update(update, "tree")
        assert set(header.ranges) <= {fresh}
        for applied in [update, *(late.pop(rng.randrange(len(late))) for _ in range(rng.randrange(len(late) + 1)))]:
            if applied is not update:
                before.apply_update(applied)
            doc.apply_update(applied)
            draft.follow(applied)
        assert tree_nodes(doc) == tree_nodes(before)
        changed = {**change.fields}
        assert not changed or change.node in tree_nodes(doc)
