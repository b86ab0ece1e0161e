"""The file tree of a workspace: one deterministic rule from any content of the shared document to a legal tree.

The shared document has a root map `nodes`: id → Y.Map {name, parent, kind, deleted_at?}. Every client may write
anything there, offline and at the same time as others, so no content may be an error. The rule, in order:

1. A node counts when its key is 32 lowercase hex digits (the id of a document) and its value is a map.
2. `kind` is "folder", "text" or "binary"; anything else is taken for "binary": the file keeps its name and stays shut.
3. `parent` is the id of another node that is a folder. Anything else (null, unknown, itself, a file) is the root: what
   lost its folder shows up where people look first.
4. Of folders that form a cycle, the one with the smallest id goes to the root. The rest keep their parents.
5. A node with a string in `deleted_at` is in the trash, and with it all that is inside it. Other types do not delete.
6. Names are made legal one by one (`paths.legal_name`). Where two in a folder are then equal, the smallest id keeps the
   name, and the others, by id, get the first free number: "a (2).txt". A name that somebody chose is never given so.
7. A node whose path would have more than 900 bytes goes to the root with all that is inside it, where it takes the
   first free name. Such nodes follow each other breadth first, and by id within a folder.

The cost is linear in the number of nodes, apart from sorting their ids.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from collab.tree.paths import MAX_PATH_BYTES, legal_name, numbered, numbering_stem, split_extension

Kind = Literal["folder", "text", "binary"]

_ID = re.compile("[0-9a-f]{32}")
_KINDS = ("folder", "text", "binary")


class Node(NamedTuple):
    id: str
    kind: Kind
    parent: str | None
    """Id of the folder, None at the root."""
    name: str
    path: str


@dataclass(frozen=True, slots=True)
class Trashed:
    """A node that was deleted itself; what it holds comes back with it."""

    id: str
    kind: Kind
    name: str
    deleted_at: str
    """As some client wrote it: RFC 3339 by convention, any string in truth."""


@dataclass(frozen=True, slots=True)
class Tree:
    """What `legal_tree` returns never changes; the tree of a `TreeState` changes with its document, between awaits."""

    nodes: dict[str, Node]
    """Every visible node by id; a folder comes before what it holds."""
    trash: dict[str, Trashed]
    by_path: dict[str, Node] = field(repr=False)
    children: dict[str | None, dict[str, Node]] = field(repr=False)
    """Folder → name → node, in no order; None is the root. A folder without children is not a key."""

    def walk(self, folder: str | None) -> Iterator[Node]:
        """All that is inside `folder`, at any depth, folders before what they hold."""
        waiting = deque(self.children.get(folder, {}).values())
        while waiting:
            node = waiting.popleft()
            yield node
            waiting.extend(self.children.get(node.id, {}).values())

    def free_name(self, folder: str | None, name: str, kind: Kind) -> str:
        """`name`, numbered if something in `folder` already has it."""
        return Numbering(self.children.get(folder, {})).claim(name, kind)


class RawNode(NamedTuple):
    """What the shared document says of a node, each field for itself made sense of."""

    kind: Kind
    name: str
    """Legal, but perhaps another's as well."""
    parent: str | None
    """The id of a folder if all is well."""
    deleted_at: str | None


def is_node_id(key: object) -> bool:
    return isinstance(key, str) and _ID.fullmatch(key) is not None


def read_node(key: str, value: object) -> RawNode | None:
    """None for what counts as no node."""
    if not isinstance(value, dict) or not is_node_id(key):
        return None
    kind, parent, deleted_at = value.get("kind"), value.get("parent"), value.get("deleted_at")
    return RawNode(
        kind if isinstance(kind, str) and kind in _KINDS else "binary",  # type: ignore[arg-type]
        legal_name(value.get("name")),
        parent if isinstance(parent, str) and parent != key else None,
        deleted_at if isinstance(deleted_at, str) else None,
    )


def legal_tree(raw: Mapping[str, object]) -> Tree:
    """The legal tree of the content of `nodes` as plain data. Pure; never raises; the same everywhere."""
    nodes = {key: node for key, value in raw.items() if (node := read_node(key, value)) is not None}
    parents: dict[str, str | None] = {}
    for key in sorted(nodes):
        parent = nodes[key].parent
        parents[key] = parent if parent is not None and parent in nodes and nodes[parent].kind == "folder" else None
    _break_cycles(parents)
    inside: dict[str | None, list[str]] = {}
    trash = {}
    for key, parent in parents.items():
        if nodes[key].deleted_at is None:
            inside.setdefault(parent, []).append(key)
        else:
            trash[key] = trashed(key, nodes[key])
    placed = _Placement(nodes, inside).place()
    children: dict[str | None, dict[str, Node]] = {}
    for child in placed.values():
        children.setdefault(child.parent, {})[child.name] = child
    return Tree(placed, trash, {node.path: node for node in placed.values()}, children)


def trashed(key: str, node: RawNode) -> Trashed:
    return Trashed(key, node.kind, node.name, node.deleted_at or "")


def _break_cycles(parents: dict[str, str | None]) -> None:
    settled: set[str] = set()
    for key in parents:
        chain: dict[str, None] = {}  # an ordered set: the way up from `key`
        at: str | None = key
        while at is not None and at not in settled and at not in chain:
            chain[at] = None
            at = parents[at]
        if at is not None and at in chain:
            ring = list(chain)
            parents[min(ring[ring.index(at) :])] = None
        settled.update(chain)


class Numbering:
    """Gives out names that nothing in one folder has."""

    __slots__ = ("_given", "_next", "_taken")

    def __init__(self, taken: Container[str]) -> None:
        self._taken = taken
        self._given: set[str] = set()
        self._next: dict[tuple[str, str], int] = {}

    def claim(self, name: str, kind: Kind) -> str:
        """`name` itself, or numbered where it is taken or was given out before."""
        if not self._is_taken(name):
            self._given.add(name)
            return name
        stem, extension = (name, "") if kind == "folder" else split_extension(name)
        key = numbering_stem(stem, extension), extension
        # Counting on from the last number makes ten thousand files of one name linear instead of quadratic.
        number = self._next.get(key, 2)
        while self._is_taken(candidate := numbered(*key, number)):
            number += 1
        self._next[key] = number + 1
        self._given.add(candidate)
        return candidate

    def _is_taken(self, name: str) -> bool:
        return name in self._taken or name in self._given


class _Placement:
    """Names and places the visible nodes, breadth first from the root: rules 6 and 7."""

    def __init__(self, nodes: Mapping[str, RawNode], inside: Mapping[str | None, Sequence[str]]) -> None:
        """``inside``: folder → ids of what is in it and not deleted itself, ascending."""
        self._nodes = nodes
        self._inside = inside
        self._placed: dict[str, Node] = {}
        self._folders: deque[tuple[str | None, str]] = deque()
        self._too_long: deque[str] = deque()

    def place(self) -> dict[str, Node]:
        at_root = self._fill(None, "")
        while True:
            while self._folders:
                self._fill(*self._folders.popleft())
            if not self._too_long:
                return self._placed
            key = self._too_long.popleft()
            self._put(key, None, "", at_root.claim(self._nodes[key].name, self._nodes[key].kind))

    def _fill(self, folder: str | None, prefix: str) -> Numbering:
        ids = self._inside.get(folder, ())
        wanted = [self._nodes[key].name for key in ids]
        # A name that somebody chose is never given as a number, hence all of them are taken from the start.
        names = Numbering(set(wanted))
        kept: set[str] = set()
        for key, name in zip(ids, wanted, strict=True):
            shown = names.claim(name, self._nodes[key].kind) if name in kept else name
            kept.add(name)
            if is_too_long(prefix + shown):
                self._too_long.append(key)
            else:
                self._put(key, folder, prefix, shown)
        return names

    def _put(self, key: str, folder: str | None, prefix: str, name: str) -> None:
        path = prefix + name
        kind = self._nodes[key].kind
        self._placed[key] = Node(key, kind, folder, name, path)
        if kind == "folder":
            self._folders.append((key, path + "/"))


def is_too_long(path: str) -> bool:
    return len(path) > MAX_PATH_BYTES // 4 and len(path.encode()) > MAX_PATH_BYTES
