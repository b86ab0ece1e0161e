"""The legal trees of workspaces, read from their rooms and changed under a lease."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from itertools import islice
from typing import Any
from uuid import uuid4
from weakref import WeakKeyDictionary

import structlog
from pycrdt import Doc, Map

from collab.documents.records import tree_id
from collab.durable.snapshots import DocumentGone, DocumentNotFound
from collab.faults import is_fault
from collab.replicas.edits import fresh_client_id
from collab.rooms.present import lacking
from collab.rooms.room import Room
from collab.rooms.rooms import Rooms
from collab.tree.edits import NodeChange, TreeDraft, create, new_nodes
from collab.tree.followed import TreeState, Whence
from collab.tree.paths import join
from collab.tree.rule import Trashed, Tree
from storage.leases import Lease, Leases, LeaseUnavailable

log = structlog.get_logger(__name__)

LEASE = 15.0
"""Seconds after which another process may change a tree whose changer has died."""

NODES_PER_UPDATE = 1000
"""So that reading and applying one update holds up nobody for longer than some 20 ms."""

NODES_PER_TURN = 100
"""How many changed nodes are worked out before others have their turn on the loop: some 2 ms, and 40 ms where each name
is as many combining marks as are looked at."""


class _Followed:
    """The legal tree of one document, kept up as the document changes."""

    def __init__(self, doc: Doc[Any]) -> None:
        self.doc = doc
        self._draft: TreeDraft | None = None
        self._stop_drafting: Callable[[], None] = _nothing
        self.gone: set[str] = set()
        """Texts that were visible and are not, until somebody takes them out of here."""
        self.state = TreeState()
        self._nodes: Map[Any] = doc.get("nodes", type=Map)
        # Not a method of ours: the document would keep us, and we keep it, through Rust, where no collector looks.
        changed = self._changed = dict.fromkeys(self._nodes.keys())

        def note(events: list[Any]) -> None:
            for event in events:
                changed.update(dict.fromkeys([str(event.path[0])] if event.path else event.keys))

        self._subscription = self._nodes.observe_deep(note)

    async def ready(self) -> None:
        """Return when no more has changed than can be worked out in one turn."""
        while len(self._changed) > NODES_PER_TURN:
            self._work_out(NODES_PER_TURN)
            await asyncio.sleep(0)

    @property
    def tree(self) -> Tree:
        if self._changed:
            self._work_out(len(self._changed))
        return self.state.tree

    def draft(self, room: Room) -> TreeDraft:
        """Made when the first change is."""
        if self._draft is None:
            self._draft = TreeDraft(self.doc)
            self._stop_drafting = room.audience.observe(self._draft.follow)
        return self._draft

    def drop_draft(self) -> None:
        self._stop_drafting()
        self._draft, self._stop_drafting = None, _nothing

    def _work_out(self, most: int) -> None:
        keys = list(islice(self._changed, most))
        with self.doc.transaction():  # one for all, instead of one for each look
            changes = {key: json.loads(str(self._nodes[key])) if key in self._nodes else None for key in keys}
        for key in keys:
            del self._changed[key]
        for key, node in self.state.update(changes).items():
            if node is not None and node.kind == "text":
                self.gone.add(key)


class PathConflict(ValueError):
    """Something is in the way; the message says what. Nothing has changed."""


class Trees:
    def __init__(self, rooms: Rooms, leases: Leases) -> None:
        self._rooms = rooms
        self._leases = leases
        self._followed: WeakKeyDictionary[Room, _Followed] = WeakKeyDictionary()
        self._dismissing: set[asyncio.Task[None]] = set()
        self._lacked: dict[str, dict[str, int]] = {}
        """`collab.rooms.present.lacking`, when somebody was last looked for in deleted texts."""
        rooms.on_change(self._logged)

    async def read(self, workspace: str, *, fresh: bool = False) -> Tree:
        """The tree as this process knows it; ``fresh`` makes sure of all that other processes have logged.

        It goes on changing: whoever looks at it again after an await sees it as it is then.

        Raises:
            collab.durable.snapshots.DocumentNotFound: no such workspace.
            pymongo.errors.PyMongoError, obstore.exceptions.BaseError: storage is away.
        """
        return (await self._state(workspace, fresh=fresh)).tree

    async def trash(self, workspace: str) -> list[tuple[Trashed, str]]:
        """What was deleted, in no order, and the path that each would have if it had not been. Raises as `read`."""
        state = await self._state(workspace, fresh=True)
        listed = []
        for number, trashed in enumerate(list(state.tree.trash.values())):
            if number % NODES_PER_TURN == 0:
                await asyncio.sleep(0)
            if trashed.id in state.tree.trash:
                whence = state.whence(trashed.id)
                above = [state.tree.nodes[whence.folder].path] if whence.folder else []
                listed.append((trashed, join([*above, *whence.names, trashed.name])))
        return listed

    async def holds(self, workspace: str, node: str) -> bool:
        """Whether anybody has ever put ``node`` into the tree, be it in the trash by now. Raises as `read`."""
        return (await self._state(workspace, fresh=True)).holds(node)

    async def _state(self, workspace: str, *, fresh: bool) -> TreeState:
        async with self._rooms.open(tree_id(workspace)) as room:
            if fresh:
                await self._rooms.catch_up(room)
            return (await self._follow(room)).state

    async def _follow(self, room: Room) -> _Followed:
        """The legal tree of an open room, up to date until the next await."""
        while True:
            room.flush()
            followed = self._followed.get(room)
            # A room that was rebuilt after a panic has another document.
            if followed is None or followed.doc is not room.doc:
                if followed is not None:
                    followed.drop_draft()
                followed = self._followed[room] = _Followed(room.doc)
            await followed.ready()
            if followed.doc is room.doc:
                room.flush()
                assert followed.tree is followed.state.tree
                return followed

    # ---- whoever is in a file that is deleted

    def _logged(self, workspace: str, document: str) -> None:
        """Send away who is in texts that an update of this process has deleted, whatever client wrote it.

        They would go on in it unseen, and be told that all is saved.
        """
        if document == tree_id(workspace):
            for room in [room for room in self._followed if room.document == document]:
                task = asyncio.create_task(self._dismiss(room), name=f"dismiss from {workspace}")
                self._dismissing.add(task)
                task.add_done_callback(self._dismissing.discard)

    async def _dismiss(self, room: Room) -> None:
        followed = await self._follow(room)
        gone, followed.gone = followed.gone, set()
        # What has come back meanwhile is nobody's loss.
        await self._rooms.dismiss(gone - followed.tree.nodes.keys())

    async def send_away_from_deleted(self) -> None:
        """Send away who is connected here to texts that some process has deleted, whether the bus told us or not.

        Costs a few queries, however many workspaces people are in, as long as their trees here lack nothing. One whose
        tree cannot be read keeps nobody in the deleted files of the others.

        Raises:
            pymongo.errors.PyMongoError: storage is away.
        """
        texts: defaultdict[str, list[Room]] = defaultdict(list)
        for room in self._rooms.open_rooms:
            if room.kind == "text" and room.audience.connections:
                texts[room.workspace].append(room)
        behind = await lacking(self._rooms, [tree_id(workspace) for workspace in texts])
        for workspace, rooms in texts.items():
            tree = tree_id(workspace)
            # Once for the same numbers: what rests on something that is lost waits in the log for ever, and each
            # reading loads the whole tree.
            more = behind.get(tree) != self._lacked.get(tree)
            try:
                nodes = (await self.read(workspace, fresh=more)).nodes
                for room in rooms:
                    if room.document not in nodes:
                        room.dismiss()
            except (DocumentNotFound, DocumentGone):
                continue  # then its members are out too
            except BaseException as error:
                if not is_fault(error):
                    raise
                log.warning("cannot look for deleted files", workspace=workspace, error=repr(error))
                behind.pop(tree, None)  # or it would not be read the next time
        self._lacked = behind

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
            yield TreeChange(await self._follow(room), room, lease)


class TreeChange:
    """Gathers changes on top of `tree`, then carries them out together. No field of a node may change twice."""

    def __init__(self, followed: _Followed, room: Room, lease: Lease) -> None:
        self._followed = followed
        self._room = room
        self._lease = lease
        self._changes: list[NodeChange] = []
        self._new_folders: dict[tuple[str | None, str], str] = {}

    @property
    def tree(self) -> Tree:
        self._room.flush()
        return self._followed.tree

    def whence(self, node: str) -> Whence:
        """Where a node in the trash was."""
        return self._followed.state.whence(node)

    def inside(self, folder: str) -> Collection[str]:
        """See `collab.tree.followed.TreeState.inside`."""
        return self._followed.state.inside(folder)

    @property
    def new_folders(self) -> tuple[str, ...]:
        """Ids of those that `folder` and `folder_in` create, outer ones first."""
        return tuple(self._new_folders.values())

    def add(self, *changes: NodeChange) -> None:
        self._changes += changes

    def folder(self, names: Sequence[str]) -> str | None:
        """Id of the folder at ``names`` (None for the root), which is created with those around it if need be.

        Raises:
            PathConflict: a file is in the way.
        """
        parent: str | None = None
        for depth, name in enumerate(names, 1):
            node = self.tree.children.get(parent, {}).get(name)
            if node is not None and node.kind != "folder":
                raise PathConflict(f"“{join(names[:depth])}” is a file, not a folder.")
            parent = self.folder_in(parent, name)
        return parent

    def folder_in(self, parent: str | None, name: str) -> str:
        """Id of the folder ``name`` in the folder ``parent``, created if need be; numbered if a file has the name."""
        node = self.tree.children.get(parent, {}).get(name)
        if node is not None and node.kind == "folder":
            return node.id
        if (folder := self._new_folders.get((parent, name))) is None:
            folder = self._new_folders[parent, name] = uuid4().hex
            self.add(create(folder, self.tree.free_name(parent, name, "folder"), parent, "folder"))
        return folder

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
            self._apply(self._changes[start : start + NODES_PER_UPDATE], author)
        await self._room.durable()
        return bool(self._changes)

    def _apply(self, changes: Sequence[NodeChange], author: str) -> None:
        room, followed = self._room, self._followed
        room.flush()
        client = fresh_client_id(room.clients)
        if all(change.new for change in changes):
            room.apply(new_nodes(changes, client), author)
            return
        try:
            room.apply(followed.draft(room).update(changes, client), author)
        except BaseException:
            # The draft now holds what the room has refused.
            followed.drop_draft()
            raise


def _nothing() -> None: ...
