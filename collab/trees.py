"""The legal trees of workspaces, read from their rooms and changed under a lease."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4
from weakref import WeakKeyDictionary

from pycrdt import Doc, Map

from collab.documents import tree_id
from collab.edits import fresh_client_id
from collab.paths import join
from collab.room import Room
from collab.rooms import Rooms
from collab.tree import Tree
from collab.treeedits import NodeChange, create, tree_nodes, tree_update
from collab.treestate import TreeState
from storage.leases import Lease, Leases, LeaseUnavailable

LEASE = 15.0
"""Seconds after which another process may change a tree whose changer has died."""

NODES_PER_UPDATE = 1000
"""So that reading and applying one update holds up nobody for longer than some 20 ms."""


class _Followed:
    """The legal tree of one document, kept up as the document changes."""

    def __init__(self, doc: Doc[Any]) -> None:
        self.doc = doc
        self._nodes: Map[Any] = doc.get("nodes", type=Map)
        self._state = TreeState(tree_nodes(doc))
        self._changed: set[str] = set()
        self._subscription = self._nodes.observe_deep(self._note)

    def _note(self, events: list[Any]) -> None:
        for event in events:
            self._changed.update([str(event.path[0])] if event.path else event.keys)

    @property
    def tree(self) -> Tree:
        if self._changed:
            changed, self._changed = self._changed, set()
            self._state.update(
                {key: json.loads(str(self._nodes[key])) if key in self._nodes else None for key in changed}
            )
        return self._state.tree


class PathConflict(ValueError):
    """Something is in the way; the message says what. Nothing has changed."""


class Trees:
    def __init__(self, rooms: Rooms, leases: Leases) -> None:
        self._rooms = rooms
        self._leases = leases
        self._followed: WeakKeyDictionary[Room, _Followed] = WeakKeyDictionary()

    async def read(self, workspace: str, *, fresh: bool = False) -> Tree:
        """The tree as this process knows it; ``fresh`` makes sure of all that other processes have logged.

        Raises:
            collab.snapshots.DocumentNotFound: no such workspace.
            pymongo.errors.PyMongoError, obstore.exceptions.BaseError: storage is away.
        """
        async with self._rooms.open(tree_id(workspace)) as room:
            if fresh:
                await self._rooms.catch_up(room)
            return self.of(room)

    def of(self, room: Room) -> Tree:
        """The legal tree of an open room."""
        room.flush()
        followed = self._followed.get(room)
        # A room that was rebuilt after a panic has another document.
        if followed is None or followed.doc is not room.doc:
            followed = self._followed[room] = _Followed(room.doc)
        return followed.tree

    @asynccontextmanager
    async def change(self, workspace: str) -> AsyncIterator[TreeChange]:
        """Sole right to change the tree over HTTP, on a tree that misses nothing that the log has.

        People change it at the same time through their sockets, unasked; what that may bring (two files of one name)
        the rule of the legal tree deals with. The lease is for changes that first look whether they are allowed.

        Raises:
            storage.leases.LeaseUnavailable: somebody else kept it for 10 s.
            As `read`.
        """
        async with (
            self._leases.hold(f"tree:{workspace}", LEASE) as lease,
            self._rooms.open(tree_id(workspace)) as room,
        ):
            await self._rooms.catch_up(room)
            yield TreeChange(self.of(room), room, lease)


class TreeChange:
    """Gathers changes on top of `tree`, then carries them out together."""

    def __init__(self, tree: Tree, room: Room, lease: Lease) -> None:
        self.tree = tree
        self._room = room
        self._lease = lease
        self._changes: list[NodeChange] = []
        self._new_folders: dict[str, str] = {}

    def add(self, *changes: NodeChange) -> None:
        self._changes += changes

    def folder(self, names: Sequence[str]) -> str | None:
        """Id of the folder at ``names`` (None for the root), which is created with those around it if need be.

        Raises:
            PathConflict: a file is in the way.
        """
        parent: str | None = None
        for depth, name in enumerate(names, 1):
            path = join(names[:depth])
            node = self.tree.by_path.get(path)
            if node is not None and node.kind != "folder":
                raise PathConflict(f"“{path}” is a file, not a folder.")
            folder = node.id if node is not None else self._new_folders.get(path)
            if folder is None:
                folder = self._new_folders[path] = uuid4().hex
                self.add(create(folder, name, parent, "folder"))
            parent = folder
        return parent

    async def commit(self, author: str) -> bool:
        """Carry out what was gathered; durable on return. False when there was nothing to do.

        Others see it at once, except that more than a thousand changes come one thousand after the other.

        Raises:
            storage.leases.LeaseUnavailable: the lease was lost meanwhile; nothing has changed.
        """
        if not self._lease.valid:
            raise LeaseUnavailable(self._lease.name)
        for start in range(0, len(self._changes), NODES_PER_UPDATE):
            if start:
                await asyncio.sleep(0)
            part = self._changes[start : start + NODES_PER_UPDATE]
            client = fresh_client_id(self._room.clients)
            self._room.apply(tree_update(self._room.doc, part, client), author)
        await self._room.durable()
        return bool(self._changes)
