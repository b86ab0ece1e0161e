"""Which model answers a group, and how: what its `.scriptorium/assistant.yaml` says, or said when it last made sense.

The file is a shared document like any other. It is read when a job begins, when somebody asks how things stand, and a
moment after it has changed; it is parsed when its text is another one than before. Collection `assistant_configs`, one
record a workspace: `{document, sha256, found}` of the file as it was last found, and `good`, the last text that made
sense, so that a mistake changes nothing for any process, also after a restart.
"""

import asyncio
import hashlib
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Any, Literal

import structlog
from pymongo import ReturnDocument

from ai.announcements import Announcements
from ai.choosing.assistant_file import ASSISTANT_FILE, AssistantFile, parse
from ai.choosing.recipes import Recipe
from ai.choosing.yaml_text import BadYaml
from ai.models import ModelParams, Provider
from ai.models.endpoints import DEFAULT, Endpoints
from ai.notices.restraint import Restraint
from ai.pool.attempt import JobFailed
from collab.documents.records import tree_id
from collab.durable.snapshots import DocumentGone, DocumentNotFound
from collab.files.files import Files
from collab.rooms.present import text_of
from collab.rooms.rooms import Rooms
from storage.faults import fault
from storage.mongo import Database
from storage.waiting import end

log = structlog.get_logger(__name__)

LOOK_AFTER = 1.0
"""Seconds between a change and the look at what the file says by then, however many changes there are meanwhile."""

_MOST_REMEMBERED = 1_000

State = Literal["ok", "bad", "absent"]


@dataclass(frozen=True, slots=True)
class Choice:
    """What a job works with."""

    provider: Provider
    params: ModelParams
    system_instruction: str | None
    """The group's own: it may instruct the model, which documents may not."""
    recipes: tuple[Recipe, ...]


@dataclass(frozen=True, slots=True)
class FileState:
    """How the file was found. A bad one has the line, the column (both from 1) and a sentence for people."""

    state: State
    line: int | None = None
    column: int | None = None
    message: str | None = None

    def view(self) -> dict[str, Any]:
        return {"state": self.state, "line": self.line, "column": self.column, "message": self.message}


@dataclass(frozen=True, slots=True)
class _Known:
    document: str | None
    text: str | None
    """None where there is no file, or none that holds text."""
    found: FileState
    in_force: AssistantFile | BadYaml
    """What counts, or why what counted cannot be carried out on this server any more."""


_NOTHING = AssistantFile()


class Choices:
    """Every method may raise pymongo.errors.PyMongoError."""

    def __init__(
        self, db: Database, rooms: Rooms, files: Files, endpoints: Endpoints, announcements: Announcements
    ) -> None:
        self.endpoints = endpoints
        self._records = db["assistant_configs"]
        self._rooms = rooms
        self._files = files
        self._announcements = announcements
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._waiting: set[str] = set()
        self._looking: set[asyncio.Task[None]] = set()
        rooms.on_change(self._changed)
        files.on_change(self._changed)

    async def of(self, workspace: str) -> Choice:
        """What is in force now.

        Raises JobFailed where a group has chosen what this server does not offer any more: its text must not go to
        another endpoint instead, which it has not chosen.
        """
        known = await self._look(workspace)
        if isinstance(known.in_force, BadYaml):
            raise JobFailed(f"{ASSISTANT_FILE} asks for what this server does not offer: {known.in_force.message}")
        return self._choice(known.in_force)

    async def restraint(self, workspace: str) -> Restraint | None:
        """When the group wants to be told something unasked; None: not while its choice cannot be carried out."""
        in_force = (await self._look(workspace)).in_force
        return None if isinstance(in_force, BadYaml) else in_force.restraint

    async def state(self, workspace: str) -> FileState:
        """How the file is now."""
        return (await self._look(workspace)).found

    async def check(self, text: str) -> FileState:
        """How a file with this text would be found."""
        try:
            await self._parse(text)
        except BadYaml as error:
            return _bad(error)
        return FileState("ok")

    async def forget_workspace(self, workspace: str) -> None:
        self._known.pop(workspace, None)
        await self._records.delete_one({"_id": workspace})

    async def close(self) -> None:
        await end(self._looking)

    def _choice(self, file: AssistantFile) -> Choice:
        provider = self.endpoints.provider(file.endpoint or DEFAULT, file.model)
        return Choice(provider, file.params, file.system_instruction, tuple(file.all_recipes()))

    # ---- looking

    def _changed(self, workspace: str, document: str) -> None:
        known = self._known.get(workspace)
        concerned = known is None or document in (known.document, tree_id(workspace))
        if concerned and workspace not in self._waiting:
            self._waiting.add(workspace)
            self._looking.add(task := asyncio.create_task(self._look_later(workspace)))
            task.add_done_callback(self._looking.discard)

    async def _look_later(self, workspace: str) -> None:
        await asyncio.sleep(LOOK_AFTER)
        self._waiting.discard(workspace)  # what changes from now on is another look's
        try:
            await self._look(workspace)
        except Exception as error:
            # The next job looks again, and so does whoever asks.
            log.warning("a group's choice could not be looked at", workspace=workspace, error=fault(error))

    async def _look(self, workspace: str) -> _Known:
        document, text = await self._read(workspace)
        known = self._known.get(workspace)
        if known is None or (known.document, known.text) != (document, text):
            known = await self._learn(workspace, document, text)
            self._known[workspace] = known
        self._known.move_to_end(workspace)
        if len(self._known) > _MOST_REMEMBERED:
            self._known.popitem(last=False)
        return known

    async def _read(self, workspace: str) -> tuple[str | None, str | None]:
        node = (await self._files.tree(workspace)).by_path.get(ASSISTANT_FILE)
        if node is None:
            return None, None
        try:
            return node.id, await text_of(self._rooms, node.id) if node.kind == "text" else None
        except (DocumentGone, DocumentNotFound):  # deleted in this moment
            return None, None

    async def _learn(self, workspace: str, document: str | None, text: str | None) -> _Known:
        """Read what is new, remember it for everybody, and say so."""
        if document is None:
            known = _Known(document, text, FileState("absent"), _NOTHING)
            await self._remember(workspace, known, forgets=True)
            return known
        try:
            if text is None:
                raise BadYaml(1, 1, "this is no text file.")
            known = _Known(document, text, FileState("ok"), await self._parse(text))
            await self._remember(workspace, known)
        except BadYaml as error:
            known = _Known(document, text, _bad(error), error)
            good = await self._remember(workspace, known)
            known = replace(known, in_force=await self._last_good(good))
        return known

    async def _remember(self, workspace: str, known: _Known, *, forgets: bool = False) -> str | None:
        """Store how the file was found, and announce it if it is another one now; the last text that made sense."""
        sha256 = hashlib.sha256(known.text.encode()).hexdigest() if known.text is not None else None
        change: dict[str, Any] = {"$set": {"document": known.document, "sha256": sha256, "found": known.found.view()}}
        if known.found.state == "ok":
            change["$set"]["good"] = known.text
        if forgets:
            change["$unset"] = {"good": ""}
        before: dict[str, Any] = await self._records.find_one_and_update(
            {"_id": workspace}, change, upsert=not forgets, return_document=ReturnDocument.BEFORE
        ) or {"sha256": None, "found": FileState("absent").view()}
        if (before["sha256"], before["found"]) != (sha256, known.found.view()):
            await self._announcements.assistant_config(workspace, known.found.view())
        good: str | None = before.get("good")
        return good

    async def _last_good(self, text: str | None) -> AssistantFile | BadYaml:
        if text is None:
            return _NOTHING  # nothing ever made sense
        try:
            return await self._parse(text)
        except BadYaml as error:
            return error

    async def _parse(self, text: str) -> AssistantFile:
        # In a thread, because everybody may write what takes long.
        return await asyncio.to_thread(parse, text, self.endpoints)


def _bad(error: BadYaml) -> FileState:
    return FileState("bad", error.line, error.column, error.message[:1].upper() + error.message[1:])
