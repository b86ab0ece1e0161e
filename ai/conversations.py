"""Conversations of a workspace with the assistant: collections ``conversations`` and ``messages``."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, Self
from uuid import uuid4

from pymongo import ASCENDING, DESCENDING

from ai.clock import now, rfc3339
from ai.jobs import Person
from ai.suggestions import ASSISTANT
from storage.mongo import Database

TITLE_LENGTH = 80

MOST_LISTED = 200
"""Conversations in one list, those with the newest messages."""


class ConversationNotFound(KeyError):
    pass


class MessageState(StrEnum):
    STREAMING = "streaming"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Conversation:
    id: str
    workspace: str
    title: str
    created_by: Person
    created_at: float
    updated_at: float

    @classmethod
    def of(cls, record: dict[str, Any]) -> Self:
        return cls(
            record["_id"],
            record["workspace"],
            record["title"],
            Person(record["user"], record["user_name"]),
            record["created_at"],
            record["updated_at"],
        )

    def view(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "title": self.title,
            "created_by": self.created_by.view(),
            "created_at": rfc3339(self.created_at),
            "updated_at": rfc3339(self.updated_at),
        }


@dataclass(frozen=True, slots=True)
class Message:
    """`text` of a message that streams is what has been stored of it; the rest travels as deltas.

    `context` tells what the model saw for an answer (`ai.context.Piece.view`), without any text.
    """

    id: str
    conversation: str
    workspace: str
    role: Literal["user", "assistant"]
    author: str
    author_name: str
    text: str
    state: MessageState
    created_at: float
    job: str | None = None
    attempt: int = 0
    error: str | None = None
    context: Sequence[dict[str, Any]] = ()

    @classmethod
    def of(cls, record: dict[str, Any]) -> Self:
        return cls(
            record["_id"],
            record["conversation"],
            record["workspace"],
            record["role"],
            record["author"],
            record["author_name"],
            record["text"],
            MessageState(record["state"]),
            record["created_at"],
            record["job"],
            record["attempt"],
            record["error"],
            record.get("context", ()),  # older ones have none
        )

    def record(self) -> dict[str, Any]:
        return {
            "_id": self.id,
            "conversation": self.conversation,
            "workspace": self.workspace,
            "role": self.role,
            "author": self.author,
            "author_name": self.author_name,
            "text": self.text,
            "state": self.state.value,
            "created_at": self.created_at,
            "job": self.job,
            "attempt": self.attempt,
            "error": self.error,
            "context": list(self.context),
        }

    def view(self) -> dict[str, Any]:
        shown = {
            "id": self.id,
            "role": self.role,
            "author": self.author,
            "author_name": self.author_name,
            "text": self.text,
            "state": self.state.value,
            "created_at": rfc3339(self.created_at),
        }
        optional = {"job": self.job, "error": self.error, "context": list(self.context) or None}
        return shown | {name: value for name, value in optional.items() if value is not None}


class Conversations:
    def __init__(self, db: Database) -> None:
        self._conversations = db["conversations"]
        self._messages = db["messages"]

    async def ensure_indexes(self) -> None:
        await self._conversations.create_index([("workspace", ASCENDING), ("updated_at", DESCENDING)])
        await self._messages.create_index([("conversation", ASCENDING), ("created_at", ASCENDING)])
        await self._messages.create_index([("workspace", ASCENDING)])

    async def create(self, workspace: str, first_message: str, created_by: Person) -> Conversation:
        """A conversation, called after how it begins."""
        moment = now()
        conversation = Conversation(uuid4().hex, workspace, _title(first_message), created_by, moment, moment)
        await self._conversations.insert_one(
            {
                "_id": conversation.id,
                "workspace": workspace,
                "title": conversation.title,
                "user": created_by.id,
                "user_name": created_by.name,
                "created_at": moment,
                "updated_at": moment,
            }
        )
        return conversation

    async def get(self, workspace: str, id: str) -> Conversation:
        """Raises ConversationNotFound, also for one of another workspace."""
        record = await self._conversations.find_one({"_id": id, "workspace": workspace})
        if record is None:
            raise ConversationNotFound(id)
        return Conversation.of(record)

    async def of_workspace(self, workspace: str) -> list[Conversation]:
        """The newest ones, newest first."""
        found = self._conversations.find({"workspace": workspace}).sort([("updated_at", DESCENDING)])
        return [Conversation.of(record) async for record in found.limit(MOST_LISTED)]

    async def delete(self, id: str) -> None:
        # The messages go first: without their conversation nobody would ever find what is left of them. And once more
        # at the end, for one that was added meanwhile; from then on `_add` takes back what it adds.
        await self._messages.delete_many({"conversation": id})
        await self._conversations.delete_one({"_id": id})
        await self._messages.delete_many({"conversation": id})

    # ---- messages

    async def messages(self, conversation: str) -> list[Message]:
        """All of them, in order."""
        found = self._messages.find({"conversation": conversation}).sort([("created_at", ASCENDING)])
        return [Message.of(record) async for record in found]

    async def message(self, id: str) -> Message | None:
        record = await self._messages.find_one({"_id": id})
        return Message.of(record) if record else None

    async def question(self, conversation: Conversation, text: str, by: Person) -> Message:
        """What a person says. Raises ConversationNotFound when it was deleted meanwhile."""
        message = Message(
            uuid4().hex,
            conversation.id,
            conversation.workspace,
            "user",
            by.id,
            by.name,
            text,
            MessageState.DONE,
            now(),
        )
        await self._add(message)
        return message

    async def answer(
        self, conversation: str, workspace: str, id: str, job: str, attempt: int, revived_at: int
    ) -> Message:
        """The assistant's message `id`, empty and streaming, for `attempt` at `job`.

        It stands where it first stood also when an earlier attempt had begun it. A message that has ended is returned
        as it is, and so is one that a later attempt has begun. One that failed in an attempt up to `revived_at` begins
        anew.

        Raises:
            ConversationNotFound
        """
        record = await self._messages.find_one({"_id": id})
        if record is None:
            message = Message(
                id,
                conversation,
                workspace,
                "assistant",
                ASSISTANT["id"],
                ASSISTANT["name"],
                "",
                MessageState.STREAMING,
                now(),
                job,
                attempt,
            )
            await self._add(message)
            return message
        anew = {"text": "", "attempt": attempt, "state": MessageState.STREAMING.value, "error": None}
        beginning = {"_id": id, "state": MessageState.STREAMING.value, "attempt": {"$lt": attempt}}
        await self._messages.update_one(beginning, {"$set": anew})
        if revived_at:
            failed = {"_id": id, "state": MessageState.FAILED.value, "attempt": {"$lte": revived_at}}
            await self._messages.update_one(failed, {"$set": anew})
        return Message.of(await self._messages.find_one({"_id": id}) or record)

    async def texts(self, messages: Sequence[str]) -> dict[str, str]:
        """The texts of `messages` by their ids; those that are gone are left out."""
        found = self._messages.find({"_id": {"$in": list(messages)}}, {"text": 1})
        return {record["_id"]: record["text"] async for record in found}

    async def change(self, message: Message, **fields: Any) -> bool:
        """Set `fields` of a message that streams. False when another attempt has taken over, or it is gone."""
        held = {"_id": message.id, "attempt": message.attempt, "state": MessageState.STREAMING.value}
        result = await self._messages.update_one(held, {"$set": fields})
        return result.matched_count == 1

    async def _add(self, message: Message) -> None:
        await self._messages.insert_one(message.record())
        talk = await self._conversations.update_one({"_id": message.conversation}, {"$set": {"updated_at": now()}})
        if talk.matched_count == 0:
            await self._messages.delete_one({"_id": message.id})
            raise ConversationNotFound(message.conversation)


def _title(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= TITLE_LENGTH else line[: TITLE_LENGTH - 1].rstrip() + "…"
