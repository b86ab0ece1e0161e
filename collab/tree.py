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

import re
from collections import deque
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from collab.paths import MAX_PATH_BYTES, legal_name, numbered, numbering_stem, split_extension

Kind = Literal["folder", "text", "binary"]

_ID = re.compile("[0-9a-f]{32}")
_KINDS = ("folder", "text", "binary")


@dataclass(frozen=True, slots=True)
class Node:
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
    nodes: Mapping[str, Node]
    """Every visible node by id; a folder comes before what it holds."""
    trash: Mapping[str, Trashed]
    by_path: Mapping[str, Node] = field(repr=False)
    children: Mapping[str | None, Collection[Node]] = field(repr=False)
    """By id of the folder; None is the root. A folder without children is not a key."""

    def walk(self, folder: str | None) -> Iterator[Node]:
        """All that is inside `folder`, at any depth, folders before what they hold."""
        waiting = deque(self.children.get(folder, ()))
        while waiting:
            node = waiting.popleft()
            yield node
            waiting.extend(self.children.get(node.id, ()))

    def free_name(self, folder: str | None, name: str, kind: Kind) -> str:
        """`name`, numbered if something in `folder` already has it."""
        names = _Names({child.name for child in self.children.get(folder, ())})
        return names.claim(name, kind)


def is_node_id(id: object) -> bool:
    return isinstance(id, str) and _ID.fullmatch(id) is not None


def legal_tree(raw: Mapping[str, object]) -> Tree:
    """The legal tree of the content of `nodes` as plain data. Pure; never raises; the same everywhere."""
    nodes = {
        key: cast(dict[str, Any], raw[key]) for key in sorted(raw) if is_node_id(key) and isinstance(raw[key], dict)
    }
    kinds: dict[str, Kind] = {
        key: kind if isinstance(kind := node.get("kind"), str) and kind in _KINDS else "binary"  # type: ignore[misc]
        for key, node in nodes.items()
    }
    parents = _parents(nodes, kinds)
    trash = {
        key: Trashed(key, kinds[key], legal_name(node.get("name")), deleted_at)
        for key, node in nodes.items()
        if isinstance(deleted_at := node.get("deleted_at"), str)
    }
    inside: dict[str | None, list[str]] = {}
    for key, parent in parents.items():
        if key not in trash:
            inside.setdefault(parent, []).append(key)
    placed = _Placement(nodes, kinds, inside).place()
    children: dict[str | None, list[Node]] = {}
    for child in placed.values():
        children.setdefault(child.parent, []).append(child)
    return Tree(placed, trash, {node.path: node for node in placed.values()}, children)


def _parents(nodes: Mapping[str, dict[str, Any]], kinds: Mapping[str, Kind]) -> dict[str, str | None]:
    parents: dict[str, str | None] = {}
    for key, node in nodes.items():
        parent = node.get("parent")
        known = isinstance(parent, str) and parent != key and kinds.get(parent) == "folder"
        parents[key] = parent if known else None
    settled: set[str] = set()
    for key in nodes:
        chain: dict[str, None] = {}  # an ordered set: the way up from `key`
        at: str | None = key
        while at is not None and at not in settled and at not in chain:
            chain[at] = None
            at = parents[at]
        if at is not None and at in chain:
            ring = list(chain)
            parents[min(ring[ring.index(at) :])] = None
        settled.update(chain)
    return parents


class _Names:
    """The names that are taken in one folder."""

    __slots__ = ("_next", "_taken")

    def __init__(self, taken: set[str]) -> None:
        self._taken = taken
        self._next: dict[tuple[str, str], int] = {}

    def claim(self, name: str, kind: Kind) -> str:
        if name not in self._taken:
            self._taken.add(name)
            return name
        stem, extension = (name, "") if kind == "folder" else split_extension(name)
        key = numbering_stem(stem, extension), extension
        # Counting on from the last number makes ten thousand files of one name linear instead of quadratic.
        number = self._next.get(key, 2)
        while (candidate := numbered(*key, number)) in self._taken:
            number += 1
        self._next[key] = number + 1
        self._taken.add(candidate)
        return candidate


class _Placement:
    """Names and places the visible nodes, breadth first from the root."""

    def __init__(
        self,
        nodes: Mapping[str, dict[str, Any]],
        kinds: Mapping[str, Kind],
        inside: Mapping[str | None, list[str]],
    ) -> None:
        self._nodes = nodes
        self._kinds = kinds
        self._inside = inside
        self._placed: dict[str, Node] = {}
        self._folders: deque[tuple[str | None, str]] = deque([(None, "")])
        self._too_long: deque[str] = deque()

    def place(self) -> dict[str, Node]:
        root: _Names | None = None
        while True:
            while self._folders:
                names = self._fill(*self._folders.popleft())
                root = root or names
            if not self._too_long or root is None:
                return self._placed
            key = self._too_long.popleft()
            self._put(key, None, "", root.claim(legal_name(self._nodes[key].get("name")), self._kinds[key]))

    def _fill(self, folder: str | None, prefix: str) -> _Names:
        ids = self._inside.get(folder, [])
        wanted = [legal_name(self._nodes[key].get("name")) for key in ids]
        # A name that somebody chose is never handed out as a number, hence all of them are taken from the start.
        names = _Names(set(wanted))
        kept: set[str] = set()
        for key, name in zip(ids, wanted, strict=True):
            if name in kept:
                name = names.claim(name, self._kinds[key])
            else:
                kept.add(name)
            if len(prefix) + len(name) > MAX_PATH_BYTES // 4 and len((prefix + name).encode()) > MAX_PATH_BYTES:
                self._too_long.append(key)
            else:
                self._put(key, folder, prefix, name)
        return names

    def _put(self, key: str, folder: str | None, prefix: str, name: str) -> None:
        path = prefix + name
        self._placed[key] = Node(key, self._kinds[key], folder, name, path)
        if self._kinds[key] == "folder":
            self._folders.append((key, path + "/"))
