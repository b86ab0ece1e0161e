"""A legal tree that follows changes of the shared document: the rule of `collab.tree`, worked out again only in part.

Of twenty thousand nodes one is renamed: working out the whole tree takes a tenth of a second during which nobody in any
room of the process gets an answer, the folders concerned a thousandth. Where the place of a node depends on more than
folders concerned (cycles, paths that are too long, a folder that becomes a file or was missing) all of it is worked out
anew; the outcome is always the one of `tree.legal_tree`.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Mapping

from collab.tree import Node, RawNode, Tree, arrange, is_too_long, named, read_node, trashed

MOST_CHANGES = 200
"""Changed nodes beyond which working out everything is not dearer."""


class TreeState:
    tree: Tree
    """Replaced by `update` and never changed in place: whoever has it keeps what was."""

    def __init__(self, raw: Mapping[str, object]) -> None:
        self._nodes = {key: node for key, value in raw.items() if (node := read_node(key, value)) is not None}
        self._arrange()

    def update(self, changes: Mapping[str, object]) -> None:
        """``changes``: key → what `nodes` now has there, None for a key that is gone."""
        changed: dict[str, tuple[RawNode | None, RawNode | None]] = {}
        for key, value in changes.items():
            before, after = self._nodes.get(key), read_node(key, value)
            if before != after:
                changed[key] = before, after
                if after is None:
                    del self._nodes[key]
                else:
                    self._nodes[key] = after
        if changed and not self._follow(changed):
            self._arrange()

    def _arrange(self) -> None:
        arranged = arrange(self._nodes)
        self.tree = arranged.tree
        self._parents = arranged.parents
        self._inside = arranged.inside
        self._regular = arranged.regular
        self._missing = {node.parent for key, node in self._nodes.items() if node.parent != self._parents[key]}

    def _follow(self, changed: Mapping[str, tuple[RawNode | None, RawNode | None]]) -> bool:
        """Work out what is concerned; False when that is not enough, and what was worked out is not to be used."""
        if (
            not self._regular
            or len(changed) > MOST_CHANGES
            or any(map(self._is_far_reaching, changed, changed.values()))
        ):
            return False
        self._placed, self._trash = dict(self.tree.nodes), dict(self.tree.trash)
        self._by_path, self._children = dict(self.tree.by_path), dict(self.tree.children)
        concerned: set[str | None] = set()
        for key, (before, after) in changed.items():
            self._take_out(key, before, concerned)
            self._take_in(key, after, concerned)
        if any(map(self._is_in_a_ring, changed)) or not all(map(self._fill, concerned)):
            return False
        self.tree = Tree(self._placed, self._trash, self._by_path, self._children)
        return True

    def _is_far_reaching(self, key: str, change: tuple[RawNode | None, RawNode | None]) -> bool:
        """Whether nodes that name ``key`` as their folder get another place by it."""
        was, is_now = (node is not None and node.kind == "folder" for node in change)
        return (was and not is_now) or (is_now and not was and key in self._missing)

    def _take_out(self, key: str, before: RawNode | None, concerned: set[str | None]) -> None:
        if before is None:
            return
        parent = self._parents.pop(key)
        if before.deleted_at is not None:
            del self._trash[key]
            return
        ids = self._inside[parent]
        del ids[bisect_left(ids, key)]
        self._displace(key)
        concerned.add(parent)

    def _take_in(self, key: str, after: RawNode | None, concerned: set[str | None]) -> None:
        if after is None:
            return
        folder = self._nodes.get(after.parent) if after.parent is not None else None
        parent = after.parent if folder is not None and folder.kind == "folder" else None
        if parent != after.parent:
            self._missing.add(after.parent)
        self._parents[key] = parent
        if after.deleted_at is not None:
            self._trash[key] = trashed(key, after)
            return
        insort(self._inside.setdefault(parent, []), key)
        concerned.add(parent)

    def _is_in_a_ring(self, key: str) -> bool:
        passed = set()
        at: str | None = key
        while at is not None and at in self._parents:
            if at in passed:
                return True
            passed.add(at)
            at = self._parents[at]
        return False

    def _displace(self, key: str) -> None:
        """Take a node and all that is in it off the visible tree."""
        waiting = [key]
        while waiting:
            node = self._placed.pop(waiting.pop(), None)
            if node is None:
                continue
            if self._by_path.get(node.path) == node:
                del self._by_path[node.path]
            inside = (self._placed.get(child.id) for child in self._children.pop(node.id, ()))
            # What has moved away may stand at its new place already.
            waiting += (child.id for child in inside if child is not None and child.parent == node.id)

    def _fill(self, concerned: str | None) -> bool:
        """Place what is in a folder, and in the folders in it that have moved with it; False: a path is too long."""
        waiting = [concerned]
        while waiting:
            folder = waiting.pop()
            if folder is not None and folder not in self._placed:
                continue  # in the trash, or in a folder that is yet to be placed
            prefix = f"{self._placed[folder].path}/" if folder is not None else ""
            ids = self._inside.get(folder, [])
            children = []
            for key, name in zip(ids, named(ids, self._nodes), strict=True):
                node = Node(key, self._nodes[key].kind, folder, name, prefix + name)
                children.append(node)
                if self._placed.get(key) == node:
                    continue
                if is_too_long(node.path):
                    return False
                self._displace(key)
                self._placed[key] = node
                if node.kind == "folder":
                    waiting.append(key)
            self._by_path.update((child.path, child) for child in children)
            if children:
                self._children[folder] = children
            else:
                self._children.pop(folder, None)
        return True
