"""Jobs of kind chat: an answer in a conversation that everybody in the workspace reads while it is written."""

import asyncio
import time
from collections import ChainMap
from collections.abc import Awaitable, Sequence
from contextlib import aclosing
from typing import Any

from ai.answers.answer import TextCleaner
from ai.beside import beside
from ai.chat.citations import without_citations
from ai.chat.conversations import ConversationNotFound
from ai.chat.dialogue import said
from ai.chat.messages import Message, MessageState
from ai.choosing.choices import Choice
from ai.languages import language_of
from ai.models import ChatMessage, ModelRequest, Task
from ai.pool.attempt import Fenced, JobFailed, Run
from ai.pool.jobs import JobState
from ai.prompting.analysis import language_in, tidied
from ai.prompting.context import Candidate
from ai.prompting.gathering import prompted
from ai.prompting.generation import Generation
from ai.prompting.prompt_data import Secrets
from ai.prompting.prompts import Prompt, chat_prompt, instructed
from ai.proposals.pace import Pace
from ai.toolbox import Toolbox
from collab.yjs.offsets import utf16_length

_NOT_WANTED = "The question was deleted, or asked again."

_NUMBERS = range(1, 1_000)

SAVE_INTERVAL = 1.0
"""Seconds between writes of an answer while it streams: how far behind somebody begins who opens it now."""


class ChatAttempt:
    """The job's payload: {question: id of the message, answer: id for the new one, document?, path?, selection?,

    mentions}. `mentions` is a list of {document, path}.
    """

    def __init__(self, run: Run, tools: Toolbox) -> None:
        assert run.job.conversation is not None, "only jobs with a conversation come here"
        self._conversation = run.job.conversation
        self._run = run
        self._job = run.job
        self._tools = tools
        self._text = ""
        self._shown = 0
        self._shown_units = 0
        self._shortened = False
        self._generation: Generation | None = None
        """Of this attempt, once it asks the model."""

    async def run(self) -> None:
        """See `ai.pool.attempt.Attempt`."""
        tools, job = self._tools, self._job
        async with beside(tools.gathering.around(job)) as around, beside(tools.meter.budget(job.workspace)) as budget:
            question = await self._question()
            # The message is begun while the prompt is made, and the model thinks.
            async with beside(self._begin(question)) as beginning:
                choice = await tools.choices.of(job.workspace)
                prompt, task = await self._prompt(question, choice, around)
                prompt = instructed(prompt, choice.system_instruction)
                request = ModelRequest("chat", prompt.messages, task, choice.params)
                self._generation = Generation(self._run, choice.provider, tools.meter, prompt, request, budget=budget)
                await self._stream(self._generation, beginning)
        await self._conclude(self._generation, await beginning)

    async def _conclude(self, generation: Generation, message: Message) -> None:
        if message.state is MessageState.FAILED:
            raise JobFailed(message.error or "It could not be answered.")
        if message.state is MessageState.STREAMING:
            error = generation.warning if self._text != generation.note else None
            try:
                await self._tools.conversations.stands(message)
            except ConversationNotFound as gone:
                raise JobFailed("The conversation was deleted.") from gone
            await self._keep_generation(message)
            await self._change(message, text=self._text, state=MessageState.DONE.value, error=error)
            await self._announce(message.id)

    async def _question(self) -> Message:
        question = await self._tools.conversations.begin(self._job.payload["question"], self._job.payload["answer"])
        if question is None:
            raise JobFailed(_NOT_WANTED)
        return question

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
        """See `ai.pool.attempt.Attempt`. What had streamed stays."""
        try:
            message = await self._begin(await self._question())
            await self._tools.conversations.stands(message)
        except (JobFailed, ConversationNotFound):
            return  # with the conversation its answers are gone, and another answer may be under way by now
        if message.state is MessageState.STREAMING:
            ended = MessageState.CANCELLED if state is JobState.CANCELLED else MessageState.FAILED
            await self._keep_generation(message)
            await self._change(message, text=self._text or message.text, state=ended.value, error=error)
        await self._announce(message.id)

    async def _begin(self, question: Message) -> Message:
        job = self._job
        message = await self._tools.conversations.answer(
            question, job.payload["answer"], job.id, job.attempt, job.revived_at
        )
        if message.attempt > self._job.attempt:
            raise Fenced(self._job.id)
        if not self._text:
            # Also for those who have read what an earlier attempt wrote: it begins anew.
            await self._tools.announcements.chat_message(self._job.workspace, self._conversation, message.view())
        return message

    async def _prompt(
        self, question: Message, choice: Choice, around: Awaitable[Sequence[Candidate]]
    ) -> tuple[Prompt, Task]:
        payload = self._job.payload
        earlier = await self._tools.conversations.messages(self._conversation, question)
        # The numbers by which earlier answers cite are those of other passages.
        told = [ChatMessage(turn.role, tidied(without_citations(turn.content, _NUMBERS))) for turn in said(earlier)]
        # "And the second one?" says little by itself.
        before = next((turn.content for turn in reversed(told) if turn.role == "user"), "")
        open_file = [payload["document"]] if payload["document"] is not None else []
        mentions = [file["document"] for file in payload["mentions"] if file["document"] not in open_file]
        known, mentioned, opened = await asyncio.gather(
            self._tools.gathering.known(self._job, f"{question.text}\n{before}"),
            self._tools.material.read(question.workspace, mentions),
            self._tools.material.read(question.workspace, open_file),
        )
        document = opened[0].text if opened else None
        path = payload["path"]
        language = language_of(path) or language_in(document or "") if path is not None else None
        prompt = await prompted(
            chat_prompt,
            question=question.text,
            history=told,
            path=path,
            language=language,
            document=document,
            selection=payload.get("selection"),
            mentioned=mentioned,
            changed=await self._tools.gathering.changed(self._job, document) if document is not None else (),
            known=known,
            around=await around,
            secrets=await self._secrets(
                [document or "", *(file.text for file in mentioned), *(turn.content for turn in told)]
            ),
            window=self._tools.gathering.window(choice),
        )
        self._shortened = any(item["messages"] < item["of_messages"] for item in prompt.context if "messages" in item)
        if earlier and not self._shortened:
            self._shortened = not await self._tools.conversations.begins_with(self._conversation, earlier[0])
        corpus = self._tools.material.corpus(self._job.workspace)
        return prompt, Task(instruction=question.text, path=path, language=language, corpus=corpus)

    async def _secrets(self, texts: Sequence[str]) -> Secrets:
        known = await asyncio.gather(*(self._tools.gathering.secrets_in(text) for text in texts))
        return dict(ChainMap(*(dict(one) for one in known)))

    async def _show(self) -> None:
        text = self._text[self._shown :]
        if text and self._run.held:
            self._run.shown = True
            offset = self._shown_units
            self._shown += len(text)
            self._shown_units += utf16_length(text)
            await self._tools.announcements.chat_delta(
                self._job.workspace, self._conversation, self._job.payload["answer"], self._job.attempt, offset, text
            )

    async def _keep_generation(self, message: Message) -> None:
        """So that what becomes of the answer can be learnt from, should parts of it be proposed."""
        if self._generation is None or not self._text:
            return
        if not await self._tools.may_be_kept(self._job):
            return
        await self._tools.conversations.keep_generation(message, self._job.requested_by.id, self._generation.record())
        if not await self._tools.may_be_kept(self._job):
            await self._tools.conversations.drop_generation(message)  # erased, or switched off, at this very moment

    async def _change(self, message: Message, **fields: object) -> None:
        """Raises Fenced when another attempt has begun, or the conversation is gone."""
        generation = self._generation
        seen: dict[str, Any] = {
            "context": generation.context if generation is not None else [],
            "model": generation.model if generation is not None else None,
            "shortened": self._shortened,
        }
        if not await self._tools.conversations.change(message, **seen, **fields):
            raise Fenced(self._job.id)

    async def _announce(self, message: str) -> None:
        if (found := await self._tools.conversations.message(message)) is not None:
            await self._tools.announcements.chat_message(self._job.workspace, self._conversation, found.view())
