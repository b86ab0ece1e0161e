"""What people ask of the assistant: each request is looked at, becomes a job, and wakes a worker."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal
from uuid import NAMESPACE_OID, uuid4, uuid5

from pymongo.errors import DuplicateKeyError

from ai.announcements import Announcements
from ai.beside import beside
from ai.chat.conversations import Conversations
from ai.chat.mentions import mentioned
from ai.chat.messages import Message, SharedFile
from ai.deciding.decisions import Decisions
from ai.keeping.sources import INSTRUCTION, KNOWLEDGE_FILE, MOST_NAMED, missing, task
from ai.pool.jobs import Job, JobNotFound, Jobs, NotFailed, Person
from ai.prompting.ignore import OWN_FOLDER
from ai.prompting.manager import Preparations
from ai.prompting.material import Material
from ai.proposals.hunks import Hunk, HunkState
from ai.proposals.naming import names_in
from ai.proposals.suggestion_attempt import suggestion_of
from ai.proposals.suggestions import Suggestions
from collab.files.files import FileEntry, Files
from collab.replicas.positions import END, START, Anchor, range_anchors, resolve
from collab.rooms.present import text_of
from collab.rooms.room import Room
from collab.rooms.rooms import Rooms
from collab.tree.paths import join, parse_path
from collab.tree.trees import PathConflict
from collab.yjs.offsets import codepoint_to_utf16, slice_utf16, utf16_length, utf16_to_codepoint
from storage.wakeups import Topic

MOST_SELECTED = 200_000
"""UTF-16 code units of a text that is to be edited: the model writes all of it anew."""

MOST_MENTIONED = 20
"""Files that one question may mention."""


UNHEARD = 1.0
"""Seconds after which somebody who has named a job and not stored it is taken to have died."""

MOST_OPEN = 20
"""Files that a job remembers to have been open when it was asked for."""

MOST_FILES = 40
"""That one request may change."""


class NotAText(ValueError):
    """The file holds no text; the message says so."""


class KeptFromModels(ValueError):
    """The file's path is one that must not reach a model; the message says so."""


class TextDiffers(ValueError):
    """The text that was expected is not there; the message says so."""


class TooMuchText(ValueError):
    """The text to be edited is longer than `MOST_SELECTED`; the message says so."""


class TooManyFiles(ValueError):
    """More files than `MOST_FILES` have to do with it, or nobody can say which; the message says so."""


class TooManyMentions(ValueError):
    """A question mentions more than `MOST_MENTIONED` files; the message says so."""


class AnsweredAlready(ValueError):
    """The question is being answered, or was asked again; the message says so."""


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

    collab.tree.paths.InvalidPath, collab.files.files.FileNotFound, NotAText, KeptFromModels,
    collab.yjs.offsets.OffsetOutsideText and OffsetInsideSurrogatePair; a document that was closed for good,
    collab.durable.snapshots.DocumentGone. `admit` is asked before anything is kept, and may raise
    ai.spending.budget_book.BudgetSpent.
    """

    def __init__(
        self,
        rooms: Rooms,
        files: Files,
        material: Material,
        jobs: Jobs,
        queue: Topic,
        suggestions: Suggestions,
        decisions: Decisions,
        conversations: Conversations,
        announcements: Announcements,
        preparations: Preparations,
        admit: Callable[[str, Person], Awaitable[None]],
    ) -> None:
        self._rooms = rooms
        self._files = files
        self._material = material
        self._jobs = jobs
        self._queue = queue
        self._suggestions = suggestions
        self._decisions = decisions
        self._conversations = conversations
        self._announcements = announcements
        self._preparations = preparations
        self._admit = admit

    async def edit(
        self,
        workspace: str,
        path: str,
        start: int,
        end: int,
        instruction: str,
        by: Person,
        expected: str | None = None,
        also: Sequence[str] | Literal["all"] = (),
        notice: tuple[str, str] | None = None,
    ) -> Asked:
        """`notice` is the id of the one whose change it becomes, and that of the suggestion.

        With `also`, whole files are changed: the one at `path`, of which the range is what it is about, and those.

        "all" means those of the workspace in which a name occurs that the range or the instruction names.

        Raises:
            TextDiffers, TooMuchText, TooManyFiles
        """
        await self._admit(workspace, by)
        entry = await self.text_file(workspace, path)
        async with self._rooms.open(entry.id) as room:
            text = room.text
            for position in (start, end):
                utf16_to_codepoint(text, position)
            selection = slice_utf16(text, start, end)
            if expected is not None and selection != expected:
                raise TextDiffers("The text has changed: what you selected is not there any more.")
            if also:
                start, end = 0, utf16_length(text)
            targets = [_target(entry, room, start, end)]
        if not also:
            name, suggestion = notice or (None, None)
            said = {"instruction": instruction, "about": "", "notice": name}
            return await self._suggest("edit", workspace, targets, said, by, suggestion)
        left_out: list[str] = []
        for other in await self._others(workspace, entry, selection, instruction, also):
            async with self._rooms.open(other.id) as room:
                if targets[1:] and not room.text:
                    continue
                try:
                    targets.append(_target(other, room, 0, room.length))
                except TooMuchText:
                    if also != "all":
                        raise
                    left_out.append(other.path)  # nobody has named it, and the others can be changed
        payload = {"instruction": instruction, "about": selection, "left_out": left_out}
        return await self._suggest("edit", workspace, targets, payload, by)

    async def _others(
        self, workspace: str, entry: FileEntry, selection: str, instruction: str, also: Sequence[str] | Literal["all"]
    ) -> list[FileEntry]:
        if also != "all":
            if len(also) >= MOST_FILES:
                raise TooManyFiles(f"The assistant edits at most {MOST_FILES} files at once.")
            others = {other.id: other for other in [await self.text_file(workspace, path) for path in also]}
            others.pop(entry.id, None)
            return list(others.values())
        names = names_in(selection, instruction)
        if not names:
            raise TooManyFiles(
                "Name what it is about, or select its name: then all files are found in which it occurs."
            )
        paths = [path for path in await self._material.naming(workspace, names) if path != entry.path]
        if len(paths) >= MOST_FILES:
            said = ", ".join(names)
            raise TooManyFiles(
                f"{said} is found in {len(paths) + 1} files, and the assistant edits at most {MOST_FILES} at once. "
                "Choose the files."
            )
        return [await self.text_file(workspace, path) for path in paths]

    async def write(self, workspace: str, path: str, at: int, instruction: str, by: Person) -> Asked:
        await self._admit(workspace, by)
        entry = await self.text_file(workspace, path)
        async with self._rooms.open(entry.id) as room:
            utf16_to_codepoint(room.text, at)
            target = _target(entry, room, at, at) | {"at": at, "created": False}
        return await self._suggest("write", workspace, [target], {"instruction": instruction}, by)

    async def create(
        self, workspace: str, path: str, kind: Literal["text", "folder"], instruction: str, by: Person
    ) -> Asked:
        """A new file with a text that the assistant writes, or the files of a folder, "" for the workspace itself.

        Raises:
            collab.tree.trees.PathConflict: something is there already; of a folder, a file.
        """
        await self._admit(workspace, by)
        names = parse_path(path) if path or kind == "text" else ()
        if OWN_FOLDER in names or (names and await self._material.ignores(workspace, join(names))):
            raise KeptFromModels(f"The assistant does not write “{path}”.")
        if kind == "text":
            new = await self._files.create(workspace, join(names), f"user:{by.id}")
            ends = [START.encode(), END.encode()]
            target = {"document": new.id, "path": join(names), "anchors": ends, "at": 0, "created": True}
            payload = {"instruction": instruction, "folders": list(new.folders)}
            return await self._suggest("write", workspace, [target], payload, by)
        node = (await self._files.tree(workspace)).by_path.get(join(names))
        if node is not None and node.kind != "folder":
            raise PathConflict(f"“{node.path}” is a file.")
        return await self._suggest("create", workspace, [], {"instruction": instruction, "folder": join(names)}, by)

    async def knowledge_file(self, workspace: str, by: Person) -> str:
        """The document of KNOWLEDGE.md, a new one where there is none. Raises TooMuchText."""
        await self._admit(workspace, by)
        if await self._material.ignores(workspace, KNOWLEDGE_FILE):
            raise KeptFromModels(f"“{KNOWLEDGE_FILE}” is kept from the assistant.")
        if (await self._files.tree(workspace)).by_path.get(KNOWLEDGE_FILE) is None:
            with suppress(PathConflict):  # somebody was quicker
                return (await self._files.create(workspace, KNOWLEDGE_FILE, f"user:{by.id}")).id
        return (await self.text_file(workspace, KNOWLEDGE_FILE)).id

    async def keep_knowledge(self, workspace: str, by: Person, notice: tuple[str, str] | None = None) -> Asked:
        """Have KNOWLEDGE.md say what the newest texts and the open comments say. `notice` as of `edit`.

        One without a letter is written, and goes again with what nobody wanted. Raises TooMuchText.
        """
        await self.knowledge_file(workspace, by)
        entry = await self.text_file(workspace, KNOWLEDGE_FILE)
        tree = await self._files.tree(workspace)
        async with self._rooms.open(entry.id) as room:
            text, target = room.text, _target(entry, room, 0, room.length)
        name, suggestion = notice or (None, None)
        gone = missing(text, tree.by_path)[:MOST_NAMED]
        payload = {"instruction": INSTRUCTION, "task": task(text), "gone": gone, "about": "", "notice": name}
        if text:
            return await self._suggest("edit", workspace, [target], payload, by, suggestion)
        return await self._suggest("write", workspace, [target | {"at": 0, "created": True}], payload, by, suggestion)

    async def again(self, suggestion: str, by: Person) -> Asked:
        """Ask once more for what does not fit any more in `suggestion`, as the text stands by now.

        What waits for a decision and has become stale is put on record as such: it cannot be decided afterwards.

        Raises:
            ai.proposals.suggestions.SuggestionNotFound, NothingStale, TooMuchText
            ai.deciding.judging.CannotJudgeNow
        """
        before = await self._suggestions.get(suggestion)
        await self._admit(before.workspace, by)
        await self._decisions.outdate(before, by)
        stale: dict[str, list[Hunk]] = defaultdict(list)
        for hunk in await self._suggestions.hunks(suggestion):
            if hunk.state is HunkState.STALE:
                stale[hunk.document].append(hunk)
        if not stale:
            raise NothingStale("Nothing of this has to be asked for again.")
        targets = []
        for document, hunks in stale.items():
            entry = await self.text_file(before.workspace, await self._files.path_of(document) or hunks[0].path)
            async with self._rooms.open(entry.id) as room:
                room.flush()
                found = resolve(room.doc, _ends(hunks)) if entry.id == document else []
                places = [place for place in found if place is not None] or [0, room.length]
                start, end = min(places), max(places)
                if start == end and any(hunk.base for hunk in hunks):
                    start, end = _line_around(room.text, start)
                targets.append(_target(entry, room, start, end))
        payload = {"instruction": before.instruction, "about": ""}
        return await self._suggest("edit", before.workspace, targets, payload, by)

    async def ask(
        self,
        workspace: str,
        message: str,
        conversation: str | None,
        path: str | None,
        by: Person,
        selection: tuple[int, int] | None = None,
        mentions: Sequence[str] = (),
    ) -> Asked:
        """Say `message` in `conversation`, a new one without it, with the file at `path` open and `selection` (start
        and end) of it marked.

        It is about the files at the paths `mentions` too, and about those that it names itself (`ai.chat.mentions`).

        Raises:
            ai.chat.conversations.ConversationNotFound, TooMuchText, TooManyMentions
        """
        known = await self._conversations.get(workspace, conversation) if conversation is not None else None
        await self._admit(workspace, by)
        entry = await self.text_file(workspace, path) if path is not None else None
        selected = await self._selected(entry, *selection) if entry is not None and selection is not None else None
        files = await self._mentioned(workspace, message, mentions) if mentions or "@" in message else []
        talk = known or await self._conversations.create(workspace, message, by)
        question = await self._conversations.question(
            talk,
            message,
            by,
            answer=uuid4().hex,
            job=uuid4().hex,
            about=_shared(entry) if entry is not None else None,
            selection=selected,
            mentions=files,
            opens=known is None,
        )
        return await self._answer(question, by)

    async def ask_again(self, workspace: str, conversation: str, message: str, by: Person) -> Asked:
        """Ask once more for an answer to `message`, a question, or to the one that `message` answers.

        Raises:
            ai.chat.conversations.ConversationNotFound, ai.chat.conversations.MessageNotFound, AnsweredAlready
        """
        talk = await self._conversations.get(workspace, conversation)
        await self._admit(workspace, by)
        named = await self._conversations.message_of(talk.id, message)
        question = named
        if named.role == "assistant":
            question = await self._conversations.message_of(talk.id, named.question or "")
        answer = await self._conversations.message(question.answer or "")
        if named.role == "assistant" and answer is not None and answer.id != named.id:
            raise AnsweredAlready("Somebody has asked this again already.")
        job = await self._job_of(question)
        # Without one it has expired, or whoever asked died before it was stored.
        underway = job is not None and not job.state.final
        unheard = job is None and (answer is None or not answer.state.final)
        if underway:
            raise AnsweredAlready("This is being answered already.")
        # Names that everybody finds who asks again at this moment: of two whom the database lets through at once, one
        # has the job (not every server compares and sets as one step).
        answer_id, job_id = (uuid5(NAMESPACE_OID, f"{what}:{question.id}:{question.attempt + 1}").hex for what in "aj")
        again = await self._conversations.ask_again(question, answer_id, job_id, unless_begun=unheard)
        if again is None:
            raise AnsweredAlready("Somebody has asked this again already.")
        try:
            asked = await self._answer(again, by)
        except DuplicateKeyError:
            raise AnsweredAlready("Somebody has asked this again already.") from None
        if job is not None:
            # Nobody has to try it once more by hand: that would come to an answer that no question names.
            with suppress(NotFailed):
                await self._announcements.job_changed(await self._jobs.put_aside(job.id))
        return asked

    async def _job_of(self, question: Message) -> Job | None:
        """What makes its newest answer. Whoever asks names the job in the question, and stores it right after that."""
        for wait in (UNHEARD, 0.0):
            with suppress(JobNotFound):
                return await self._jobs.get(question.job or "")
            await asyncio.sleep(wait)
        return None

    async def _answer(self, question: Message, by: Person) -> Asked:
        """Queue what makes the answer that `question` names."""
        payload = {
            "question": question.id,
            "answer": question.answer,
            "document": question.about.document if question.about else None,
            "path": question.about.path if question.about else None,
            "selection": question.selection,
            "mentions": [file.view() for file in question.mentions],
            "open": self._rooms.visited_in(question.workspace)[:MOST_OPEN],
        }
        workspace, conversation = question.workspace, question.conversation
        async with beside(self._announcements.chat_message(workspace, conversation, question.view())) as told:
            job = await self._jobs.create(
                id=question.job,
                workspace=workspace,
                kind="chat",
                requested_by=by,
                payload=payload,
                conversation=conversation,
            )
            await self._queue.wake()
            self._preparations.soon(job.id)
            await self._announcements.job_changed(job)
            await told
        return Asked(job.id, conversation=conversation)

    async def _mentioned(self, workspace: str, message: str, paths: Sequence[str]) -> list[SharedFile]:
        tree = await self._files.tree(workspace)

        def is_text(path: str) -> bool:
            node = tree.by_path.get(path)
            return node is not None and node.kind == "text"

        found: dict[str, SharedFile] = {}
        for path in (*paths, *mentioned(message, is_text)):
            if len(found) > MOST_MENTIONED:
                break
            entry = await self.text_file(workspace, path)
            found[entry.id] = _shared(entry)
        if len(found) > MOST_MENTIONED:
            raise TooManyMentions(f"A question may mention at most {MOST_MENTIONED} files.")
        return list(found.values())

    async def _selected(self, entry: FileEntry, start: int, end: int) -> str:
        """The text itself and no place in it: the question is about what stood there when it was asked."""
        text = await text_of(self._rooms, entry.id)
        if end - start > MOST_SELECTED:
            raise TooMuchText(f"The assistant can be asked about at most {MOST_SELECTED:,} characters at once.")
        return slice_utf16(text, start, end)

    async def text_file(self, workspace: str, path: str) -> FileEntry:
        """The text file at `path`, which may reach a model."""
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
        targets: Sequence[Mapping[str, Any]],
        payload: Mapping[str, Any],
        by: Person,
        name: str | None = None,
    ) -> Asked:
        job = await self._jobs.create(
            workspace=workspace,
            kind=kind,
            requested_by=by,
            payload={**payload, "targets": list(targets), "open": self._rooms.visited_in(workspace)[:MOST_OPEN]},
            suggestion=name or uuid4().hex,
        )
        suggestion = suggestion_of(job)
        await self._suggestions.create(suggestion)
        async with beside(self._announcements.suggestion_changed(suggestion.view(()))) as told:
            await self._queue.wake()
            self._preparations.soon(job.id)
            await told
        return Asked(job.id, suggestion=suggestion.id)


def _target(entry: FileEntry, room: Room, start: int, end: int) -> dict[str, Any]:
    """A piece of a text, as a job's payload names it. Raises TooMuchText."""
    if end - start > MOST_SELECTED:
        raise TooMuchText(
            f"The assistant edits at most {MOST_SELECTED:,} characters of a file at once, and “{entry.path}” has more."
        )
    [anchors] = range_anchors(room.doc, [(start, end)])
    return {"document": entry.id, "path": entry.path, "anchors": [anchor.encode() for anchor in anchors]}


def _line_around(text: str, place: int) -> tuple[int, int]:
    """In UTF-16 code units. Somebody has typed all of it anew there, and nothing else tells where that begins."""
    at = utf16_to_codepoint(text, place)
    first, last = text.rfind("\n", 0, at) + 1, text.find("\n", at)
    return codepoint_to_utf16(text, first), codepoint_to_utf16(text, len(text) if last < 0 else last)


def _shared(entry: FileEntry) -> SharedFile:
    return SharedFile(entry.id, entry.path)


def _ends(hunks: list[Hunk]) -> list[Anchor]:
    return [Anchor.decode(anchor) for hunk in hunks for anchor in hunk.anchors]
