"""What a workspace says that may belong into KNOWLEDGE.md: what people wrote last, and what they ask each other."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice, zip_longest

from ai.keeping.sources import KNOWLEDGE_FILE, link_to, numbered
from ai.knowledge.knowledge import Knowledge
from ai.knowledge.reading import Piece
from ai.languages import is_prose
from ai.prompting.context import Candidate
from ai.prompting.ignore import OWN_FOLDER
from ai.prompting.material import Material
from collab.commenting.comments import Comments
from collab.commenting.threads import Thread
from collab.files.files import FileEntry, Files

MOST_FILES = 60
"""That are looked at, those that settled last."""

MOST_THREADS = 20
"""Of comments that nobody has resolved, the newest."""

MOST_SAID = 2_000
"""Letters of one."""


class Survey:
    def __init__(self, files: Files, material: Material, knowledge: Knowledge, comments: Comments) -> None:
        self._files = files
        self._material = material
        self._knowledge = knowledge
        self._comments = comments

    async def of(self, workspace: str, kept: str, gone: Sequence[str]) -> list[Candidate]:
        """Passages with their sources, best first; none of the document `kept`, and none that is kept from models.

        `gone` are the sources that it names and that are not there.

        All files are begun with before any is gone on with, so that a long one leaves room for the others; texts
        before code, which says little of what people have decided.
        """
        newest, threads = await asyncio.gather(
            self._files.newest(workspace, MOST_FILES), self._comments.open_in(workspace)
        )
        nodes = (await self._files.tree(workspace)).nodes
        rules = await self._material.rules(workspace)

        def is_shown(path: str) -> bool:
            return not path.startswith(f"{OWN_FOLDER}/") and not rules.ignores(path)

        entries = [entry for entry in newest if is_shown(entry.path) and entry.id != kept]
        said = await self._knowledge.said_in(entry.id for entry in entries)
        prose = [entry for entry in entries if is_prose(entry.path)]
        code = [entry for entry in entries if not is_prose(entry.path)]
        threads.sort(key=lambda one: one.messages[-1].at, reverse=True)
        there = (one for one in threads if one.document in nodes and is_shown(nodes[one.document].path))
        comments = [
            _comment(one, nodes[one.document].path, said.get(one.document, ())) for one in islice(there, MOST_THREADS)
        ]
        return [*_gone(gone), *comments, *_in_turn(prose, said), *_in_turn(code, said)]


def _gone(paths: Sequence[str]) -> list[Candidate]:
    """Data like any text: they come out of links that anybody may have written."""
    said = "\n".join(["These sources are gone:", *paths])
    return [Candidate("knowledge", said, "is linked to and not there", "whole", KNOWLEDGE_FILE)] if paths else []


def _in_turn(entries: Sequence[FileEntry], said: Mapping[str, Sequence[Piece]]) -> Iterator[Candidate]:
    columns = ([_passage(entry, piece) for piece in said.get(entry.id, ())] for entry in entries)
    return (one for one in chain.from_iterable(zip_longest(*columns)) if one is not None)


def _passage(entry: FileEntry, piece: Piece) -> Candidate:
    text = numbered(piece.text, piece.first)
    return Candidate(
        "knowledge",
        text,
        "was edited last",
        "beginning",
        entry.path,
        piece.first,
        within=piece.within,
        source=link_to(entry.path),
    )


def _comment(thread: Thread, path: str, pieces: Sequence[Piece]) -> Candidate:
    said = "\n".join(message.text for message in thread.messages)[:MOST_SAID]
    line = _line_of(thread.quote, pieces)
    text = f"Of “{thread.quote}” people say in a comment that is open:\n{said}"
    return Candidate(
        "knowledge", text, "is a comment that nobody has resolved", "whole", path, line, source=link_to(path, line)
    )


def _line_of(quote: str, pieces: Sequence[Piece]) -> int:
    begin = quote.partition("\n")[0]
    for piece in pieces:
        at = piece.text.find(begin)
        if begin and at >= 0:
            return piece.first + piece.text.count("\n", 0, at)
    return 1
