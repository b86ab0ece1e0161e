"""Replace in files: chosen matches of a query become something else, as edits of the live documents.

What is chosen was seen a while ago. A match is replaced only when it is found again for sure
(`collab.searching.matching`) in the text as it is now; otherwise it is left alone and named. What others write at the
same moment stays: the edits are made of the very text in which the matches were found, and the documents merge them.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from collab.documents.contents import Contents
from collab.durable.snapshots import DocumentGone, DocumentNotFound
from collab.limits import Limits
from collab.replicas.edits import TextEdit, editing_updates, fresh_client_id
from collab.rooms.room import Room
from collab.rooms.rooms import Rooms
from collab.searching.matching import Matcher, Wanted
from collab.tree.trees import Trees

TRIES = 5
"""At a text that others type in meanwhile. What they type in the middle of a match at the last of them stays beside
what has taken its place."""


class TextNotFound(LookupError):
    """The workspace shows no such text (any more)."""


@dataclass(frozen=True, slots=True)
class Replaced:
    path: str
    done: list[str]
    """The matches that were replaced, by id."""
    changed: list[str]
    """Those that are not there any more as they were seen."""


class Replacing:
    def __init__(self, rooms: Rooms, trees: Trees, contents: Contents, limits: Limits) -> None:
        self._rooms = rooms
        self._trees = trees
        self._contents = contents
        self._limits = limits

    async def replace(
        self, workspace: str, document: str, wanted: Wanted, replacement: str, chosen: Collection[str], author: str
    ) -> Replaced:
        """Replace those of the ``chosen`` matches that are still there. Durable on return.

        Raises:
            TextNotFound, DocumentTooLarge, InvalidQuery, LeaseUnavailable, AsideFailed (`collab.aside`): nothing has
                changed.
            Overloaded, RoomClosed: some of it may have.
            As `collab.tree.trees.Trees.read`.
        """
        path = await self._path(workspace, document)
        try:
            async with self._contents.rewriting(document) as room:
                updates, growth, done = await self._edit(room, wanted, replacement, frozenset(chosen))
                await self._contents.carry_out(room, updates, growth, author)
        except (DocumentNotFound, DocumentGone):
            raise TextNotFound(f"“{path}” is gone.") from None
        return Replaced(path, [one for one in chosen if one in done], [one for one in chosen if one not in done])

    async def _edit(
        self, room: Room, wanted: Wanted, replacement: str, chosen: frozenset[str]
    ) -> tuple[list[bytes], int, set[str]]:
        """The edit of the text as it is on return, unless people type so fast that it never stays long enough."""
        for _ in range(TRIES):
            await room.complete()
            await room.copyable()
            content = room.encode_whole()
            made = await self._rooms.aside.run(
                len(content),
                _replacing,
                content,
                wanted,
                replacement,
                chosen,
                self._limits.text_document,
                fresh_client_id(room.state),
            )
            if room.encode_whole() is content:
                break
        return made

    async def _path(self, workspace: str, document: str) -> str:
        node = (await self._trees.read(workspace, fresh=True)).nodes.get(document)
        record = await self._contents.documents.find(document)
        # A node of the tree grants nothing: anybody may have put it there.
        if node is None or record is None or record.workspace != workspace or record.kind != "text":
            raise TextNotFound("There is no such text in this workspace.")
        return node.path


def _replacing(
    content: bytes, wanted: Wanted, replacement: str, chosen: frozenset[str], largest: int, client_id: int
) -> tuple[list[bytes], int, set[str]]:
    matcher = Matcher(wanted, replacement)
    done: set[str] = set()

    def edits_of(text: str) -> list[TextEdit]:
        edits, found = matcher.edits(text, chosen, largest)
        done.update(found)
        return edits

    updates, growth = editing_updates(content, edits_of, client_id)
    return updates, growth, done
