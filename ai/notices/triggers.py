"""What makes the assistant speak. Each method is what one consumer of events does: look, and say what it found.

All of them may be given an event twice, or long after: they look at the text as it is, and say nothing where that is
another one by now, since it will rest again.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from ai.checking import CannotCheck, diagnose
from ai.keeping.sources import KNOWLEDGE_FILE
from ai.knowledge.knowledge import Found, Knowledge
from ai.languages import is_prose, language_of
from ai.notices.faults import findings
from ai.notices.finding import MOST_SOURCES, Change, Finding, cause_of, place_at
from ai.notices.notice import Kind, Place
from ai.notices.repeats import Repeat, defines, edits, is_public, places, repeats
from ai.notices.speaking import SPEAKER, Speaking, notice_id
from ai.notices.todos import Todo, todos
from ai.prompting.ignore import OWN_FOLDER
from ai.prompting.material import Material
from ai.requests import KeptFromModels, NotAText, Requests, TextDiffers, TooMuchText
from ai.spending.budget_book import BudgetSpent
from collab.durable.snapshots import DocumentGone, DocumentNotFound
from collab.files.files import FileNotFound, Files
from collab.history.versions import VersionNotFound, digest
from collab.refusals import RoomClosed
from collab.replicas.edits import TextEdit
from collab.rooms.present import text_of
from collab.rooms.rooms import Rooms
from collab.yjs.offsets import OffsetOutsideText, slice_utf16

_GONE = (DocumentGone, DocumentNotFound, RoomClosed)
_REFUSED = (TextDiffers, TooMuchText, NotAText, KeptFromModels, FileNotFound, OffsetOutsideText, BudgetSpent)

MOST_LETTERS = 500_000
"""Of a text that is compared or searched for TODOs: longer ones are seldom written by people."""

MOST_FILES = 10
"""In which one change is proposed at once."""

MOST_PLACES = 50
"""In one of them."""

MOST_LOOKED_AT = 100
"""TODOs of one text."""

MOST_TODOS = 3
"""Of one text at a time: each asks a model."""

RELEVANT = 0.3
"""Of the weight of a question's words, as much as a passage must hold to be named without being asked,"""

OF_KNOWN = 0.5
"""and of those that stand in any file."""

LEAST_WORDS = 3
"""Of a question, that it must hold."""

DISTINCT = 1.2
"""Or how far it must stand out by what it means (`ai.knowledge.vector_index.Near`)."""

MOST_ASKED = 1_000
"""Letters of a question."""


@dataclass(frozen=True, slots=True)
class Rested:
    """A text that people have worked on: what it says, and the version that it was before."""

    workspace: str
    document: str
    path: str
    text: str
    since: str | None
    """None where there was none."""


class Triggers:
    def __init__(
        self,
        rooms: Rooms,
        files: Files,
        material: Material,
        knowledge: Knowledge,
        requests: Requests,
        speaking: Speaking,
    ) -> None:
        self._rooms = rooms
        self._files = files
        self._material = material
        self._knowledge = knowledge
        self._requests = requests
        self._speaking = speaking

    async def rested(self, workspace: str, data: Mapping[str, Any]) -> Rested | None:
        """What an event says of a text; None where that is not so any more, or must not reach the assistant."""
        document = data["document"]
        try:
            path = await self._files.path_of(document)
            if path is None or await self._material.ignores(workspace, path):
                return None
            version = await self._files.history.versions.find(document, data["version"])
            text = await text_of(self._rooms, document)
        except (DocumentGone, DocumentNotFound, RoomClosed, VersionNotFound):
            return None
        return Rested(workspace, document, path, text, data["since"]) if await digest(text) == version.hash else None

    async def faults(self, workspace: str, document: str, path: str, text: str) -> None:
        """What is wrong with `text`, the document's."""
        try:
            diagnostics = await diagnose(path, text)
        except CannotCheck:
            return
        found = findings(text, diagnostics, await self._speaking.dismissed(document, "faults") if diagnostics else ())
        # What cannot be read may well have the faults that it had.
        kinds: list[Kind] = ["broken"]
        if not any(finding.kind == "broken" for finding in found):
            kinds.append("faults")
        await self._speaking.take_back(document, kinds, found)
        for finding in found:
            await self._speaking.say(workspace, document, path, text, finding)

    async def repeats(self, rested: Rested) -> None:
        """What was changed in some places and not in the others, here or, for what is a name, elsewhere."""
        if rested.since is None or len(rested.text) > MOST_LETTERS or _governs(rested.path):
            return
        before = await self._said_in(rested, rested.since)
        if before is None or not await self._speaking.may_say(rested.workspace, "repeated"):
            return
        prose = is_prose(rested.path)
        found = await asyncio.to_thread(repeats, before, rested.text, prose=prose)
        for repeat in found:
            if (finding := await self._left(rested, before, repeat)) is not None:
                await self._speaking.say(rested.workspace, rested.document, rested.path, rested.text, finding)
                return  # one thing at a time

    async def _left(self, rested: Rested, before: str, repeat: Repeat) -> Finding | None:
        here = await asyncio.to_thread(_first, rested.text, repeat, repeat.done + 1)
        found: tuple[TextEdit, ...] = ()
        elsewhere: list[Change] = []
        if here:
            if not repeat.is_worth(len(here)):
                return None
            sources = [place_at(rested.text, at) for at in here[:MOST_SOURCES]]
            found = edits(rested.text, here, repeat)
            left = "in another place" if len(here) == 1 else f"in {len(here)} other places"
        else:
            if not (repeat.is_distinctive and is_public(repeat.old) and defines(before, repeat.old)):
                return None
            elsewhere, sources = await self._elsewhere(rested, repeat)
            if not elsewhere:
                return None
            left = f"in “{elsewhere[0].path}”" if len(elsewhere) == 1 else f"in {len(elsewhere)} other files"
        done = "here" if repeat.done == 1 else f"in {repeat.done} places"
        reason = f"“{repeat.old}” became “{repeat.new}” {done}; {left} it did not."
        cause = cause_of("repeated", repeat.old, repeat.new)
        return Finding("repeated", cause, reason, tuple(sources[:MOST_SOURCES]), found, elsewhere=tuple(elsewhere))

    async def _elsewhere(self, rested: Rested, repeat: Repeat) -> tuple[list[Change], list[Place]]:
        """Of texts and of files in the same language. Nothing where it stands in more than `MOST_FILES`, or comes from
        one of them: then it is more likely to be another one of that name."""
        own = language_of(rested.path)
        paths = [
            path
            for path in await self._material.naming(rested.workspace, [repeat.old])
            if path != rested.path and not _governs(path) and (is_prose(path) or language_of(path) == own)
        ]
        changes: list[Change] = []
        sources: list[Place] = []
        for path in paths if len(paths) <= MOST_FILES else ():
            try:
                entry = await self._files.entry(rested.workspace, path)
                text = await text_of(self._rooms, entry.id)
            except (FileNotFound, DocumentGone, DocumentNotFound, RoomClosed):
                continue
            if len(text) > MOST_LETTERS:
                continue
            if not is_prose(path) and defines(text, repeat.old):
                return [], []
            found = await asyncio.to_thread(_first, text, repeat, MOST_PLACES + 1)
            if len(found) > MOST_PLACES:
                return [], []
            if found:
                changes.append(Change(entry.id, path, text, edits(text, found, repeat)))
                sources += [place_at(text, at, path) for at in found[:MOST_SOURCES]]
        return changes, sources

    async def todos(self, rested: Rested) -> None:
        """What people have left to the assistant, and not brought in with the file: a job does it, and the notice is
        told once that has ended."""
        if len(rested.text) > MOST_LETTERS or _governs(rested.path):
            return
        versions = self._files.history.versions
        oldest = await versions.oldest(rested.document) if rested.since is not None else None
        before = await self._said_in(rested, oldest.id) if oldest is not None else ""
        if before is None:
            return
        known = {place_at(before, todo.at).text for todo in islice(todos(before), MOST_LOOKED_AT)}
        begun, alike = 0, Counter[str]()
        for todo in islice(todos(rested.text), MOST_LOOKED_AT):
            place = place_at(rested.text, todo.at)
            alike[place.text] += 1
            if place.text in known:
                continue
            cause = cause_of("todo", place.text, str(alike[place.text]))
            finding = Finding("todo", cause, f"You have left to me: “{todo.what}”", (place,))
            if not await self._speaking.is_new(rested.document, finding):
                continue
            if begun == MOST_TODOS or not await self._speaking.may_say(rested.workspace, "todo"):
                return
            begun += 1
            await self._do(rested, todo, finding)

    async def _said_in(self, rested: Rested, version: str) -> str | None:
        """What the text was in `version`; None where that is not known any more."""
        versions = self._files.history.versions
        try:
            found = await versions.find(rested.document, version)
            text = await versions.text(rested.workspace, rested.document, found)
        except VersionNotFound:
            return None
        return text if len(text) <= MOST_LETTERS else None

    async def _do(self, rested: Rested, todo: Todo, finding: Finding) -> None:
        start, end = todo.selection(rested.text)
        instruction = (
            f"{todo.what}\n\nThat is what a TODO in the text says. Take it away with that; all else stays as it is."
        )
        # The notice first, which nobody is told of before its change is there: whoever comes after a crash finds what
        # that is to be called.
        suggestion = await self._speaking.begin(rested.workspace, rested.document, rested.path, finding)
        if suggestion is None:
            return
        try:
            await self._requests.edit(
                rested.workspace,
                rested.path,
                start,
                end,
                instruction,
                SPEAKER,
                slice_utf16(rested.text, start, end),
                notice=(notice_id(rested.document, finding), suggestion),
            )
        except (*_GONE, *_REFUSED):
            # It is looked at again when the text rests again.
            await self._speaking.forget(rested.document, finding, suggestion)

    async def knowledge(self, workspace: str, document: str) -> None:
        """Once in the period that the group has chosen, when a text has come to rest: KNOWLEDGE.md by what is new.

        Not while people have not decided what was proposed for it before.
        """
        path = await self._files.path_of(document)
        if path is None or path == KNOWLEDGE_FILE or _governs(path):
            return
        if (period := await self._speaking.period(workspace)) is None or await self._material.ignores(workspace, path):
            return
        reason = f"What is new in your files and comments may belong into {KNOWLEDGE_FILE}."
        cause = cause_of("knowledge", period)
        finding = Finding("knowledge", cause, reason, (), scope=workspace)
        if not await self._speaking.is_new(workspace, finding) or not await self._speaking.may_say(
            workspace, "knowledge"
        ):
            return
        try:
            kept = await self._requests.knowledge_file(workspace, SPEAKER)
        except _REFUSED:
            return
        if await self._speaking.waits(kept, "knowledge"):
            return
        if (suggestion := await self._speaking.begin(workspace, kept, KNOWLEDGE_FILE, finding)) is None:
            return
        try:
            await self._requests.keep_knowledge(workspace, SPEAKER, (notice_id(kept, finding), suggestion))
        except (*_GONE, *_REFUSED):
            await self._speaking.forget(kept, finding, suggestion)

    async def questions(self, workspace: str, thread: Mapping[str, Any], *, late: bool = False) -> None:
        """What the group's files say to a question that nobody has answered; `thread` as
        `server.routes.comments.ThreadShown` has it. `late`: nobody waits for that any more."""
        document, messages = thread["document"], thread["messages"]
        asked = messages[0]["text"][:MOST_ASKED] if messages else ""
        silent = _question(thread["id"])
        if len(messages) != 1 or thread["resolved_at"] is not None or "?" not in asked:
            await self.answered(workspace, document, thread["id"])
            return
        path = await self._files.path_of(document)
        if late or path is None or _governs(path) or await self._material.ignores(workspace, path):
            return
        if not await self._speaking.is_new(document, silent) or not await self._speaking.may_say(workspace, "question"):
            return
        # What is commented on holds the same words, and whoever asks has it before them.
        found = await self._knowledge.search(workspace, asked, MOST_SOURCES, without=[document])
        found = [one for one in found if _answers(one)]
        if not found:
            return
        sources = tuple(_source(one, path) for one in found[:3])
        names = list(dict.fromkeys(one.path for one in found[:3]))
        where = f"“{names[0]}”" if len(names) == 1 else f"{len(names)} files"
        said = "has" if len(names) == 1 else "have"
        reason = f"A comment asks “{_shortened(asked)}” {where} {said} something to say to that."
        await self._speaking.put(workspace, document, path, replace(silent, reason=reason, sources=sources))

    async def answered(self, workspace: str, document: str, thread: str) -> None:
        """A thread that nobody needs a notice of any more."""
        await self._speaking.withdraw(workspace, notice_id(document, _question(thread)))


def _question(thread: str) -> Finding:
    return Finding("question", cause_of("question", thread), "", ())


def _first(text: str, repeat: Repeat, most: int) -> list[int]:
    return list(islice(places(text, repeat), most))


def _governs(path: str) -> bool:
    """Whether the file is one that tells the assistant what to do, and not one that it works on."""
    return OWN_FOLDER in path.split("/")


def _answers(found: Found) -> bool:
    held = found.relevance >= RELEVANT and found.of_known >= OF_KNOWN and found.words >= LEAST_WORDS
    return held or found.distinct >= DISTINCT


def _source(found: Found, path: str) -> Place:
    lines, row = found.piece.text.split("\n"), found.line - found.piece.first
    line = lines[row] if 0 <= row < len(lines) else ""
    return Place(found.line, line.strip()[:160], found.path if found.path != path else None)


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 120 else line[:119].rstrip() + "…"
