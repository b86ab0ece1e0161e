"""What the people of a workspace hear of the assistant: the events of its stream, by their public types and shapes."""

from collections.abc import Sequence
from typing import Any

from ai.pool.jobs import Job
from storage.events import EventLog


class Announcements:
    """Deltas are transient: whoever misses some reads the record, or waits for the durable event that ends them."""

    def __init__(self, events: EventLog) -> None:
        self._events = events

    async def job_changed(self, job: Job) -> None:
        await self._events.append(job.workspace, "scriptorium.job.changed", job.view())

    async def suggestion_changed(self, view: dict[str, Any]) -> None:
        """`view` as `ai.proposals.suggestions.Suggestion.view` gives it."""
        await self._events.append(view["workspace"], "scriptorium.suggestion.changed", view)

    async def suggestion_delta(self, workspace: str, suggestion: str, delta: dict[str, Any]) -> None:
        """`delta` as `ai.proposals.deltas.Deltas.of` gives it."""
        data = {"id": suggestion, **delta}
        await self._events.transient(workspace, "scriptorium.suggestion.delta", data)

    async def chat_message(self, workspace: str, conversation: str, message: dict[str, Any]) -> None:
        data = {"conversation": conversation, "message": message}
        await self._events.append(workspace, "scriptorium.chat.message", data)

    async def chat_delta(
        self, workspace: str, conversation: str, message: str, attempt: int, offset: int, text: str
    ) -> None:
        """`offset` in UTF-16 code units, as a browser counts what it shows already."""
        data = {
            "conversation": conversation,
            "message": message,
            "attempt": attempt,
            "offset": offset,
            "text": text,
        }
        await self._events.transient(workspace, "scriptorium.chat.delta", data)

    async def assistant_config(self, workspace: str, found: dict[str, Any]) -> None:
        """`found` as `ai.choosing.choices.FileState.view` gives it."""
        await self._events.append(workspace, "scriptorium.assistant.config", found)

    async def notice_changed(self, view: dict[str, Any]) -> None:
        """`view` as `ai.notices.notice.Notice.view` gives it."""
        await self._events.append(view["workspace"], "scriptorium.notice.changed", view)

    async def notices_read(self, workspace: str, ids: Sequence[str], person: str) -> None:
        await self._events.append(workspace, "scriptorium.notices.read", {"notices": list(ids), "by": person})

    async def outage(self, workspace: str, data: dict[str, Any]) -> None:
        """A model does not answer, or answers again: `data` as `ai.pool.outages.view` gives it, with `over` at its
        end."""
        await self._events.append(workspace, "scriptorium.assistant.outage", data)

    async def conversation_changed(self, workspace: str, conversation: dict[str, Any]) -> None:
        await self._events.append(workspace, "scriptorium.conversation.changed", conversation)

    async def conversation_deleted(self, workspace: str, conversation: str) -> None:
        await self._events.append(workspace, "scriptorium.conversation.deleted", {"id": conversation})
