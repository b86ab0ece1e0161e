"""What the people of a workspace hear of the assistant: the events of its stream, by their public types and shapes."""

from collections.abc import Sequence
from typing import Any

from ai.clock import rfc3339
from ai.deciding.decision_record import DecisionRecord
from ai.pool.jobs import Job
from storage.events import EventLog

DECISION_RECORDED = "scriptorium.decision.recorded"
DOCUMENT_RESTED = "scriptorium.document.rested"
NOTICE_CHANGED = "scriptorium.notice.changed"


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

    async def document_rested(self, workspace: str, document: str, path: str, version: str, since: str | None) -> None:
        """`version`: what it says; `since`: what it said when people began to work on it."""
        data = {"document": document, "path": path, "version": version, "since": since}
        await self._events.append(workspace, DOCUMENT_RESTED, data)

    async def notice_changed(self, view: dict[str, Any]) -> None:
        """`view` as `ai.notices.notice.Notice.view` gives it."""
        await self._events.append(view["workspace"], NOTICE_CHANGED, view)

    async def decision_recorded(self, record: DecisionRecord, notice: str | None) -> None:
        """At least once for every decision, when all of it is carried out. `notice` is the one whose change it is."""
        data = {
            "id": record.id,
            "suggestion": record.suggestion,
            "hunk": record.hunk,
            "document": record.document,
            "notice": notice,
            "kind": record.about.kind,
            "model": record.about.model,
            "language": record.about.language,
            "decision": record.name,
            "state": record.to.value,
            "decided_by": record.decided_by.view() if record.decided_by else None,
            "decided_at": rfc3339(record.decided_at),
        }
        await self._events.append(record.workspace, DECISION_RECORDED, data)

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
