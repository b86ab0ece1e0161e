"""Jobs of kind chat: an answer in a conversation that everybody in the workspace reads while it is written."""

import asyncio
import time
from contextlib import aclosing

from ai.answer import TextCleaner
from ai.attempt import Fenced, JobFailed, Run
from ai.beside import beside
from ai.conversations import ConversationNotFound, Message, MessageState
from ai.generation import Generation
from ai.jobs import JobState
from ai.languages import language_of
from ai.models import ChatMessage, ModelRequest, Task
from ai.pace import Pace
from ai.prompts import Prompt, chat_prompt, instructed
from ai.toolbox import Toolbox
from collab.offsets import utf16_length
from collab.snapshots import DocumentGone, DocumentNotFound

SAVE_INTERVAL = 1.0
"""Seconds between writes of an answer while it streams: how far behind somebody begins who opens it now."""


class ChatAttempt:
    """The job's payload: {question: id of the message, answer: id for the new one, document?, path?, selection?}."""

    def __init__(self, run: Run, tools: Toolbox) -> None:
        assert run.job.conversation is not None, "only jobs with a conversation come here"
        self._conversation = run.job.conversation
        self._run = run
        self._job = run.job
        self._tools = tools
        self._text = ""
        self._shown = 0
        self._shown_units = 0

    async def run(self) -> None:
        """See `ai.attempt.Attempt`."""
        choice = await self._tools.choices.of(self._job.workspace)
        prompt, task = await self._prompt()
        prompt = instructed(prompt, choice.system_instruction)
        request = ModelRequest("chat", prompt.messages, task, choice.params)
        generation = Generation(self._run, choice.provider, self._tools.meter, prompt, request)
        # The model thinks while the message is begun.
        async with beside(self._begin()) as beginning:
            await self._stream(generation, beginning)
        message = await beginning
        if message.state is MessageState.FAILED:
            raise JobFailed(message.error or "It could not be answered.")
        if message.state is MessageState.STREAMING:
            error = generation.warning if self._text != generation.note else None
            await self._change(message, text=self._text, state=MessageState.DONE.value, error=error)
            await self._announce(message.id)

    async def _stream(self, generation: Generation, beginning: asyncio.Task[Message]) -> None:
        cleaner = TextCleaner()
        saved_at = time.monotonic()
        async with Pace(self._show) as pace, aclosing(generation.stream()) as chunks:
            async for chunk in chunks:
                message = await beginning
                if message.state is not MessageState.STREAMING:
                    return  # an earlier attempt had finished, and its worker died before it could say so
                if text := cleaner.push(chunk.text):
                    self._text += text
                    pace.mark()
                if time.monotonic() - saved_at > SAVE_INTERVAL:
                    await self._change(message, text=self._text)
                    saved_at = time.monotonic()
        self._text += cleaner.finish()
        if not self._text:
            self._text = generation.note or ""

    async def end(self, state: JobState, error: str | None) -> None:
        """See `ai.attempt.Attempt`. What had streamed stays."""
        try:
            message = await self._begin()
        except JobFailed:
            return  # with the conversation its answers are gone
        if message.state is MessageState.STREAMING:
            ended = MessageState.CANCELLED if state is JobState.CANCELLED else MessageState.FAILED
            await self._change(message, text=self._text or message.text, state=ended.value, error=error)
        await self._announce(message.id)

    async def _begin(self) -> Message:
        try:
            message = await self._tools.conversations.answer(
                self._conversation,
                self._job.workspace,
                self._job.payload["answer"],
                self._job.id,
                self._job.attempt,
                self._job.revived_at,
            )
        except ConversationNotFound as error:
            raise JobFailed("The conversation was deleted.") from error
        if message.attempt > self._job.attempt:
            raise Fenced(self._job.id)
        if not self._text:
            # Also for those who have read what an earlier attempt wrote: it begins anew.
            await self._announce(message.id)
        return message

    async def _prompt(self) -> tuple[Prompt, Task]:
        payload = self._job.payload
        messages = await self._tools.conversations.messages(self._conversation)
        asked = next((number for number, m in enumerate(messages) if m.id == payload["question"]), None)
        if asked is None:
            raise JobFailed("The question was deleted.")
        question = messages[asked].text
        told = [ChatMessage(m.role, m.text) for m in messages[:asked] if m.text]
        path = payload["path"]
        document = await self._document(payload["document"]) if path is not None else None
        language = language_of(path) if path is not None else None
        prompt = chat_prompt(
            question=question,
            history=told,
            path=path,
            language=language,
            document=document,
            selection=payload.get("selection"),
        )
        corpus = self._tools.material.corpus(self._job.workspace)
        return prompt, Task(instruction=question, path=path, language=language, corpus=corpus)

    async def _document(self, document: str) -> str | None:
        try:
            return await self._tools.rooms.text_of(document)
        except (DocumentGone, DocumentNotFound):
            return None

    async def _show(self) -> None:
        text = self._text[self._shown :]
        if text and self._run.held:
            self._run.shown = True
            offset = self._shown_units
            self._shown += len(text)
            self._shown_units += utf16_length(text)
            await self._tools.announcements.chat_delta(
                self._job.workspace, self._conversation, self._job.payload["answer"], offset, text
            )

    async def _change(self, message: Message, **fields: object) -> None:
        """Raises Fenced when another attempt has begun, or the conversation is gone."""
        if not await self._tools.conversations.change(message, **fields):
            raise Fenced(self._job.id)

    async def _announce(self, message: str) -> None:
        if (found := await self._tools.conversations.message(message)) is not None:
            await self._tools.announcements.chat_message(self._job.workspace, self._conversation, found.view())
