"""Bringing an archive into a workspace: hundreds of files at the price of a few.

All of the archive is read before anything changes. New files are prepared beside the tree, in batches: one write of
records and one to the log for each. Then they all enter the tree together, under its lease. Only there is it certain
which of them are new: where somebody has made the same file meanwhile, and where it existed before, the imported
content is written over it as a minimal edit.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from collab.documents.contents import Content, Contents, FileTooLarge
from collab.documents.records import FileKind
from collab.files.archive import Archive, ArchivedFile
from collab.limits import Limits
from collab.tree.edits import create
from collab.tree.rule import Tree
from collab.tree.trees import PathConflict, Trees

BATCH_FILES = 500
BATCH_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class ImportReport:
    """Numbers of files."""

    created: int
    changed: int
    unchanged: int


class Import:
    def __init__(
        self, contents: Contents, trees: Trees, limits: Limits, *, workspace: str, archive: Archive, author: str
    ) -> None:
        self._contents = contents
        self._trees = trees
        self._limits = limits
        self._workspace = workspace
        self._archive = archive
        self._author = author
        self._prepared: list[tuple[ArchivedFile, str, FileKind]] = []
        """With the document of each. Not with its record: twenty thousand would make each garbage collection longer."""
        self._unshareable: set[str] = set()
        """Paths of what is `Content.too_large_to_share`."""

    async def create_new(self) -> tuple[int, list[ArchivedFile]]:
        """How many files were created, and those whose path was taken, which are left alone.

        Raises:
            PathConflict: a file is where a folder would have to be, or the other way round. Nothing has changed.
            InvalidArchive: a file is damaged. Nothing has changed.
            FileTooLarge: a text that is there would become too large to be shared. Nothing has changed.
        """
        tree = await self._trees.read(self._workspace, fresh=True)
        self._check(tree)
        taken = [file for file in self._archive.files if file.path in tree.by_path]
        new = [file for file in self._archive.files if file.path not in tree.by_path]
        late = []
        committing = False
        try:
            for file in taken:
                await self._content(file)
            self._check(tree)
            await self._prepare(new)
            async with self._trees.change(self._workspace) as change:
                self._check(change.tree)
                for folder in self._archive.folders:
                    change.folder(folder.split("/"))
                for number, (file, document, kind) in enumerate(self._prepared):
                    if number % BATCH_FILES == 0:
                        await asyncio.sleep(0)
                    if file.path in change.tree.by_path:
                        late.append((file, document))
                        continue
                    *folders, name = file.path.split("/")
                    change.add(create(document, name, change.folder(folders), kind))
                committing = True
                await change.commit(self._author)
        except BaseException:
            if not committing:  # or the tree may show some of them
                await self._contents.discard([document for _, document, _ in self._prepared])
            raise
        await self._contents.discard([document for _, document in late])
        for _, document, _ in self._prepared:
            self._contents.announce(self._workspace, document)
        return len(self._prepared) - len(late), taken + [file for file, _ in late]

    async def differing(self, files: Sequence[ArchivedFile]) -> list[ArchivedFile]:
        """Those of ``files`` that are not exactly what the workspace holds already, found without opening a room."""
        tree = await self._trees.read(self._workspace)
        by_id = {node.id: file for file in files if (node := tree.by_path.get(file.path))}
        records = await self._contents.documents.find_all(by_id)
        same = set()
        async for record, plain in self._contents.read_many(records.values()):
            file = by_id[record.id]
            if record.workspace == self._workspace and plain.size == file.size:
                raw = await self._archive.read(file)
                if hashlib.sha256(raw).hexdigest() == plain.hash:
                    same.add(file.path)
        return [file for file in files if file.path not in same]

    def _check(self, tree: Tree) -> None:
        for folder in self._archive.folders:
            node = tree.by_path.get(folder)
            if node is not None and node.kind != "folder":
                raise PathConflict(f"“{folder}” is a folder in the archive and a file here.")
        for file in self._archive.files:
            node = tree.by_path.get(file.path)
            if node is not None and node.kind == "folder":
                raise PathConflict(f"“{file.path}” is a file in the archive and a folder here.")
            if node is not None and node.kind == "text" and file.path in self._unshareable:
                raise FileTooLarge(f"“{file.path}”: a shared text has at most {self._limits.text_document} bytes.")

    async def _content(self, file: ArchivedFile) -> Content:
        content = await Content.of(await self._archive.read(file), self._limits)
        if content.too_large_to_share:
            self._unshareable.add(file.path)
        return content

    async def _prepare(self, files: list[ArchivedFile]) -> None:
        batch: list[tuple[ArchivedFile, Content]] = []
        size = 0
        for file in files:
            content = await self._content(file)
            batch.append((file, content))
            size += len(content.raw)
            if len(batch) >= BATCH_FILES or size >= BATCH_BYTES:
                await self._store(batch)
                batch, size = [], 0
        await self._store(batch)

    async def _store(self, batch: list[tuple[ArchivedFile, Content]]) -> None:
        records = await self._contents.create(self._workspace, [content for _, content in batch], self._author)
        self._prepared += [(file, record.id, record.kind) for (file, _), record in zip(batch, records, strict=True)]
