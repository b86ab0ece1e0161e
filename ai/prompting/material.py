"""The files of a workspace as a model may see them."""

from collections.abc import Sequence

from ai.models import Corpus, SourceFile
from ai.pool.attempt import JobFailed
from ai.prompting.ignore import IGNORE_FILE, IgnoreRules, rules_of
from collab.durable.snapshots import DocumentGone, DocumentNotFound
from collab.files.files import Files
from collab.rooms.present import text_of
from collab.rooms.rooms import Rooms
from collab.tree.rule import Tree

MOST_FILES = 200
MOST_LETTERS = 2_000_000
"""Of all files together: what statistics over them can be made of while somebody waits."""


class Material:
    def __init__(self, files: Files, rooms: Rooms) -> None:
        self._files = files
        self._rooms = rooms

    async def ignores(self, workspace: str, path: str) -> bool:
        """Whether the file at `path` must not reach a model."""
        return (await self.rules(workspace)).ignores(path)

    async def path_of(self, workspace: str, document: str) -> str:
        """Where the file is now, for a job that was asked for earlier.

        Raises:
            JobFailed: it is gone, or must not reach a model any more.
        """
        if (path := await self._files.path_of(document)) is None:
            raise JobFailed("The file is gone.")
        if await self.ignores(workspace, path):
            raise JobFailed(f"“{path}” is kept from the assistant, as .scriptorium/ignore or the defaults say.")
        return path

    async def rules(self, workspace: str) -> IgnoreRules:
        """Which paths of `workspace` must not reach a model."""
        return await self._rules(await self._files.tree(workspace))

    async def naming(self, workspace: str, names: Sequence[str]) -> list[str]:
        """The paths of the text files that a model may see and in which one of `names` stands as a word of its own."""
        rules = await self._rules(await self._files.tree(workspace))
        return [path for path in await self._files.search.holding(workspace, names) if not rules.ignores(path)]

    async def paths(self, workspace: str, folder: str) -> list[str]:
        """Of the files in `folder`, "" for all, that a model may know of."""
        tree = await self._files.tree(workspace)
        rules = await self._rules(tree)
        inside = f"{folder}/" if folder else ""
        found = [node.path for node in tree.nodes.values() if node.kind != "folder" and node.path.startswith(inside)]
        return [path for path in found if not rules.ignores(path)]

    async def read(self, workspace: str, documents: Sequence[str]) -> list[SourceFile]:
        """Those of `documents` that are still there and may reach a model, as they are and are called now."""
        tree = await self._files.tree(workspace)
        rules = await self._rules(tree)
        files: list[SourceFile] = []
        for document in dict.fromkeys(documents):
            node = tree.nodes.get(document)
            if node is None or node.kind != "text" or rules.ignores(node.path):
                continue
            if (text := await self._text(document)) is not None:
                files.append(SourceFile(node.path, text))
        return files

    def corpus(self, workspace: str) -> Corpus:
        """The text files of `workspace`, read when somebody asks for them."""

        async def read() -> Sequence[SourceFile]:
            tree = await self._files.tree(workspace)
            rules = await self._rules(tree)
            files: list[SourceFile] = []
            left = MOST_LETTERS
            for node in list(tree.nodes.values()):
                if node.kind != "text" or rules.ignores(node.path):
                    continue
                text = await self._text(node.id)
                if text is not None and len(text) <= left:
                    files.append(SourceFile(node.path, text))
                    left -= len(text)
                if len(files) == MOST_FILES:
                    break
            return files

        return read

    async def _rules(self, tree: Tree) -> IgnoreRules:
        node = tree.by_path.get(IGNORE_FILE)
        text = await self._text(node.id) if node is not None and node.kind == "text" else None
        return rules_of(text or "")

    async def _text(self, document: str) -> str | None:
        try:
            return await text_of(self._rooms, document)
        except (DocumentGone, DocumentNotFound):  # deleted since, or a node that belongs to nothing
            return None
