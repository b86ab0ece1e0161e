"""What people ask of the assistant: each request is looked at, becomes a job, and wakes a worker."""

from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from ai.announcements import Announcements
from ai.beside import beside
from ai.conversations import Conversations
from ai.hunks import Hunk, HunkState
from ai.jobs import Jobs, Person
from ai.material import Material
from ai.queue import Queue
from ai.suggestion_attempt import suggestion_of
from ai.suggestions import Suggestions
from collab.files import FileEntry, Files
from collab.offsets import slice_utf16, utf16_length, utf16_to_codepoint
from collab.positions import Anchor, range_anchors, resolve
from collab.rooms import Rooms

MOST_SELECTED = 200_000
"""UTF-16 code units of a text that is to be edited: the model writes all of it anew."""


class NotAText(ValueError):
    """The file holds no text; the message says so."""


class KeptFromModels(ValueError):
    """The file's path is one that must not reach a model; the message says so."""


class TextDiffers(ValueError):
    """The text that was expected is not there; the message says so."""


class TooMuchText(ValueError):
    """The text to be edited is longer than `MOST_SELECTED`; the message says so."""


class NothingStale(ValueError):
    """No hunk of the suggestion has to be asked for again; the message says so."""


@dataclass(frozen=True, slots=True)
class Asked:
    job: str
    suggestion: str | None = None
    conversation: str | None = None

    def view(self) -> dict[str, str]:
        named = {"job": self.job, "suggestion": self.suggestion, "conversation": self.conversation}
        return {name: value for name, value in named.items() if value is not None}


class Requests:
    """Every method may raise pymongo.errors.PyMongoError. Paths and positions that make no sense raise

    collab.paths.InvalidPath, collab.files.FileNotFound, NotAText, KeptFromModels, collab.offsets.OffsetOutsideText and
    OffsetInsideSurrogatePair; a document that was closed for good, collab.snapshots.DocumentGone.
    """

    def __init__(
        self,
        rooms: Rooms,
        files: Files,
        material: Material,
        jobs: Jobs,
        queue: Queue,
        suggestions: Suggestions,
        conversations: Conversations,
        announcements: Announcements,
    ) -> None:
        self._rooms = rooms
        self._files = files
        self._material = material
        self._jobs = jobs
        self._queue = queue
        self._suggestions = suggestions
        self._conversations = conversations
        self._announcements = announcements

    async def edit(
        self,
        workspace: str,
        path: str,
        start: int,
        end: int,
        instruction: str,
        by: Person,
        expected: str | None = None,
    ) -> Asked:
        """Raises TextDiffers, TooMuchText."""
        entry = await self._text(workspace, path)
        async with self._rooms.open(entry.id) as room:
            text = room.text
            for position in (start, end):
                utf16_to_codepoint(text, position)
            selection = slice_utf16(text, start, end)
            if expected is not None and selection != expected:
                raise TextDiffers("The text has changed: what you selected is not there any more.")
            if end - start > MOST_SELECTED:
                raise TooMuchText(f"The assistant edits at most {MOST_SELECTED:,} characters at once.")
            [anchors] = range_anchors(room.doc, [(start, end)])
        return await self._suggest("edit", workspace, entry, anchors, {"instruction": instruction}, by)

    async def write(self, workspace: str, path: str, at: int, instruction: str, by: Person) -> Asked:
        entry = await self._text(workspace, path)
        async with self._rooms.open(entry.id) as room:
            utf16_to_codepoint(room.text, at)
            [anchors] = range_anchors(room.doc, [(at, at)])
        return await self._suggest("write", workspace, entry, anchors, {"instruction": instruction, "at": at}, by)

    async def again(self, suggestion: str, by: Person) -> Asked:
        """Ask once more for what has become stale in `suggestion`, as the text stands by now.

        Raises:
            ai.suggestions.SuggestionNotFound, NothingStale, TooMuchText
        """
        before = await self._suggestions.get(suggestion)
        hunks = await self._suggestions.hunks(suggestion)
        stale = [hunk for hunk in hunks if hunk.state is HunkState.STALE]
        if not stale:
            raise NothingStale("Nothing of this has to be asked for again.")
        document = stale[0].document
        path = await self._files.path_of(document) or stale[0].path
        entry = await self._text(before.workspace, path)
        async with self._rooms.open(entry.id) as room:
            room.flush()
            text = room.text
            found = resolve(room.doc, _ends([hunk for hunk in stale if hunk.document == document]))
            places = [place for place in found if place is not None] or [0, utf16_length(text)]
            start, end = min(places), max(places)
            if end - start > MOST_SELECTED:
                raise TooMuchText(f"The assistant edits at most {MOST_SELECTED:,} characters at once.")
            [anchors] = range_anchors(room.doc, [(start, end)])
        return await self._suggest("edit", before.workspace, entry, anchors, {"instruction": before.instruction}, by)

    async def ask(self, workspace: str, message: str, conversation: str | None, path: str | None, by: Person) -> Asked:
        """Say `message` in `conversation`, a new one without it, with the file at `path` open.

        Raises:
            ai.conversations.ConversationNotFound
        """
        entry = await self._text(workspace, path) if path is not None else None
        if conversation is None:
            talk = await self._conversations.create(workspace, message, by)
        else:
            talk = await self._conversations.get(workspace, conversation)
        question = await self._conversations.question(talk, message, by)
        payload = {
            "question": question.id,
            "answer": uuid4().hex,
            "document": entry.id if entry else None,
            "path": entry.path if entry else None,
        }
        async with beside(self._announcements.chat_message(workspace, talk.id, question.view())) as told:
            job = await self._jobs.create(
                workspace=workspace, kind="chat", requested_by=by, payload=payload, conversation=talk.id
            )
            await told
        await self._queue.wake()
        await self._announcements.job_changed(job)
        return Asked(job.id, conversation=talk.id)

    async def _text(self, workspace: str, path: str) -> FileEntry:
        entry = await self._files.entry(workspace, path)
        if entry.kind != "text":
            raise NotAText(f"“{entry.path}” is no text file.")
        if await self._material.ignores(workspace, entry.path):
            raise KeptFromModels(
                f"“{entry.path}” is kept from the assistant, as .scriptorium/ignore or the defaults say."
            )
        return entry

    async def _suggest(
        self,
        kind: str,
        workspace: str,
        entry: FileEntry,
        anchors: tuple[Anchor, Anchor],
        payload: dict[str, Any],
        by: Person,
    ) -> Asked:
        place = {"document": entry.id, "path": entry.path, "anchors": [anchor.encode() for anchor in anchors]}
        job = await self._jobs.create(
            workspace=workspace, kind=kind, requested_by=by, payload=payload | place, suggestion=uuid4().hex
        )
        suggestion = suggestion_of(job)
        await self._suggestions.create(suggestion)
        async with beside(self._announcements.suggestion_changed(suggestion.view(()))) as told:
            await self._queue.wake()
            await told
        return Asked(job.id, suggestion=suggestion.id)


def _ends(hunks: list[Hunk]) -> list[Anchor]:
    return [Anchor.decode(anchor) for hunk in hunks for anchor in hunk.anchors]
