"""The assistant as the server sees it: what can be asked of it, and the work that a process does for it."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol
from uuid import uuid4

import structlog

from ai.announcements import Announcements
from ai.chat.chat_job import ChatAttempt
from ai.chat.chat_proposals import ChatProposals
from ai.chat.conversation_search import ConversationSearch
from ai.chat.conversations import Conversation, Conversations
from ai.choosing.choices import Choices
from ai.clock import rfc3339
from ai.completing.completions import Completions
from ai.deciding.carrying import Carrying
from ai.deciding.decisions import Decisions, Outcome, is_meant
from ai.expiry import Expiry
from ai.keeping.survey import Survey
from ai.knowledge.knowledge import Knowledge
from ai.models.embedding import Embedder
from ai.models.endpoints import Endpoints
from ai.models.environment import ModelSettings, embedder_from, endpoints_from
from ai.notices.board import Board
from ai.notices.fates import Fates
from ai.notices.notices import Notices
from ai.notices.resting import Resting
from ai.notices.speaking import Speaking
from ai.notices.triggers import Triggers
from ai.pool import worker
from ai.pool.attempt import JobFailed, NewAttempt, Run
from ai.pool.jobs import Job, Jobs, JobState, Person
from ai.pool.outages import Outages
from ai.pool.worker import CANCEL_CHANNEL, Worker
from ai.prompting import manager
from ai.prompting.analysis import tidied
from ai.prompting.context import WINDOW
from ai.prompting.gathering import Gathering
from ai.prompting.manager import Manager, Preparations
from ai.prompting.material import Material
from ai.proposals.create_job import CreateAttempt
from ai.proposals.edit_job import EditAttempt
from ai.proposals.hunks import Decision, Effect, HunkState, transition
from ai.proposals.placing import placed
from ai.proposals.suggestions import Suggestion, Suggestions
from ai.proposals.write_job import WriteAttempt
from ai.record.corrections import Corrections
from ai.record.exports import Format
from ai.record.feedback import Feedback
from ai.record.feedback_reader import FeedbackReader, Window
from ai.requests import Requests
from ai.spending.budget_book import BudgetBook
from ai.spending.budgets import Gauge
from ai.spending.figures import Figures
from ai.spending.metering import Meter
from ai.spending.usage import Ledger
from ai.toolbox import Toolbox
from collab.commenting.comments import Comments
from collab.files.files import Files
from collab.rooms.rooms import Rooms
from storage import Storage
from storage.repeating import repeat
from storage.waiting import end
from storage.wakeups import LocalTopic, Topic

log = structlog.get_logger(__name__)

RECOVER_EVERY = 5.0
MEASURE_EVERY = 3.0
EXPIRE_EVERY = 3600.0
MANAGE_AGAIN = 5.0
SETTLE_EVERY = 600.0

SHOWN = 200
"""Letters of what was asked, in a list of jobs."""


class AssistantSettings(ModelSettings, Protocol):
    @property
    def redis_url(self) -> str | None: ...
    @property
    def context_window(self) -> int: ...
    @property
    def currency(self) -> str: ...
    @property
    def embedding_model(self) -> str | None: ...


class Assistant:
    """One per process. `requests` takes what people ask for; everything else here is about what became of it."""

    def __init__(
        self,
        storage: Storage,
        rooms: Rooms,
        files: Files,
        endpoints: Endpoints,
        queue: Topic,
        *,
        analysis: Topic | None = None,
        window: int = WINDOW,
        currency: str = "USD",
        embedder: Embedder | None = None,
    ) -> None:
        """`analysis` wakes conversation managers as `queue` wakes workers; without it they are of this process.

        `window` is how many tokens the model takes, question and answer together. `currency`: that of the prices of
        `endpoints`. `embedder` tells what texts mean, if anybody does.
        """
        self._bus = storage.bus
        self._rooms = rooms
        self._files = files
        self._queue = queue
        self._announcements = Announcements(storage.events)
        self.jobs = Jobs(storage.db)
        self.suggestions = Suggestions(storage.db)
        self.conversations = Conversations(storage.db)
        self.outages = Outages(storage.db, self._announcements)
        self.feedback = Feedback(storage.db)
        self.corrections = Corrections(storage.db, rooms, files, self.feedback.consent)
        self.records = FeedbackReader(storage.db)
        self.carrying = Carrying(storage.db, rooms, self.suggestions, self._announcements, self.feedback)
        self.decisions = Decisions(storage.db, rooms, self.suggestions, self._announcements, self.carrying)
        self.choices = Choices(storage.db, rooms, files, endpoints, self._announcements)
        self.notices = Notices(storage.db)
        self.fates = Fates(storage.db)
        self.board = Board(rooms, files, self.notices, self.suggestions, self._announcements, self.decide)
        self.conversation_search = ConversationSearch(storage.db)
        self.budgets = BudgetBook(storage.db)
        self.ledger = Ledger(storage.db)
        self.meter = Meter(self.budgets, self.ledger, currency)
        self.figures = Figures(storage.db)
        self._expiry = Expiry(storage.db, self.figures)
        material = Material(files, rooms)
        self.knowledge = Knowledge(storage.db, storage.leases, files, material, embedder)
        self.resting = Resting(storage.db, rooms, files, self._announcements)
        self.speaking = Speaking(
            rooms,
            self.notices,
            self.suggestions,
            self.decisions,
            self._announcements,
            self.fates,
            self.choices,
            storage.leases,
        )
        survey = Survey(files, material, self.knowledge, Comments(storage, rooms))
        self.gathering = Gathering(storage.db, files, rooms, material, self.knowledge, survey, window)
        self.preparations = Preparations(storage.db, analysis or LocalTopic())
        self.requests = Requests(
            rooms,
            files,
            material,
            self.jobs,
            queue,
            self.suggestions,
            self.decisions,
            self.conversations,
            self._announcements,
            self.preparations,
            self._admit,
        )
        self.triggers = Triggers(rooms, files, material, self.knowledge, self.requests, self.speaking)
        self.chat_proposals = ChatProposals(
            rooms, self.requests, self.conversations, self.suggestions, self.feedback, self._announcements
        )
        self.completions = Completions(
            storage,
            rooms,
            self.requests,
            material,
            self.choices,
            self.feedback,
            self.meter,
            self.outages,
            self.gathering,
            self._admit,
        )
        tools = Toolbox(
            rooms,
            files,
            material,
            self.choices,
            self.meter,
            self.suggestions,
            self.conversations,
            self.decisions,
            self.feedback,
            self._announcements,
            self.gathering,
            self.board,
        )
        self._attempts: dict[str, NewAttempt] = {
            "edit": lambda run: EditAttempt(run, tools),
            "write": lambda run: WriteAttempt(run, tools),
            "create": lambda run: CreateAttempt(run, tools),
            "chat": lambda run: ChatAttempt(run, tools),
        }

    async def ensure_indexes(self) -> None:
        for part in (
            self.jobs,
            self.suggestions,
            self.notices,
            self.fates,
            self.resting,
            self.conversations,
            self.carrying,
            self.feedback,
            self.gathering,
            self.knowledge,
            self.preparations,
            self.completions.fates,
        ):
            await part.ensure_indexes()
        for kept in (self.budgets, self.ledger, self.figures):
            await kept.ensure_indexes()

    async def _admit(self, workspace: str, by: Person) -> None:
        """Raises ai.spending.budget_book.BudgetSpent. The local assistant costs nothing, so it always goes on."""
        if await self._costs(workspace):
            await self.budgets.check(workspace, by.id)

    async def _costs(self, workspace: str) -> bool:
        try:
            return (await self.choices.of(workspace)).provider.name != "local"
        except JobFailed:
            return False  # nobody answers

    async def status(self, workspace: str) -> dict[str, Any]:
        """Who answers a workspace, for people: {provider, model, configured, label, label_detail, config}, `config` as
        `ai.choosing.choices.FileState.view` gives it.
        """
        config = (await self.choices.state(workspace)).view()
        try:
            provider = (await self.choices.of(workspace)).provider
        except JobFailed as error:
            nobody = {"provider": "none", "model": "", "label": "Nobody answers", "label_detail": str(error)}
            return {**nobody, "configured": False, "config": config}
        return {
            "provider": provider.name,
            "model": provider.model,
            "configured": provider.name != "local",
            "label": provider.label,
            "label_detail": provider.label_detail,
            "config": config,
        }

    async def budget(self, workspace: str, person: str) -> list[Gauge]:
        """How far the budget is used up that calls of models count against. Empty where none does."""
        return await self.budgets.gauges(workspace, person) if await self._costs(workspace) else []

    async def cancel(self, job: str) -> Job:
        """Stop a job. One that runs stops within a moment, one that has ended stays as it is.

        Raises:
            ai.pool.jobs.JobNotFound
        """
        if (before := await self.jobs.get(job)).state.final:
            return before
        after = await self.jobs.request_cancel(job)
        if after.state is JobState.CANCELLED:
            # Nobody works on it, so nobody else would tell those who watch.
            await self._attempts[after.kind](Run(after)).end(JobState.CANCELLED, None)
            await self._announcements.job_changed(after)
        elif after.state is JobState.RUNNING:
            self._bus.publish(CANCEL_CHANNEL, job.encode())
        return after

    async def retry(self, job: str) -> Job:
        """Try a job once more that has failed. What it had come to is taken back first, as far as nobody decided it.

        Raises:
            ai.pool.jobs.JobNotFound, ai.pool.jobs.NotFailed
        """
        revived = await self.jobs.revive(job)
        await self._queue.wake()
        await self._announcements.job_changed(revived)
        return revived

    async def put_aside(self, job: str) -> Job:
        """Leave a failed job out of the lists from now on. Raises ai.pool.jobs.JobNotFound, ai.pool.jobs.NotFailed."""
        aside = await self.jobs.put_aside(job)
        await self._announcements.job_changed(aside)
        return aside

    async def jobs_of(self, workspace: str, state: JobState | None) -> list[dict[str, Any]]:
        """See `ai.pool.jobs.Jobs.of_workspace`; each with the beginning of what was asked, the path, and when it
        ended."""
        jobs = await self.jobs.of_workspace(workspace, state)
        questions = [job.payload["question"] for job in jobs if "question" in job.payload]
        texts = await self.conversations.texts(questions) if questions else {}
        shown = []
        for job in jobs:
            places = job.payload.get("targets") or [job.payload]
            said = job.payload.get("instruction") or texts.get(job.payload.get("question", ""), "")
            ended = rfc3339(job.finished_at) if job.finished_at is not None else None
            path = places[0].get("path") or job.payload.get("folder")
            about = {"instruction": _shortened(said), "path": path or None, "finished_at": ended}
            shown.append(job.view() | about)
        return shown

    async def suggestion(self, id: str) -> dict[str, Any]:
        """As people see it, its hunks where they stand now. Raises ai.proposals.suggestions.SuggestionNotFound."""
        suggestion = await self.suggestions.get(id)
        return suggestion.view(await placed(self._rooms, self._files, await self.suggestions.hunks(id)))

    async def suggestions_of(self, workspace: str, document: str | None = None) -> list[dict[str, Any]]:
        """The newest suggestions, newest first, of one document when it is named; each as `suggestion`."""
        found = await self.suggestions.of_workspace(workspace, document)
        hunks = await placed(self._rooms, self._files, await self.suggestions.hunks(*(s.id for s in found)))
        return [s.view(hunk for hunk in hunks if hunk.suggestion == s.id) for s in found]

    async def decide(
        self,
        suggestion: str,
        hunks: Sequence[str] | None,
        decision: Decision,
        by: Person,
        reason: str | None = None,
        shown: Mapping[str, int] | None = None,
        seen: Mapping[str, int] | None = None,
    ) -> list[Outcome]:
        """See `ai.deciding.decisions.Decisions.decide`. Raises ai.proposals.suggestions.SuggestionNotFound as well."""
        found = await self.suggestions.get(suggestion)
        if decision is Decision.UNDO:
            await self._bring_back_emptied(found, hunks, seen or {}, by)
        trashed = [document for document in found.documents if await self._files.path_of(document) is None]
        outcomes = await self.decisions.decide(
            found, hunks, decision, by, reason, trashed=trashed, shown=shown, seen=seen
        )
        await self._drop_emptied(suggestion, outcomes)
        if found.notice is not None:
            await self.board.tell(found.workspace, found.notice)
        return outcomes

    async def _bring_back_emptied(
        self, suggestion: Suggestion, which: Sequence[str] | None, seen: Mapping[str, int], by: Person
    ) -> None:
        """Files that `_drop_emptied` took away, for the text that is about to stand in them again."""
        for hunk in await self.suggestions.hunks(suggestion.id):
            step = transition(hunk.mode, hunk.state, Decision.UNDO)
            if not hunk.created or step is None or step.effect is not Effect.RETYPE:
                continue
            if (which is None or hunk.id in which) and is_meant(hunk, step, seen):
                taken_away_by = f"job:{hunk.suggestion}"
                await self._files.restore_deleted_by(taken_away_by, hunk.workspace, hunk.document, f"user:{by.id}")

    async def _drop_emptied(self, suggestion: str, outcomes: Sequence[Outcome]) -> None:
        """Files that were made for a text that people do not want go to the trash, unless they wrote into them.

        So do the folders that were made for them, when nothing else is in them.
        """
        unwanted = {one.hunk for one in outcomes if one.state in (HunkState.REJECTED, HunkState.UNDONE)}
        if not unwanted:
            return
        for hunk in await self.suggestions.hunks(suggestion):
            if hunk.created and hunk.id in unwanted:
                await self._files.delete_empty(hunk.workspace, hunk.document, f"job:{hunk.suggestion}")
        made = await self.suggestions.get(suggestion)
        await self._files.delete_empty_folders(made.workspace, made.folders, f"job:{suggestion}")

    async def rename_conversation(self, workspace: str, id: str, title: str) -> Conversation:
        """Raises ai.chat.conversations.ConversationNotFound."""
        conversation = await self.conversations.rename(workspace, id, title)
        await self._announcements.conversation_changed(workspace, conversation.view())
        return conversation

    async def delete_conversation(self, workspace: str, id: str) -> None:
        """With all its messages; what is being answered in it is cancelled.

        Raises:
            ai.chat.conversations.ConversationNotFound
        """
        conversation = await self.conversations.get(workspace, id)
        for job in await self.jobs.unfinished(conversation=conversation.id):
            await self.cancel(job.id)
        await self.conversations.delete(conversation.id)
        await self._announcements.conversation_deleted(workspace, conversation.id)

    async def cancel_all_of(self, workspace: str, person: str) -> None:
        """What is being done for ``person``, who is no member any more."""
        for job in await self.jobs.unfinished(workspace=workspace, user=person):
            await self.cancel(job.id)

    async def forget_workspace(self, workspace: str) -> None:
        """Delete all that is kept about a workspace that is gone, but for its decisions."""
        for job in await self.jobs.unfinished(workspace=workspace):
            await self.cancel(job.id)
        await self.choices.forget_workspace(workspace)
        await self._expiry.forget_workspace(workspace)

    async def feedback_lines(self, workspace: str, format: Format, window: Window = Window()) -> AsyncIterator[str]:
        """See `ai.record.feedback_reader.FeedbackReader.export`, with all that was decided here before."""
        await self._idle()
        return self.records.export(workspace, format, window)

    async def erase_feedback(self, workspace: str, person: str | None = None) -> int:
        """See `ai.record.feedback.Feedback.erase`, which counts all that was decided here before."""
        await self._idle()
        await self.completions.fates.erase(workspace, person)
        erased = await self.feedback.erase(workspace, person)
        await self.figures.forget_feedback(workspace)
        return erased

    async def erase_one(self, workspace: str, record: str) -> bool:
        """See `ai.record.feedback.Feedback.erase_one`."""
        erased = await self.feedback.erase_one(workspace, record)
        await self.figures.forget_feedback(workspace)
        return erased

    async def _idle(self) -> None:
        """Return once all that was decided here has been learned."""
        await self.carrying.idle()
        await self.completions.fates.idle()

    # ---- the work

    async def work(self) -> None:
        """Do all the work of a process, until cancelled."""
        managing = asyncio.create_task(repeat(self.manage, MANAGE_AGAIN))
        try:
            await self.answer()
        finally:
            await end([managing])

    async def manage(self) -> None:
        """Look at what requests are about, until cancelled; see `ai.prompting.manager`."""
        await Manager(self.preparations, self.jobs, self._prepare).run()

    async def _prepare(self, job: Job) -> None:
        messages = await self.conversations.messages(job.conversation) if job.conversation is not None else []
        await self.gathering.prepare(job, [tidied(message.text) for message in messages])

    async def answer(self) -> None:
        """Work on jobs until cancelled; then put back what is not finished, for another worker to take at once."""
        worker = Worker(
            uuid4().hex, self.jobs, self._queue, self._bus, self._announcements, self.outages, self._attempts
        )
        chores = [
            asyncio.create_task(repeat(self.carrying.recover, RECOVER_EVERY)),
            asyncio.create_task(repeat(self.corrections.measure_due, MEASURE_EVERY)),
            asyncio.create_task(repeat(self.completions.fates.sweep, RECOVER_EVERY)),
            asyncio.create_task(repeat(self._expiry.sweep, EXPIRE_EVERY)),
            asyncio.create_task(repeat(self.meter.settle_lost, SETTLE_EVERY)),
        ]
        try:
            await worker.run()
        finally:
            await end(chores)


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHOWN else line[: SHOWN - 1].rstrip() + "…"


@asynccontextmanager
async def open_assistant(
    storage: Storage, rooms: Rooms, files: Files, settings: AssistantSettings
) -> AsyncIterator[Assistant]:
    """The assistant of this process. It is left before rooms and storage are.

    Raises:
        ai.models.environment.EndpointsWrong
    """
    endpoints = Endpoints(endpoints_from(settings, os.environ))
    embedder = embedder_from(settings)
    try:
        assistant = Assistant(
            storage,
            rooms,
            files,
            endpoints,
            storage.topics.open(worker.TOPIC),
            analysis=storage.topics.open(manager.TOPIC),
            window=settings.context_window,
            currency=settings.currency,
            embedder=embedder,
        )
        await assistant.ensure_indexes()
        try:
            async with assistant.completions.listening():
                yield assistant
        finally:
            await assistant.choices.close()
            await assistant.preparations.idle()
            await assistant.gathering.close()
            await assistant.knowledge.close()
        await assistant.carrying.idle()
        await assistant.completions.fates.idle()
        await assistant.meter.idle()
    finally:
        await endpoints.close()
        if embedder is not None:
            await embedder.close()
