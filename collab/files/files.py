"""Files and folders of a workspace by path: what the HTTP interface, imports and the assistant work with.

Between `collab.tree.trees`, which says what is where, and `collab.documents.contents`, which holds what is in it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO

from collab.commenting.comments import Comments
from collab.documents.contents import Content, Contents, Expectation, FileTooLarge, Plain, check
from collab.documents.records import FileRecord
from collab.documents.textfile import TextFormat
from collab.durable.snapshots import DocumentGone, DocumentNotFound
from collab.files.archive import Archive, ArchiveWriter
from collab.files.erasing import erase_workspace
from collab.files.importing import Import, ImportReport
from collab.history.history import History
from collab.history.renewal import Renewal
from collab.limits import Limits
from collab.rooms.present import text_of
from collab.rooms.rooms import Rooms
from collab.searching.replacing import Replacing
from collab.searching.search import Search
from collab.searching.texts import SearchTexts
from collab.tree import edits as treeedits
from collab.tree.paths import MAX_PATH_BYTES, InvalidPath, join, parse_path
from collab.tree.rule import Kind, Node, Tree
from collab.tree.trash import NotInTrash, Trash
from collab.tree.trees import PathConflict, Trees
from storage import Storage
from storage.leases import Lease

__all__ = [
    "FileContent",
    "FileEntry",
    "FileInfo",
    "FileNotFound",
    "FileTooLarge",
    "Files",
    "ImportReport",
    "InvalidPath",
    "NewText",
    "PathConflict",
    "Written",
]


ENTRIES_PER_TURN = 1000
"""How many files are listed before others have their turn on the loop: some 3 ms."""


class FileNotFound(LookupError):
    """Nothing of that kind is at this path; the message says so in a sentence."""


@dataclass(frozen=True, slots=True)
class FileEntry:
    id: str
    path: str
    kind: Kind
    size: int | None
    """Bytes of the plain file, of a text as of its last settle; None for a folder."""
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class FileInfo(FileEntry):
    format: TextFormat | None
    """None for a binary file."""


@dataclass(frozen=True, slots=True)
class FileContent:
    entry: FileEntry
    plain: Plain


@dataclass(frozen=True, slots=True)
class NewText:
    id: str
    """Of its document."""
    folders: tuple[str, ...]
    """Ids of those that were made for it, outer ones first."""


@dataclass(frozen=True, slots=True)
class Written:
    id: str
    created: bool
    changed: bool
    """False when the file held exactly this already."""


class Files:
    """Paths are as `paths.parse_path` takes them, authors "user:<id>" or "job:<id>".

    Every method may raise InvalidPath; collab.durable.snapshots.DocumentNotFound for an unknown workspace;
    storage.leases.LeaseUnavailable when somebody else changes the tree for too long; pymongo.errors.PyMongoError,
    obstore.exceptions.BaseError or OSError when storage is away.
    """

    def __init__(self, storage: Storage, rooms: Rooms, limits: Limits | None = None) -> None:
        self._storage = storage
        self._rooms = rooms
        self._limits = limits or Limits()
        self.contents = Contents(storage, rooms)
        self.history = History(storage, rooms, self.contents)
        self._documents = self.contents.documents
        self.trees = Trees(rooms, storage.leases)
        self.comments = Comments(storage, rooms)
        self.renewal = Renewal(rooms, self.trees, self.contents, self.history.versions, self.comments, storage.objects)
        self.trash = Trash(storage, self.trees, self._documents)
        self.search_texts = SearchTexts(storage, rooms, self.trees, self.contents)
        self.search = Search(self.trees, self.search_texts)
        self.replacing = Replacing(rooms, self.trees, self.contents, self._limits)

    async def ensure_indexes(self) -> None:
        await self._documents.ensure_indexes()
        await self.trash.ensure_indexes()
        await self.history.versions.ensure_indexes()
        await self.comments.ensure_indexes()

    async def create_workspace(self, workspace: str) -> None:
        """Give a new workspace its empty tree. Safe to repeat."""
        await self._documents.create_tree(workspace)

    async def erase_workspace(self, workspace: str) -> None:
        """Remove everything of a deleted workspace: see `collab.files.erasing`. Safe to repeat."""
        await erase_workspace(self._storage, self._rooms, workspace)

    def on_change(self, callback: Callable[[str, str], None]) -> None:
        """Call ``callback(workspace, document)`` after content was stored that no room has logged."""
        self.contents.on_change(callback)

    # ---- looking

    async def tree(self, workspace: str) -> Tree:
        return await self.trees.read(workspace)

    async def list(self, workspace: str) -> list[FileEntry]:
        """Every file and folder, folders before what they hold."""
        records = await self._documents.summaries(workspace)
        entries = []
        for number, node in enumerate(list((await self.trees.read(workspace)).nodes.values())):
            if number % ENTRIES_PER_TURN == 0:
                await asyncio.sleep(0)
            if node.kind == "folder":
                entries.append(FileEntry(node.id, node.path, "folder", None, None))
            elif (summary := records.get(node.id)) is not None:
                entries.append(FileEntry(node.id, node.path, summary.kind, summary.size, summary.updated_at))
        return entries

    async def newest(self, workspace: str, most: int, *, among: Collection[str] = ()) -> Sequence[FileEntry]:
        """The texts that have settled last, anywhere, the newest first: at most ``most``, behind those ``among``."""
        named, records = await asyncio.gather(self._documents.find_all(among), self._documents.newest(workspace, most))
        nodes = (await self.trees.read(workspace)).nodes
        others = [record for record in records.values() if record.id not in named]
        return [
            FileEntry(record.id, nodes[record.id].path, record.kind, record.size, record.updated_at)
            for record in (*named.values(), *others)
            if record.kind == "text" and record.workspace == workspace and record.id in nodes
        ]

    async def entry(self, workspace: str, path: str) -> FileEntry:
        """Raises FileNotFound."""
        node = await self._node(workspace, join(parse_path(path)))
        if node.kind == "folder":
            return FileEntry(node.id, node.path, "folder", None, None)
        record = await self._record(workspace, node)
        return FileEntry(node.id, node.path, record.kind, record.size, record.updated_at)

    async def describe(self, workspace: str, document: str) -> FileInfo:
        """A file by id. Raises FileNotFound, also for one in the trash."""
        node = (await self.trees.read(workspace)).nodes.get(document)
        record = await self._documents.find(document)
        if node is None or record is None or record.workspace != workspace:
            raise FileNotFound("There is no such file.")
        written = record.format if record.kind == "text" else None
        return FileInfo(node.id, node.path, record.kind, record.size, record.updated_at, written)

    async def path_of(self, document: str) -> str | None:
        """None for an unknown document and for one in the trash."""
        record = await self._documents.find(document)
        if record is None:
            return None
        node = (await self.trees.read(record.workspace)).nodes.get(document)
        return node.path if node else None

    async def shows(self, workspace: str, document: str) -> bool:
        """Whether the file is in the tree, and not in the trash."""
        if document in (await self.trees.read(workspace)).nodes:
            return True
        # Perhaps another process made or restored it a moment ago.
        return document in (await self.trees.read(workspace, fresh=True)).nodes

    async def read(self, workspace: str, path: str) -> FileContent:
        """Raises FileNotFound, also for a folder."""
        node = await self._node(workspace, join(parse_path(path)))
        if node.kind == "folder":
            raise FileNotFound(f"“{node.path}” is a folder.")
        return await self._content(node.path, await self._record(workspace, node))

    async def _content(self, path: str, record: FileRecord) -> FileContent:
        try:
            plain = await self.contents.read(record)
        except (DocumentNotFound, DocumentGone):
            raise FileNotFound(f"There is no file “{path}”.") from None
        return FileContent(FileEntry(record.id, path, record.kind, plain.size, record.updated_at), plain)

    async def _node(self, workspace: str, path: str) -> Node:
        node = (await self.trees.read(workspace)).by_path.get(path)
        if node is None:
            # Perhaps another process made it a moment ago: who was told 201 must find it here too.
            node = (await self.trees.read(workspace, fresh=True)).by_path.get(path)
        if node is None:
            raise FileNotFound(f"There is no “{path}”.")
        return node

    async def _record(self, workspace: str, node: Node) -> FileRecord:
        record = await self._documents.find(node.id)
        if record is None or record.workspace != workspace:
            # Somebody put a node into the shared tree that belongs to no document of this workspace.
            raise FileNotFound(f"There is no file “{node.path}”.")
        return record

    # ---- writing

    async def write(
        self, workspace: str, path: str, raw: bytes, author: str, expects: Expectation | None = None
    ) -> Written:
        """Make ``raw`` the content of the file at ``path``, with the folders that it needs. Durable on return.

        A text that stays text is edited where it differs, and people who have it open see the edit. When text becomes
        binary or the other way round, the file gets a new document, and the old one goes to the trash: a shared text
        is never emptied, and its id never means something else. A text that has only grown too large to be shared is
        refused instead: people who have the file open would go on in one that is in the trash.

        ``expects`` is told of the very file that is written over, or of the very text from which the edit is worked
        out.

        Raises:
            PathConflict: a folder is there, or a file where a folder would have to be.
            FileTooLarge
            Whatever ``expects`` raises. Nothing has changed.
        """
        names = parse_path(path)
        content = await Content.of(raw, self._limits)
        while True:
            node = await self._at(workspace, names)
            if node is None or node.kind == "folder":
                if (new := await self._place(workspace, names, node, content, author, expects)) is not None:
                    return new
                continue
            async with self.contents.alone(node.id) as lease:
                # It may have been deleted or moved since, also while others had the right.
                if node != await self._at(workspace, names):
                    continue
                if node.kind == "text" and content.too_large_to_share:
                    raise FileTooLarge(f"A shared text has at most {self._limits.text_document} bytes.")
                written = await self._write_over(workspace, node, content, author, lease, expects)
                if written is not None:
                    return written

    async def _at(self, workspace: str, names: tuple[str, ...]) -> Node | None:
        # Another process may have moved or deleted it a moment ago, and told so.
        return (await self.trees.read(workspace, fresh=True)).by_path.get(join(names))

    async def _write_over(
        self,
        workspace: str,
        node: Node,
        content: Content,
        author: str,
        lease: Lease,
        expects: Expectation | None,
    ) -> Written | None:
        """None when it is gone, or another file is there."""
        record = await self._ours(workspace, node)
        if record is not None and record.kind == content.kind:
            try:
                changed = await self.contents.overwrite(record, content, author, lease, expects)
                return Written(record.id, False, changed)
            except (DocumentNotFound, DocumentGone):
                return None
        if expects is not None:
            expects(await self._hash(record))
        names = tuple(node.path.split("/"))
        return await self._place(workspace, names, node, content, author, None, lease)

    async def _hash(self, record: FileRecord | None) -> str | None:
        """Of the plain file as it is now, SHA-256, hex; None when there is none."""
        try:
            return (await self.contents.read(record)).hash if record is not None else None
        except (DocumentNotFound, DocumentGone):
            return None

    async def create(self, workspace: str, path: str, author: str) -> NewText:
        """A new empty text at ``path``, with the folders that it needs. Durable on return.

        Raises:
            PathConflict: something is there, or a file where a folder would have to be.
        """
        names = parse_path(path)
        content = await Content.of(b"", self._limits)
        async with self.trees.change(workspace) as change:
            if join(names) in change.tree.by_path:
                raise PathConflict(f"There is a “{join(names)}” already.")
            parent = change.folder(names[:-1])
            [record] = await self.contents.create(workspace, [content], author)
            change.add(treeedits.create(record.id, names[-1], parent, record.kind))
            await change.commit(author)
        self.contents.announce(workspace, record.id)
        return NewText(record.id, change.new_folders)

    async def delete_empty(self, workspace: str, document: str, author: str) -> None:
        """Move a text to the trash if nothing is in it. Nothing happens where it is gone, or in the trash already."""
        try:
            if await text_of(self._rooms, document):
                return
        except (DocumentNotFound, DocumentGone):
            return
        async with self.trees.change(workspace) as change:
            if document in change.tree.nodes:
                await self.trash.delete(change, workspace, document, author)
                await change.commit(author)

    async def delete_empty_folders(self, workspace: str, folders: Collection[str], author: str) -> None:
        """Move those of ``folders`` to the trash that hold nothing, or only such as go with them."""
        if not folders:
            return
        async with self.trees.change(workspace) as change:
            found = [node for folder in folders if (node := change.tree.nodes.get(folder)) and node.kind == "folder"]
            empty: set[str] = set()
            for node in sorted(found, key=lambda node: node.path.count("/"), reverse=True):
                if empty.issuperset(child.id for child in change.tree.children.get(node.id, {}).values()):
                    empty.add(node.id)
                    await self.trash.delete(change, workspace, node.id, author)
            await change.commit(author)

    async def restore_deleted_by(self, deleter: str, workspace: str, document: str, author: str) -> None:
        """Bring a text back that ``deleter`` moved to the trash. Nothing happens where somebody else did, or nobody."""
        if await self.trash.deleted_by(workspace, document) == deleter:
            with suppress(NotInTrash):  # somebody was quicker
                await self.trash.restore(workspace, document, author)

    async def _ours(self, workspace: str, node: Node) -> FileRecord | None:
        record = await self._documents.find(node.id)
        # A node without a record, or with one of another workspace, is something that a client made up.
        return record if record and record.workspace == workspace else None

    async def _place(
        self,
        workspace: str,
        names: tuple[str, ...],
        old: Node | None,
        content: Content,
        author: str,
        expects: Expectation | None,
        lease: Lease | None = None,
    ) -> Written | None:
        """A new document at a path, in place of ``old``, of which ``lease`` is the sole right; None when something else
        is there by now.
        """
        async with self.trees.change(workspace) as change:
            node = change.tree.by_path.get(join(names))
            if (node and node.id) != (old and old.id):
                return None
            if expects is not None:
                expects(None)
            if node is not None and node.kind == "folder":
                raise PathConflict(f"“{node.path}” is a folder.")
            parent = change.folder(names[:-1])
            [record] = await self.contents.create(workspace, [content], author)
            if node is not None:
                await self.trash.delete(change, workspace, node.id, author)
            change.add(treeedits.create(record.id, names[-1], parent, record.kind))
            if lease is not None:
                check(lease)
            await change.commit(author)
        self.contents.announce(workspace, record.id)
        return Written(record.id, node is None, True)

    # ---- the tree

    async def make_folder(self, workspace: str, path: str, author: str) -> bool:
        """A folder, with those around it; False when it was there. Raises PathConflict: a file is in the way."""
        names = parse_path(path)
        async with self.trees.change(workspace) as change:
            change.folder(names)
            return await change.commit(author)

    async def delete(self, workspace: str, path: str, author: str, expects: Expectation | None = None) -> None:
        """Move a file to the trash.

        Raises:
            FileNotFound, PathConflict: it is a folder.
            Whatever ``expects`` raises. Nothing has changed.
        """
        names = parse_path(path)
        if expects is None:
            await self._delete(workspace, join(names), author, folder=False)
            return
        while (node := await self._at(workspace, names)) is not None and node.kind != "folder":
            async with self.contents.alone(node.id) as lease:
                expects(await self._hash(await self._ours(workspace, node)))
                if await self._delete(workspace, join(names), author, folder=False, only=node, lease=lease):
                    return
        expects(None)
        if node is None:
            raise FileNotFound(f"There is no “{join(names)}”.")
        raise PathConflict(f"“{node.path}” is a folder.")

    async def delete_folder(self, workspace: str, path: str, author: str) -> None:
        """Move a folder and all that is in it to the trash. Raises FileNotFound, PathConflict: it is a file."""
        await self._delete(workspace, join(parse_path(path)), author, folder=True)

    async def _delete(
        self,
        workspace: str,
        path: str,
        author: str,
        *,
        folder: bool,
        only: Node | None = None,
        lease: Lease | None = None,
    ) -> bool:
        """False when something else is there than ``only``, of which ``lease`` is the sole right."""
        async with self.trees.change(workspace) as change:
            node = change.tree.by_path.get(path)
            if only is not None and (node is None or node.id != only.id):
                return False
            if node is None:
                raise FileNotFound(f"There is no “{path}”.")
            if (node.kind == "folder") is not folder:
                raise PathConflict(f"“{path}” is a {'file' if folder else 'folder'}.")
            # One field of the folder's own node: restoring it brings back all, and what somebody adds to it at this
            # moment is in the trash with it rather than nowhere.
            await self.trash.delete(change, workspace, node.id, author)
            if lease is not None:
                check(lease)
            await change.commit(author)
            return True

    async def move(self, workspace: str, source: str, target: str, author: str) -> None:
        """Give a file or folder another path, with the folders that it needs.

        Raises:
            FileNotFound: nothing is at ``source``.
            PathConflict: something is at ``target``, a file is where a folder would have to be, or a folder would get
                into itself.
            InvalidPath: also when a path inside a moved folder would become too long.
        """
        source = join(parse_path(source))
        names = parse_path(target)
        target = join(names)
        async with self.trees.change(workspace) as change:
            node = change.tree.by_path.get(source)
            if node is None:
                raise FileNotFound(f"There is no “{source}”.")
            if target == source:
                return
            if target.startswith(source + "/"):
                raise PathConflict(f"“{source}” cannot be moved into itself.")
            if target in change.tree.by_path:
                raise PathConflict(f"There is a “{target}” already.")
            longest = max((len(inner.path.encode()) for inner in change.tree.walk(node.id)), default=0)
            if longest + len(target.encode()) - len(source.encode()) > MAX_PATH_BYTES:
                raise InvalidPath(f"A path inside the folder would have more than {MAX_PATH_BYTES} bytes.")
            parent = change.folder(names[:-1])
            change.add(treeedits.move(node.id, parent), treeedits.rename(node.id, names[-1]))
            await change.commit(author)

    # ---- many files at once

    async def import_archive(
        self, workspace: str, file: BinaryIO, author: str, *, max_entries: int, max_bytes: int, folder: str = ""
    ) -> ImportReport:
        """Bring in a zip archive; ``file`` must be seekable, ``max_bytes`` counts what it unpacks to.

        All of it goes into ``folder``, which is made where it is missing; "" is the workspace itself.

        New files appear together; existing ones are edited where they differ. Nothing is deleted.

        Raises:
            InvalidArchive, InvalidPath, PathConflict, FileTooLarge: nothing has changed.
        """
        into = parse_path(folder) if folder else ()
        limits = {"max_entries": max_entries, "max_bytes": max_bytes, "max_file": self._limits.binary_file}
        archive = await asyncio.to_thread(Archive, file, into=into, **limits)
        bulk = Import(self.contents, self.trees, self._limits, workspace=workspace, archive=archive, author=author)
        created, existing = await bulk.create_new()
        differing = await bulk.differing(existing)
        for archived in differing:
            await self.write(workspace, archived.path, await archive.read(archived), author)
        return ImportReport(created, len(differing), len(existing) - len(differing))

    async def export(self, workspace: str) -> AsyncIterator[bytes]:
        """All files and folders as a zip archive, streamed; every file as `read` gives it at its moment."""
        writer = ArchiveWriter()
        tree = await self.trees.read(workspace, fresh=True)
        for node in tree.nodes.values():
            if node.kind == "folder":
                yield writer.folder(node.path)
        files = [node.id for node in tree.nodes.values() if node.kind != "folder"]
        async for content in self._contents_in(tree, workspace, files):
            assert content.entry.updated_at is not None, "a file has one"
            async for chunk in writer.file(content.entry.path, content.entry.updated_at, content.plain.body):
                yield chunk
        yield writer.end()

    async def read_many(self, workspace: str, documents: Collection[str]) -> AsyncIterator[FileContent]:
        """Each of these files that is there, in no order, as `read` gives it at its moment."""
        tree = await self.trees.read(workspace, fresh=True)
        there = [one for one in documents if (node := tree.nodes.get(one)) is not None and node.kind != "folder"]
        async for content in self._contents_in(tree, workspace, there):
            yield content

    async def _contents_in(self, tree: Tree, workspace: str, documents: Collection[str]) -> AsyncIterator[FileContent]:
        records = await self._documents.find_all(documents)
        async for record, plain in self._plain_files([r for r in records.values() if r.workspace == workspace]):
            path = tree.nodes[record.id].path
            yield FileContent(FileEntry(record.id, path, record.kind, plain.size, record.updated_at), plain)

    async def _plain_files(self, records: Collection[FileRecord]) -> AsyncIterator[tuple[FileRecord, Plain]]:
        left = {record.id: record for record in records}
        async for record, plain in self.contents.read_many(records):
            del left[record.id]
            yield record, plain
        for record in left.values():
            try:
                yield record, await self.contents.read(record)
            except (DocumentNotFound, DocumentGone):  # since we looked; anything else had better be heard of
                continue
