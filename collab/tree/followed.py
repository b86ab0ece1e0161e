"""A legal tree that follows its shared document: `collab.tree.rule`, worked out again only where it changes.

Of twenty thousand nodes one is renamed: working out the whole tree takes a tenth of a second, during which nobody in
any room of the process gets an answer. So each step of the rule is kept by itself: which folder a node names, which of
these make a ring, which names in a folder are equal. A change takes the nodes concerned out of each and puts them in
again. Its cost is that of the nodes whose path changes, of the depth of the tree, and of the equal names in one folder.

One thing is not local: which name a node gets that a path too long sends to the root (rule 7) depends on all others of
these. So they are taken off the tree before each change and put there again after it, with what is in them. There are
few, because HTTP refuses to make one.

The outcome is always that of `tree.legal_tree`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from collab.tree.paths import MAX_PATH_BYTES
from collab.tree.rule import Node, Numbering, RawNode, Tree, is_too_long, read_node, trashed


@dataclass(frozen=True, slots=True)
class Whence:
    """Where a node that is not visible was."""

    folder: str | None
    """The innermost visible folder around it; None is the root."""
    names: tuple[str, ...]
    """Of the folders between that one and the node, which are in the trash like the node, outermost first."""
    ids: tuple[str, ...]
    """Of the same folders."""


class TreeState:
    tree: Tree
    """Changes in place with `update`."""

    def __init__(self, raw: Mapping[str, object] | None = None) -> None:
        self._nodes: dict[str, RawNode] = {}
        self._naming: dict[str, set[str]] = {}
        """Id → the nodes that name it as their folder, whether it is one or not."""
        self._wanted: dict[str, str | None] = {}
        """Rule 3: the folder of each node, rings not yet broken."""
        self._parents: dict[str, str | None] = {}
        """Rule 4: of every node, also of those in the trash."""
        self._folders: dict[str | None, _Folder] = {}
        """What is in a folder and not deleted itself; also of folders in the trash."""
        self._too_long: set[str] = set()
        """Those of rule 7 whose own folders are where they belong."""
        self._lifted: list[str] = []
        """All of rule 7, in its order: also those that were in others of them."""
        self.tree = Tree({}, {}, {}, {})
        if raw is not None:
            self.update(raw)

    def update(self, changes: Mapping[str, object]) -> dict[str, Node | None]:
        """``changes``: key → what `nodes` now has there, None for a key that is gone.

        Returns what was visible before of each node that has moved, appeared or gone: None for one that was not.
        """
        step = _Step()
        for key, value in changes.items():
            before, after = self._nodes.get(key), read_node(key, value)
            if before != after:
                self._change(key, before, after, step)
        if not step.nodes:
            return {}
        for folder in step.folders:
            if (content := self._folders.get(folder)) is not None:
                step.nodes.update(dict.fromkeys(content.number(self._nodes)))
        self._place(step)
        return step.was

    def holds(self, key: str) -> bool:
        """Whether it is a node at all: visible, in the trash, or inside of something that is."""
        return key in self._nodes

    def whence(self, key: str) -> Whence:
        """Of a node in the trash: where it was. Of a longer way than a path can have, the outer part is left out."""
        names: list[str] = []
        ids: list[str] = []
        room = MAX_PATH_BYTES
        at = self._parents[key]
        while at is not None and at not in self.tree.nodes:
            room -= len(self._nodes[at].name.encode()) + 1
            if room < 0:
                return Whence(None, tuple(reversed(names)), tuple(reversed(ids)))
            names.append(self._nodes[at].name)
            ids.append(at)
            at = self._parents[at]
        return Whence(at, tuple(reversed(names)), tuple(reversed(ids)))

    def inside(self, folder: str) -> Collection[str]:
        """What is in a folder and not deleted itself; also of one in the trash."""
        content = self._folders.get(folder)
        return content.ids if content is not None else ()

    # ---- rules 1 to 5: which folder each node is in

    def _change(self, key: str, before: RawNode | None, after: RawNode | None, step: _Step) -> None:
        step.nodes[key] = None
        self._name(key, before, after)
        if after is None:
            self._link(key, None, step)
        if before is not None:
            self._take_out(key, before, step)
        if after is None:
            del self._nodes[key], self._wanted[key], self._parents[key]
        else:
            self._nodes[key] = after
            self._parents.setdefault(key, None)
            self._put_in(key, after, step)
            self._link(key, self._folder_named(key), step)
        was_folder, is_folder = (node is not None and node.kind == "folder" for node in (before, after))
        if was_folder is not is_folder:
            for inner in self._naming.get(key, ()):
                self._link(inner, self._folder_named(inner), step)

    def _name(self, key: str, before: RawNode | None, after: RawNode | None) -> None:
        if before is not None and before.parent is not None:
            naming = self._naming[before.parent]
            naming.discard(key)
            if not naming:
                del self._naming[before.parent]
        if after is not None and after.parent is not None:
            self._naming.setdefault(after.parent, set()).add(key)

    def _folder_named(self, key: str) -> str | None:
        named = self._nodes[key].parent
        node = self._nodes.get(named) if named is not None else None
        return named if node is not None and node.kind == "folder" else None

    def _link(self, key: str, folder: str | None, step: _Step) -> None:
        """``key`` names ``folder``. Of a ring that ends one goes back to its folder, of a new one one to the root."""
        if (broken := self._ring(key)) is not None:
            lifted = min(broken)
            self._move(lifted, self._wanted[lifted], step)
        self._wanted[key] = folder
        self._move(key, folder, step)
        if (made := self._ring(key)) is not None:
            self._move(min(made), None, step)

    def _ring(self, key: str) -> set[str] | None:
        """The ring of folders that ``key`` is in, if it is in one."""
        passed: set[str] = set()
        at = self._wanted.get(key) if key in self._naming else None
        while at is not None and at not in passed:
            passed.add(at)
            if at == key:
                return passed
            at = self._wanted.get(at)
        return None

    def _move(self, key: str, folder: str | None, step: _Step) -> None:
        if self._parents[key] != folder:
            step.nodes[key] = None
            node = self._nodes[key]
            self._take_out(key, node, step)
            self._parents[key] = folder
            self._put_in(key, node, step)

    def _take_out(self, key: str, node: RawNode, step: _Step) -> None:
        if node.deleted_at is not None:
            self.tree.trash.pop(key, None)
            return
        parent = self._parents[key]
        if (folder := self._folders.get(parent)) is not None and folder.remove(key, node.name):
            step.folders[parent] = None
            if not folder.ids:
                del self._folders[parent]

    def _put_in(self, key: str, node: RawNode, step: _Step) -> None:
        if node.deleted_at is not None:
            self.tree.trash[key] = trashed(key, node)
            return
        parent = self._parents[key]
        self._folders.setdefault(parent, _Folder()).add(key, node.name)
        step.folders[parent] = None

    # ---- rules 6 and 7: names and paths

    def _place(self, step: _Step) -> None:
        """Place ``step.nodes`` and all that is in them anew."""
        for key in (*self._lifted, *step.nodes):
            self._displace(key, step.was)
        for key in step.nodes:
            parent = self._parents.get(key)
            if key not in self._nodes or key in self.tree.nodes or (parent and parent not in self.tree.nodes):
                continue  # gone, placed already, or in a folder that is in the trash or yet to be placed
            if self._nodes[key].deleted_at is None:
                self._too_long.update(self._place_with_content(key, parent, step.was))
        self._lift(step.was)
        for key in [key for key, node in step.was.items() if self.tree.nodes.get(key) == node]:
            del step.was[key]

    def _lift(self, was: dict[str, Node | None]) -> None:
        """Rule 7."""
        self._lifted.clear()
        if not self._too_long:
            return
        self._too_long = {key for key in self._too_long if self._is_due(key)}
        names = self._folders[None].numbering() if None in self._folders else Numbering(())
        waiting = deque(self._breadth_first(self._too_long, None))
        while waiting:
            key = waiting.popleft()
            self._lifted.append(key)
            self._put(key, None, names.claim(self._nodes[key].name, self._nodes[key].kind), was)
            waiting += self._breadth_first(self._place_content(key, was), key)

    def _is_due(self, key: str) -> bool:
        """Of one that was too long: whether it would be visible and has not been placed."""
        node = self._nodes.get(key)
        if node is None or node.deleted_at is not None or key in self.tree.nodes:
            return False
        return (parent := self._parents[key]) is None or parent in self.tree.nodes

    def _breadth_first(self, keys: Iterable[str], folder: str | None) -> list[str]:
        """``keys``, all of them inside ``folder``, as one comes upon them."""

        def way(key: str) -> tuple[int, list[str]]:
            steps = [key]
            while (above := self._parents[steps[-1]]) != folder:
                assert above is not None
                steps.append(above)
            return len(steps), steps[::-1]

        return sorted(keys, key=way)

    def _displace(self, key: str, was: dict[str, Node | None]) -> None:
        """Take a node and all that is in it off the visible tree."""
        tree = self.tree
        waiting = [key]
        while waiting:
            key = waiting.pop()
            node = tree.nodes.pop(key, None)
            was.setdefault(key, node)
            if node is None:
                continue
            del tree.by_path[node.path]
            if (beside := tree.children.get(node.parent)) is not None:
                del beside[node.name]
                if not beside:
                    del tree.children[node.parent]
            waiting += (child.id for child in tree.children.pop(key, {}).values())

    def _place_with_content(self, key: str, parent: str | None, was: dict[str, Node | None]) -> list[str]:
        """Returns those in it, or itself, whose path is too long."""
        if not self._put(key, parent, self._folders[parent].shown(key, self._nodes[key].name), was):
            return [key]
        return self._place_content(key, was)

    def _place_content(self, key: str, was: dict[str, Node | None]) -> list[str]:
        too_long = []
        waiting = [key]
        while waiting:
            if (folder := self._folders.get(parent := waiting.pop())) is not None:
                for child in folder.ids:
                    if self._put(child, parent, folder.shown(child, self._nodes[child].name), was):
                        waiting.append(child)
                    else:
                        too_long.append(child)
        return too_long

    def _put(self, key: str, parent: str | None, name: str, was: dict[str, Node | None]) -> bool:
        """False: its path is too long."""
        tree = self.tree
        path = f"{tree.nodes[parent].path}/{name}" if parent is not None else name
        if is_too_long(path):
            return False
        node = Node(key, self._nodes[key].kind, parent, name, path)
        was.setdefault(key, None)
        tree.nodes[key] = tree.by_path[path] = node
        tree.children.setdefault(parent, {})[name] = node
        return True


@dataclass(slots=True)
class _Step:
    """What one update concerns. Sets that keep their order, so that the outcome does too."""

    nodes: dict[str, None] = field(default_factory=dict)
    folders: dict[str | None, None] = field(default_factory=dict)
    was: dict[str, Node | None] = field(default_factory=dict)


class _Folder:
    """The names in one folder, told apart where they are equal (rule 6)."""

    __slots__ = ("_crowded", "_given", "_wanted", "ids")

    def __init__(self) -> None:
        self.ids: set[str] = set()
        self._wanted: dict[str, tuple[str, ...]] = {}
        """Name → who has it, ascending. In tuples, which the garbage collector need not look into."""
        self._crowded: set[str] = set()
        """Names that several have."""
        self._given: dict[str, str] = {}
        """Node → the numbered name that it got."""

    def add(self, key: str, name: str) -> None:
        self.ids.add(key)
        having = self._wanted.get(name, ())
        self._wanted[name] = tuple(sorted((*having, key)))
        if having:
            self._crowded.add(name)

    def remove(self, key: str, name: str) -> bool:
        """False when it was not there."""
        if key not in self.ids:
            return False
        self.ids.remove(key)
        having = tuple(other for other in self._wanted[name] if other != key)
        if len(having) < 2:
            self._crowded.discard(name)
        if having:
            self._wanted[name] = having
        else:
            del self._wanted[name]
        return True

    def numbering(self) -> Numbering:
        """Of further names in it."""
        return Numbering({*self._wanted, *self._given.values()})

    def number(self, nodes: Mapping[str, RawNode]) -> Iterable[str]:
        """Give numbers to who comes second; returns whose shown name is another now."""
        if not self._crowded and not self._given:
            return ()
        names = Numbering(self._wanted)
        late = sorted(key for name in self._crowded for key in self._wanted[name][1:])
        before, self._given = self._given, {key: names.claim(nodes[key].name, nodes[key].kind) for key in late}
        return [key for key in {**before, **self._given} if before.get(key) != self._given.get(key)]

    def shown(self, key: str, name: str) -> str:
        return self._given.get(key, name)
