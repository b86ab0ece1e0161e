import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.drive.moves import Moves
from collab.tree.rule import legal_tree
from tests.vectors.tree import folder, key, text


def carry_out(
    moves: dict[str, tuple[str | None, str | None]], stay: frozenset[str] = frozenset()
) -> tuple[dict[str, str], int]:
    """Moves contents about as a file system would, which refuses what is in the way; returns path → id, and lifts."""
    disk = {old: name for name, (old, _) in moves.items() if old is not None}
    order = Moves(moves)
    lifts: list[str] = []
    while order.waiting:
        ready = order.ready()
        for name in ready:
            if name in stay:
                order.stays(name)
                continue
            old, new = moves[name]
            if new is not None:
                assert disk.get(new) in (None, name), "overwritten"
                assert not any(path.startswith(new + "/") for path in disk), "a folder is there"
                assert not any(new.startswith(path + "/") for path in disk), "a file is above"
                disk[new] = name
            if old is not None and old != new and disk.get(old) == name:
                del disk[old]
            order.arrived(name)
        if not ready:
            lifted = order.to_lift()
            if lifted is None:
                break
            if lifted in stay:
                order.stays(lifted)
                continue
            lifts.append(lifted)
            del disk[moves[lifted][0]]  # type: ignore[arg-type]
            order.lifted(lifted)
    for name in lifts:
        if name in order.waiting:
            disk.setdefault(str(moves[name][0]), name)  # back to where it was
    return disk, len(lifts)


@pytest.mark.parametrize(
    ("moves", "lifts"),
    [
        ({}, 0),
        ({"a": (None, "x")}, 0),
        ({"a": ("x", None)}, 0),
        ({"a": ("x", "x")}, 0),
        ({"a": ("x", "y"), "b": ("y", "z"), "c": ("z", "w")}, 0),
        ({"a": ("x", "y"), "b": ("y", "x")}, 1),
        ({"a": ("x", "y"), "b": ("y", "z"), "c": ("z", "x"), "d": ("w", "v")}, 1),
        ({"a": ("x", "x/y")}, 1),
        ({"a": ("x/y", "x")}, 1),
        ({"a": ("a", "b/x"), "b": ("b", "a/x")}, 1),
        ({"a": ("a", "b"), "c": (None, "a/c")}, 0),
        ({"a": ("d/1", "1"), "b": ("d/2", "2"), "c": ("c", "d")}, 0),
        ({"a": ("d/1", "e/1"), "b": ("d/2", "e/2"), "c": ("e/1", "d/1"), "d": ("e/2", "d/2")}, 2),
    ],
)
def test_every_file_arrives(moves: dict[str, tuple[str | None, str | None]], lifts: int) -> None:
    disk, lifted = carry_out(moves)
    assert disk == {new: name for name, (_, new) in moves.items() if new is not None}
    assert lifted == lifts


def test_what_stays_is_not_overwritten() -> None:
    moves: dict[str, tuple[str | None, str | None]] = {"a": ("x", "y"), "b": ("y", "z"), "c": ("w", "v")}
    disk, _ = carry_out(moves, stay=frozenset("b"))
    assert disk == {"x": "a", "y": "b", "v": "c"}


def test_a_ring_in_which_one_stays() -> None:
    moves: dict[str, tuple[str | None, str | None]] = {"a": ("x", "y"), "b": ("y", "x")}
    for stays in "ab":
        assert carry_out(moves, stay=frozenset(stays))[0] == {"x": "a", "y": "b"}


ids = st.integers(0, 7).map(key)
trees = st.dictionaries(
    ids,
    st.builds(
        lambda kind, name, parent: kind(name, parent), st.sampled_from([folder, text]), st.sampled_from("abc"), ids
    ),
    max_size=8,
)


@given(trees, trees, st.frozensets(ids, max_size=1))
def test_any_tree_becomes_any_other(before: dict[str, object], after: dict[str, object], stay: frozenset[str]) -> None:
    old, new = (
        {node.id: node.path for node in legal_tree(tree).nodes.values() if node.kind != "folder"}
        for tree in (before, after)
    )
    moves = {name: (old.get(name), new.get(name)) for name in old | new}
    disk, _ = carry_out(moves, stay)
    if not stay & moves.keys():
        assert disk == {path: name for name, path in new.items()}
    for name in stay & old.keys():
        assert disk[old[name]] == name, "a file that could not be moved was overwritten"
