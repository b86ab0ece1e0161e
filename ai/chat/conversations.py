"""Conversations of a workspace with the assistant: collections ``conversations``, ``messages`` and ``generations``.

A message is a question of a person or an answer to one. Of each question at most one answer counts: the newest one that
was asked for, which the question names. Whoever wants another asks again, and the earlier ones stay to be read.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self
from uuid import uuid4

from pymongo import ASCENDING, DESCENDING, ReturnDocument
from pymongo.errors import DuplicateKeyError

from ai.chat.messages import Message, MessageState, SharedFile
from ai.clock import now, rfc3339
from ai.pool.jobs import Person
from ai.proposals.suggestions import ASSISTANT
from storage.mongo import Database

TITLE_LENGTH = 80

MOST_LISTED = 200
"""Conversations in one list, those with the newest messages."""

MOST_MESSAGES = 200
"""Messages that are read at once, the newest."""


class ConversationNotFound(KeyError):
    pass


class MessageNotFound(KeyError):
    pass


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


class Conversations:
    def __init__(self, db: Database) -> None:
        self._conversations = db["conversations"]
        self._messages = db["messages"]
        self._generations = db["generations"]

    async def ensure_indexes(self) -> None:
        await self._conversations.create_index([("workspace", ASCENDING), ("updated_at", DESCENDING)])
        await self._messages.create_index([("conversation", ASCENDING), ("asked_at", ASCENDING)])
        await self._messages.create_index([("workspace", ASCENDING)])
        await self._generations.create_index([("conversation", ASCENDING)])
        await self._generations.create_index([("kept_at", ASCENDING)])

    async def create(self, workspace: str, first_message: str, created_by: Person) -> Conversation:
        """A conversation, called after how it begins."""
        moment = now()
        conversation = Conversation(uuid4().hex, workspace, title_of(first_message), created_by, moment, moment)
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

    async def rename(self, workspace: str, id: str, title: str) -> Conversation:
        """Raises ConversationNotFound."""
        renamed = await self._conversations.update_one(
            {"_id": id, "workspace": workspace}, {"$set": {"title": title_of(title)}}
        )
        if renamed.matched_count == 0:
            raise ConversationNotFound(id)
        return await self.get(workspace, id)

    async def delete(self, id: str) -> None:
        # The messages go first: without their conversation nobody would ever find what is left of them. And once more
        # at the end, for one that was added meanwhile; from then on `stands` takes back what was added.
        await self._delete_messages(id)
        await self._conversations.delete_one({"_id": id})
        await self._delete_messages(id)

    async def _delete_messages(self, conversation: str) -> None:
        await self._generations.delete_many({"conversation": conversation})
        await self._messages.delete_many({"conversation": conversation})

    # ---- messages

    async def messages(self, conversation: str, before: Message | None = None) -> list[Message]:
        """The newest `MOST_MESSAGES` at most, in order; with `before`, a question, those of the questions before it.

        An answer whose question is too far back is left out.
        """
        wanted: dict[str, Any] = {"conversation": conversation}
        if before is not None:
            wanted["asked_at"] = {"$lt": before.asked_at}
        newest = self._messages.find(wanted).sort([("asked_at", DESCENDING), ("created_at", DESCENDING)])
        messages = [Message.of(record) async for record in newest.limit(MOST_MESSAGES)][::-1]
        first = next((number for number, m in enumerate(messages) if m.role == "user"), len(messages))
        return messages[first:]

    async def begins_with(self, conversation: str, message: Message) -> bool:
        """Whether nothing was asked before `message`."""
        earlier = {"conversation": conversation, "asked_at": {"$lt": message.asked_at}}
        return await self._messages.find_one(earlier, {"_id": 1}) is None

    async def message_of(self, conversation: str, id: str) -> Message:
        """Raises MessageNotFound, also for one of another conversation."""
        message = await self.message(id)
        if message is None or message.conversation != conversation:
            raise MessageNotFound(id)
        return message

    async def message(self, id: str) -> Message | None:
        record = await self._messages.find_one({"_id": id})
        return Message.of(record) if record else None

    async def question(
        self,
        conversation: Conversation,
        text: str,
        by: Person,
        *,
        answer: str,
        job: str,
        about: SharedFile | None = None,
        selection: str | None = None,
        mentions: Sequence[SharedFile] = (),
        opens: bool = False,
    ) -> Message:
        """What a person says, to be answered by the message `answer`, which `job` will make.

        `opens`: the conversation was made for it, a moment ago.

        Raises:
            ConversationNotFound: it was deleted meanwhile.
        """
        moment = now()
        message = Message(
            uuid4().hex,
            conversation.id,
            conversation.workspace,
            "user",
            by.id,
            by.name,
            text,
            MessageState.DONE,
            moment,
            moment,
            job,
            answer=answer,
            about=about,
            selection=selection,
            mentions=tuple(mentions),
        )
        await self._messages.insert_one(message.record())
        if not opens:  # nobody knows of a new one, so that nobody can have deleted it
            await self.stands(message)
        return message

    async def ask_again(self, question: Message, answer: str, job: str, *, unless_begun: bool) -> Message | None:
        """Let the message `answer`, made by `job`, be the one that counts. None when somebody else was faster.

        `unless_begun`: also when a worker has begun the answer that counts in `question`.
        """
        still: dict[str, Any] = {"_id": question.id, "answer": question.answer}
        if unless_begun:
            still["begun"] = {"$ne": question.answer}
        record = await self._messages.find_one_and_update(
            still,
            {"$set": {"answer": answer, "job": job}, "$inc": {"attempt": 1}},
            return_document=ReturnDocument.AFTER,
        )
        return Message.of(record) if record else None

    async def begin(self, question: str, answer: str) -> Message | None:
        """The question, for the worker that is about to write `answer`. None when it is gone or was asked again.

        From now on nobody can ask again before that worker's job has ended, so there is one answer at a time.
        """
        record = await self._messages.find_one_and_update(
            {"_id": question, "answer": answer}, {"$set": {"begun": answer}}, return_document=ReturnDocument.AFTER
        )
        return Message.of(record) if record else None

    async def answer(self, question: Message, id: str, job: str, attempt: int, revived_at: int = 0) -> Message:
        """The assistant's message `id` to `question`, empty and streaming, for `attempt` at `job`.

        It stands where it first stood also when an earlier attempt had begun it. A message that has ended is returned
        as it is, and so is one that a later attempt has begun. One that failed in an attempt up to `revived_at` begins
        anew. Whoever has it ended asks `stands`.
        """
        if attempt == 1:
            with suppress(DuplicateKeyError):
                return await self._begun(question, id, job, attempt)
        record = await self._messages.find_one({"_id": id})
        if record is None:
            return await self._begun(question, id, job, attempt)
        anew = {
            "text": "",
            "attempt": attempt,
            "state": MessageState.STREAMING.value,
            "error": None,
            "shortened": False,
        }
        beginning = {"_id": id, "state": MessageState.STREAMING.value, "attempt": {"$lt": attempt}}
        await self._messages.update_one(beginning, {"$set": anew})
        if revived_at:
            failed = {"_id": id, "state": MessageState.FAILED.value, "attempt": {"$lte": revived_at}}
            await self._messages.update_one(failed, {"$set": anew})
        return Message.of(await self._messages.find_one({"_id": id}) or record)

    async def _begun(self, question: Message, id: str, job: str, attempt: int) -> Message:
        """Raises DuplicateKeyError when it is there already."""
        message = Message(
            id,
            question.conversation,
            question.workspace,
            "assistant",
            ASSISTANT["id"],
            ASSISTANT["name"],
            "",
            MessageState.STREAMING,
            now(),
            question.asked_at,
            job,
            attempt,
            question=question.id,
        )
        await self._messages.insert_one(message.record())
        return message

    async def stands(self, message: Message) -> None:
        """Say that something was written in its conversation. Raises ConversationNotFound, and then it is gone too."""
        talk = await self._conversations.update_one({"_id": message.conversation}, {"$set": {"updated_at": now()}})
        if talk.matched_count == 0:
            await self._messages.delete_one({"_id": message.id})
            raise ConversationNotFound(message.conversation)

    async def texts(self, messages: Sequence[str]) -> dict[str, str]:
        """The texts of `messages` by their ids; those that are gone are left out."""
        found = self._messages.find({"_id": {"$in": list(messages)}}, {"text": 1})
        return {record["_id"]: record["text"] async for record in found}

    async def change(self, message: Message, **fields: Any) -> bool:
        """Set `fields` of a message that streams. False when another attempt has taken over, or it is gone."""
        held = {"_id": message.id, "attempt": message.attempt, "state": MessageState.STREAMING.value}
        result = await self._messages.update_one(held, {"$set": fields})
        return result.matched_count == 1

    async def keep_generation(self, answer: Message, asked_by: str, generation: dict[str, Any]) -> None:
        """How `answer` was made, for the record of what becomes of it; apart from it, since a prompt is long.

        `asked_by`: the id of the person.
        """
        record = {
            "workspace": answer.workspace,
            "conversation": answer.conversation,
            "user": asked_by,
            "kept_at": now(),
            "generation": generation,
        }
        await self._generations.update_one({"_id": answer.id}, {"$set": record}, upsert=True)

    async def drop_generation(self, answer: Message) -> None:
        await self._generations.delete_one({"_id": answer.id})

    async def generation(self, answer: str) -> dict[str, Any] | None:
        record = await self._generations.find_one({"_id": answer})
        return record["generation"] if record else None


def title_of(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= TITLE_LENGTH else line[: TITLE_LENGTH - 1].rstrip() + "…"
