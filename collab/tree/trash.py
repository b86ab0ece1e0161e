"""The trash of a workspace: what was deleted, by whom, and its way back.

That something was deleted is one field of its node in the shared tree. Who did it cannot stand there, where everybody
may write anything: collection ``trash``, {_id: node, workspace, deleted_at, by}, has it for what was deleted over HTTP,
and holds only for the `deleted_at` that it names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from pymongo import ASCENDING

from collab.documents.records import BATCH, Documents
from collab.tree import edits as treeedits
from collab.tree.rule import Kind, Node, Trashed
from collab.tree.trees import TreeChange, Trees
from storage import Storage


class NotInTrash(LookupError):
    """Nothing that was deleted has this id; the message says so in a sentence."""


@dataclass(frozen=True, slots=True)
class TrashEntry:
    id: str
    path: str
    """Where it was, and where it goes back to as far as nothing has taken its place."""
    kind: Kind
    size: int | None
    """Bytes of the plain file, of a text as of its last settle; None for a folder."""
    deleted_at: datetime | None
    """None when the client that deleted it wrote something else there than a time."""
    by: str | None
    """Author ("user:<id>", "job:<id>"); None when it was deleted over the sync socket."""


class Trash:
    """Raises as `collab.tree.trees.Trees` does."""

    def __init__(self, storage: Storage, trees: Trees, documents: Documents) -> None:
        self._notes = storage.db["trash"]
        self._trees = trees
        self._documents = documents

    async def ensure_indexes(self) -> None:
        await self._notes.create_index([("workspace", ASCENDING)])

    async def list(self, workspace: str) -> list[TrashEntry]:
        """What was deleted itself, newest first; what a deleted folder holds comes back with it."""
        listed = await self._trees.trash(workspace)
        records = await self._documents.find_all(trashed.id for trashed, _ in listed if trashed.kind != "folder")
        by = await self._authors([trashed for trashed, _ in listed])
        entries = []
        for trashed, path in listed:
            record = records.get(trashed.id)
            if trashed.kind != "folder" and (record is None or record.workspace != workspace):
                continue  # a node that belongs to no document of this workspace
            kind: Kind = record.kind if record is not None else "folder"
            size = record.size if record is not None else None
            entries.append(TrashEntry(trashed.id, path, kind, size, _time(trashed.deleted_at), by.get(trashed.id)))
        return sorted(entries, key=lambda entry: entry.deleted_at or _BEFORE_ALL, reverse=True)

    async def restore(self, workspace: str, node: str, author: str) -> Node:
        """Bring something back to where it was, with what it held. Durable on return.

        Folders around it that are in the trash too come back with it if they hold nothing else, and are made anew
        otherwise, since restoring them would bring back more than was asked for. A name that is taken meanwhile gets a
        number.

        Raises:
            NotInTrash: also for something inside a deleted folder that was not deleted itself.
        """
        async with self._trees.change(workspace) as change:
            trashed = change.tree.trash.get(node)
            if trashed is None or not await self._is_ours(workspace, trashed):
                raise NotInTrash("There is no such thing in the trash.")
            folder, back = _folder_for(change, node)
            name = change.tree.free_name(folder, trashed.name, trashed.kind)
            change.add(treeedits.restore(node, name, folder))
            await change.commit(author)
            restored = change.tree.nodes.get(node)
        await self._notes.delete_many({"_id": {"$in": [node, *back]}})
        if restored is None:
            raise NotInTrash("Somebody has deleted it again.")
        return restored

    async def delete(self, change: TreeChange, workspace: str, node: str, author: str) -> None:
        """Add to ``change`` that ``node`` goes to the trash."""
        deletion = treeedits.delete(node, datetime.now(UTC))
        note = {"workspace": workspace, "by": author, **deletion.fields}
        # Before the deletion: a note of something that did not happen names a time that nothing has.
        await self._notes.update_one({"_id": node}, {"$set": note}, upsert=True)
        change.add(deletion)

    async def deleted_by(self, workspace: str, node: str) -> str | None:
        """Who moved ``node`` to the trash, as in `TrashEntry`; None also when it is not there."""
        listed = [trashed for trashed, _ in await self._trees.trash(workspace) if trashed.id == node]
        return (await self._authors(listed)).get(node)

    async def _is_ours(self, workspace: str, trashed: Trashed) -> bool:
        if trashed.kind == "folder":
            return True
        record = await self._documents.find(trashed.id)
        return record is not None and record.workspace == workspace

    async def _authors(self, listed: Sequence[Trashed]) -> dict[str, str]:
        deleted_at = {trashed.id: trashed.deleted_at for trashed in listed}
        ids = list(deleted_at)
        by: dict[str, str] = {}
        for start in range(0, len(ids), BATCH):
            query: dict[str, Any] = {"_id": {"$in": ids[start : start + BATCH]}}
            async for note in self._notes.find(query):
                if note["deleted_at"] == deleted_at[note["_id"]]:
                    by[note["_id"]] = note["by"]
        return by


def _folder_for(change: TreeChange, node: str) -> tuple[str | None, list[str]]:
    """The folder that ``node`` comes back to, once ``change`` is carried out, and those that come back for it."""
    whence = change.whence(node)
    folder = whence.folder
    back: list[str] = []
    alone = _holding_nothing_else(change, [*whence.ids, node])
    for inner, name in zip(whence.ids, whence.names, strict=True):
        taken = name in change.tree.children.get(folder, {})
        # One that was not deleted itself is visible with the folder around it, if that one comes back.
        comes_along = inner not in change.tree.trash and folder in back
        if comes_along:
            back.append(inner)
        elif inner in change.tree.trash and inner in alone and not taken:
            change.add(treeedits.restore(inner, name, folder))
            back.append(inner)
        folder = inner if inner in back else change.folder_in(folder, name)
    return folder, back


def _holding_nothing_else(change: TreeChange, chain: Sequence[str]) -> set[str]:
    """Those of a ``chain`` of folders, each in the one before it, that would bring back nothing but what is in it."""
    alone = {chain[-1]}
    for folder, inner in reversed([*pairwise(chain)]):
        if set(change.inside(folder)) <= {inner} and (inner in alone or inner in change.tree.trash):
            alone.add(folder)
    return alone


_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


def _time(written: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(written)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
