"""The drive: every settled document as a plain file at ``drive/<workspace>/<path>`` of the object store.

It is what backup tools and people with an S3 client see. Nothing is read back from it. A document that has been quiet
for two seconds settles; whoever types without a pause settles twice a minute. What is to be done is kept in memory, for
it can always be found out again: the sweep compares records, tree, log and drive, at start and every hour, and repairs
what crashes have left.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Collection
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

import structlog

from collab.documents.announcements import TYPES, News
from collab.documents.records import DriveState, FileRecord, drive_folder, tree_id
from collab.drive.settling import Settling
from collab.durable.snapshots import DocumentGone, DocumentNotFound
from collab.faults import is_fault
from collab.files.files import Files
from collab.refusals import RoomClosed
from collab.rooms.rooms import Rooms
from collab.tree.rule import Node
from storage import Storage
from storage.errors import STORAGE_AWAY
from storage.leases import Lease, LeaseUnavailable
from storage.waiting import end

log = structlog.get_logger(__name__)

QUIET = 2.0
"""Seconds without a change after which a document settles."""

LONGEST = 30.0
"""Seconds after which a document settles although it is still being changed."""

RETRY, RETRY_BROKEN = 10.0, 300.0
"""Seconds until settling is tried again: after storage was away, or the tree's room closed for a moment; and when
something is wrong with the document."""

TICK = 0.25
"""Seconds between two looks at what has become quiet."""

FIRST_SWEEP, SWEEP_EVERY = 5.0, 3600.0

LEASE = 30.0
"""Seconds after which another process may write the drive of a workspace whose writer has died."""

PASSES = 4
"""Workspaces that settle at a time."""

GRACE = 20.0
"""Seconds for settling what is due when the process ends; the sweep of the next start finds the rest."""

REMEMBERED_TREES = 64

NODES_PER_TURN = 2000
"""How many nodes are compared before others have their turn on the loop: some 2 ms."""

SKEW = timedelta(minutes=1)
"""How far clocks of processes may differ, and how long a write to the log may take, without the sweep missing it."""

_LONG_AGO = datetime.fromtimestamp(0, UTC)


@dataclass(slots=True)
class _Due:
    first: float
    last: float

    @property
    def at(self) -> float:
        return min(self.last + QUIET, self.first + LONGEST)


class Drive:
    """Writes the drive of all workspaces. Several processes may; a lease for each workspace keeps them apart."""

    def __init__(self, storage: Storage, rooms: Rooms, files: Files) -> None:
        self._storage = storage
        self._updates = rooms.updates
        self._contents = files.contents
        self._history = files.history
        self._documents = files.contents.documents
        self._trees = files.trees
        self._renewal = files.renewal
        self._due: dict[str, dict[str, _Due]] = {}
        self._woken = asyncio.Event()
        self._gate = asyncio.Semaphore(PASSES)
        self._passes: dict[str, asyncio.Task[None]] = {}
        self._placed: OrderedDict[str, dict[str, str]] = OrderedDict()
        """Workspace → document → path: what the tree said when this process last brought the drive in line."""
        rooms.on_change(self.touch)
        files.on_change(self.touch)

    def touch(self, workspace: str, document: str) -> None:
        """``document``, perhaps the tree, has changed: it settles when it has been quiet."""
        now = time.monotonic()
        documents = self._due.setdefault(workspace, {})
        if (due := documents.get(document)) is not None:
            due.last = now
        else:
            documents[document] = _Due(now, now)
            self._woken.set()

    async def run(self) -> None:
        """Settle what has become quiet, until cancelled; then what is due. Cancel it before the rooms are closed."""
        sweeping = asyncio.create_task(self._sweep_regularly(), name="drive sweep")
        try:
            while True:
                await self._woken.wait()
                await asyncio.sleep(TICK)
                now = time.monotonic()
                for workspace in [key for key in self._due if key not in self._passes]:
                    if ready := {key: due for key, due in self._due[workspace].items() if due.at <= now}:
                        self._begin(workspace, ready, {key for key, due in ready.items() if due.last + QUIET > now})
                if not self._due:
                    self._woken.clear()
        finally:
            await end([sweeping])
            await self.settle_due()

    async def settle_due(self) -> None:
        """Settle all that is due without waiting for quiet. Each once: what fails now would fail again."""
        try:
            async with asyncio.timeout(GRACE):
                await asyncio.gather(*self._passes.values())
                for workspace in list(self._due):
                    self._begin(workspace, list(self._due[workspace]))
                await asyncio.gather(*self._passes.values())
        except TimeoutError:
            log.warning("the drive is not up to date", workspaces=len(self._passes))

    def _begin(self, workspace: str, documents: Collection[str], busy: Collection[str] = ()) -> None:
        due = self._due[workspace]
        for document in documents:
            last = due.pop(document).last
            if document in busy:
                # Once more when it is quiet, also when nothing follows: only then does it surely get a version.
                due[document] = _Due(time.monotonic(), last)
        if not due:
            del self._due[workspace]
        task = asyncio.create_task(self._settle(workspace, set(documents), busy), name=f"settle {workspace}")
        self._passes[workspace] = task
        task.add_done_callback(lambda _: self._passes.pop(workspace))

    def _again(self, workspace: str, documents: Collection[str], wait: float) -> None:
        later = time.monotonic() + wait - QUIET
        for document in documents:
            self._due.setdefault(workspace, {}).setdefault(document, _Due(later, later))
        self._woken.set()

    # ---- settling

    async def _settle(self, workspace: str, documents: set[str], busy: Collection[str]) -> None:
        tree_document = tree_id(workspace)
        try:
            async with self._gate, self._lease(workspace) as lease:
                nodes = await self._nodes(workspace)
                moved = await self._moved(workspace, nodes) if tree_document in documents else set()
                await self._bring(workspace, nodes, lease, documents - {tree_document}, moved, busy)
        except (DocumentNotFound, DocumentGone):
            log.info("no drive for a workspace that is gone", workspace=workspace)
        except (LeaseUnavailable, RoomClosed, *STORAGE_AWAY) as error:
            log.warning("settling put off", workspace=workspace, documents=len(documents), error=str(error))
            self._again(workspace, documents, RETRY)
        except BaseException as error:
            if not is_fault(error):
                raise
            log.exception("settling failed", workspace=workspace)
            self._again(workspace, documents, RETRY_BROKEN)

    async def _nodes(self, workspace: str) -> dict[str, Node]:
        """The nodes of the tree, which itself goes on changing during a pass."""
        return dict((await self._trees.read(workspace, fresh=True)).nodes)

    async def _moved(self, workspace: str, nodes: dict[str, Node]) -> set[str]:
        """Documents whose paths are others than when this process last looked; at first, than the records say."""
        placed = self._placed.get(workspace)
        if placed is None:
            placed = self._placed[workspace] = await self._documents.claimed_paths(workspace)
            if len(self._placed) > REMEMBERED_TREES:
                self._placed.popitem(last=False)
        self._placed.move_to_end(workspace)
        moved = {key for key in placed if (node := nodes.get(key)) is None or node.kind == "folder"}
        for number, node in enumerate(nodes.values()):
            if number % NODES_PER_TURN == 0:
                await asyncio.sleep(0)
            if node.kind != "folder" and placed.get(node.id) != node.path:
                moved.add(node.id)
        return moved

    async def _bring(
        self,
        workspace: str,
        nodes: dict[str, Node],
        lease: Lease,
        dirty: Collection[str],
        moved: Collection[str],
        busy: Collection[str] = (),
    ) -> None:
        settling = Settling(
            self._storage.objects, self._contents, self._history, workspace, nodes, lease, self._announce, busy
        )
        failed = await settling.run(dirty, moved)
        if moved and (placed := self._placed.get(workspace)) is not None:
            for key in moved:
                node = nodes.get(key)
                if node is not None and node.kind != "folder" and key not in failed:
                    placed[key] = node.path
                else:
                    placed.pop(key, None)  # what failed is forgotten, and so compared again
        if failed:
            self._again(workspace, {*failed, tree_id(workspace)}, RETRY_BROKEN)

    async def _announce(self, workspace: str, news: News) -> None:
        await self._storage.events.append(workspace, TYPES[type(news)], asdict(news))

    def _lease(self, workspace: str) -> AbstractAsyncContextManager[Lease]:
        return self._storage.leases.hold(f"drive:{workspace}", LEASE, wait=LEASE)

    # ---- the sweep

    async def _sweep_regularly(self) -> None:
        next_time: dict[str, float] = {}
        """Of the workspaces whose sweep was put off."""
        all_of_them = time.monotonic() + FIRST_SWEEP
        while True:
            until = min(all_of_them, *next_time.values()) if next_time else all_of_them
            await asyncio.sleep(until - time.monotonic())
            try:
                if time.monotonic() >= all_of_them:
                    next_time = dict.fromkeys(await self._documents.workspaces(), 0.0)
                    all_of_them = time.monotonic() + SWEEP_EVERY
            except STORAGE_AWAY as error:
                log.warning("sweep of the drive put off", error=str(error))
                all_of_them = time.monotonic() + RETRY
            for workspace in [one for one, at in next_time.items() if at <= time.monotonic()]:
                del next_time[workspace]
                # One that fails does not keep the others from being swept, neither now nor the next time.
                if (wait := await self._sweep_or_put_off(workspace)) is not None:
                    next_time[workspace] = time.monotonic() + wait

    async def _sweep_or_put_off(self, workspace: str) -> float | None:
        """In how many seconds to try again."""
        try:
            await self.sweep(workspace)
        except (DocumentNotFound, DocumentGone):
            log.info("no sweep of a workspace that is gone", workspace=workspace)
        except (LeaseUnavailable, RoomClosed, *STORAGE_AWAY) as error:
            log.warning("sweep of the drive put off", workspace=workspace, error=str(error))
            return RETRY
        except BaseException as error:
            if not is_fault(error):
                raise
            log.exception("the sweep of a drive failed", workspace=workspace)
            return RETRY_BROKEN
        return None

    async def sweep(self, workspace: str) -> None:
        """Compare all of a workspace's drive with what it should be, and mend it.

        Raises:
            LeaseUnavailable, DocumentNotFound, DocumentGone
            pymongo.errors.PyMongoError, obstore.exceptions.BaseError, OSError: storage is away.
        """
        await self._renewal.finish(workspace)
        async with self._gate, self._lease(workspace) as lease:
            nodes = await self._nodes(workspace)
            records = await self._documents.of_workspace(workspace)
            lost = await self._void_lost_claims(workspace, records.values())
            written = await self._updates.latest(key for key, record in records.items() if record.kind == "text")
            paths = _paths(nodes)
            moved = {
                key for key, record in records.items() if record.drive.leftovers or record.drive.path != paths.get(key)
            }
            dirty = {key for key, record in records.items() if _may_be_old(record, written.get(key, _LONG_AGO))}
            # Whoever logged that lets it settle in a moment, and knows better who took part.
            recently = datetime.now(UTC) - timedelta(seconds=QUIET)
            busy = {key for key, at in written.items() if at > recently}
            await self._bring(workspace, nodes, lease, dirty & paths.keys(), moved | lost, busy)
            await self._history.versions.remove_retired(workspace)

    async def _void_lost_claims(self, workspace: str, records: Collection[FileRecord]) -> set[str]:
        """Documents whose files somebody has removed or replaced on the store claim nothing any more."""
        folder = drive_folder(workspace)
        there = {info.key.removeprefix(folder): info.size async for info in self._storage.objects.list(folder)}
        lost = [
            (record, DriveState(leftovers=(*record.drive.leftovers, record.drive.path)))
            for record in records
            if record.drive.path is not None and there.get(record.drive.path) != record.drive.size
        ]
        await self._documents.set_drive(lost)
        return {record.id for record, _ in lost}


def _paths(nodes: dict[str, Node]) -> dict[str, str]:
    return {node.id: node.path for node in nodes.values() if node.kind != "folder"}


def _may_be_old(record: FileRecord, written_at: datetime) -> bool:
    """Whether the drive may lack something of a document. ``written_at`` is when the log last got something of it."""
    drive = record.drive
    if record.kind == "binary":
        return drive.hash != record.blob
    return drive.seen_at is None or max(written_at, record.folded_at or _LONG_AGO) > drive.seen_at - SKEW
