"""Answers of a conversation that become suggestions: nothing that the assistant says there changes a text by itself."""

import asyncio
from collections.abc import Sequence
from typing import Literal
from uuid import uuid4

from markdown_it import MarkdownIt

from ai.announcements import Announcements
from ai.answers.applying import CannotApply, Replacement, in_order, replacements
from ai.chat.citations import without_citations
from ai.chat.conversations import Conversations
from ai.chat.messages import Message, MessageState
from ai.clock import now
from ai.pool.jobs import Person
from ai.proposals.hunks import Hunk, HunkState
from ai.proposals.proposal import Proposal
from ai.proposals.suggestions import Suggestion, Suggestions, SuggestionState
from ai.record.feedback import Feedback
from ai.requests import MOST_SELECTED, Requests, TooMuchText
from collab.durable.snapshots import DocumentGone
from collab.files.files import FileEntry
from collab.refusals import RoomClosed
from collab.replicas.edits import fork
from collab.rooms.rooms import Rooms
from collab.yjs.offsets import codepoint_to_utf16

Where = Literal["found", "whole", "end"]
"""Where a piece goes: to the place that is found for it, in place of the whole text, or behind it."""

_PORTION = 4_000
"""Letters that are compared before others have their turn on the loop."""

# As the browser reads answers, so that both count the same blocks.
_markdown = MarkdownIt("js-default", {"html": False})
_markdown.core.ruler.enableOnly(["normalize", "block"])


class NotAnAnswer(ValueError):
    """The message cannot be proposed anywhere; `str(error)` says why, to people."""


class BlockNotFound(ValueError):
    """The answer has no such block; the message says so."""


class NothingChanges(ValueError):
    """The file says already what was to be proposed; the message says so."""


def code_blocks(answer: str) -> list[str]:
    """What stands in the fenced code blocks of `answer`, in order."""
    return [token.content for token in _markdown.parse(answer) if token.type == "fence"]


def ends_inside_a_block(answer: str) -> bool:
    """Whether the last fenced code block of `answer` was never closed."""
    fences = [token for token in _markdown.parse(answer) if token.type == "fence"]
    if not fences or fences[-1].map is None:
        return False
    start, end = fences[-1].map
    mark = fences[-1].markup
    last = answer.splitlines()[end - 1].strip(" \t>")
    return end - start < 2 or not last.startswith(mark) or last.strip(mark[0]) != ""


class ChatProposals:
    def __init__(
        self,
        rooms: Rooms,
        requests: Requests,
        conversations: Conversations,
        suggestions: Suggestions,
        feedback: Feedback,
        announcements: Announcements,
    ) -> None:
        self._rooms = rooms
        self._requests = requests
        self._conversations = conversations
        self._suggestions = suggestions
        self._feedback = feedback
        self._announcements = announcements

    async def propose(
        self,
        workspace: str,
        conversation: str,
        message: str,
        block: int | None,
        path: str,
        by: Person,
        where: Where = "found",
    ) -> str:
        """Make code block `block` of an answer (counted from 0; None: all of it) a suggestion for the file at `path`.

        Returns:
            the suggestion's id. Its hunks are stored and can be decided.

        Raises:
            ai.chat.conversations.ConversationNotFound, ai.chat.conversations.MessageNotFound, NotAnAnswer,
            BlockNotFound, ai.answers.applying.CannotApply, NothingChanges, ai.requests.TooMuchText; of paths, what
            ai.requests.Requests raises
        """
        talk = await self._conversations.get(workspace, conversation)
        answer = await self._conversations.message_of(talk.id, message)
        if answer.role != "assistant":
            raise NotAnAnswer("Only what the assistant says can be proposed.")
        if answer.state is MessageState.STREAMING:
            raise NotAnAnswer("The answer is still being written.")
        entry = await self._requests.text_file(workspace, path)
        pieces = await asyncio.to_thread(_pieces, answer, block, where)
        suggestion = await self._suggestion(answer, entry, by)
        hunks = await self._hunks(suggestion, answer, entry, pieces, where)
        if not hunks:
            raise NothingChanges(f"“{entry.path}” says this already.")
        # The hunks first: until the suggestion is there nobody knows of them, and it is never there without them.
        await self._suggestions.add_hunks(hunks)
        await self._suggestions.create(suggestion)
        if suggestion.generations and not await self._may_be_kept(answer, suggestion.requested_by):
            # Erased, or switched off, at this very moment.
            await self._suggestions.change(suggestion.id, suggestion.attempt, generations={})
        await self._announcements.suggestion_changed(suggestion.view(hunks))
        return suggestion.id

    async def _suggestion(self, answer: Message, entry: FileEntry, by: Person) -> Suggestion:
        question = await self._conversations.message(answer.question) if answer.question else None
        # Not whoever proposes it: what is kept of it is the question of who asked, and is theirs to have erased.
        asker = Person(question.author, question.author_name) if question else by
        generation = None
        if await self._may_be_kept(answer, asker):
            generation = await self._conversations.generation(answer.id)
        return Suggestion(
            uuid4().hex,
            answer.job or "",
            answer.workspace,
            "edit",
            (entry.id,),
            asker,
            question.text if question else "From a conversation",
            SuggestionState.READY,
            # Its own time, not that of the answer: lists of suggestions are in the order in which people saw them come.
            now(),
            answer.attempt,
            generation["model"] if generation else None,
            # What was asked for is an answer, not the text that gives way to a part of it.
            generations={entry.id: generation | {"selection": None}} if generation else {},
        )

    async def _may_be_kept(self, answer: Message, asker: Person) -> bool:
        return await self._feedback.consent.covers(answer.workspace, answer.created_at, asker.id)

    async def _hunks(
        self, suggestion: Suggestion, answer: Message, entry: FileEntry, pieces: Sequence[str], where: Where
    ) -> list[Hunk]:
        try:
            async with self._rooms.open(entry.id) as room:
                await room.copyable()
                room.flush()
                replica, text = fork(room.doc), room.text
        except RoomClosed as error:
            raise DocumentGone(entry.id) from error
        # In a thread: what a model has made up may take a tenth of a second to look for.
        changes = await asyncio.to_thread(_changes, text, pieces, where)
        if not changes:
            return []
        if any(change.end - change.start > MOST_SELECTED for change in changes):
            raise TooMuchText(f"The assistant edits at most {MOST_SELECTED:,} characters at once.")
        blank = Hunk(
            "",
            suggestion.id,
            suggestion.workspace,
            entry.id,
            entry.path,
            "edit",
            answer.attempt,
            0,
            0,
            0,
            (b"", b""),
            "",
            "",
            HunkState.STREAMING,
        )
        proposal = Proposal(replica, blank)
        for change in changes:
            region = proposal.region(codepoint_to_utf16(text, change.start), text[change.start : change.end])
            assert region is not None, "changes are apart"
            for at in range(0, len(change.text), _PORTION):
                region.push(change.text[at : at + _PORTION])
                await asyncio.sleep(0)
            region.finish()
        return list(proposal.take_unsaved().added)


def _pieces(answer: Message, block: int | None, where: Where) -> list[str]:
    blocks = code_blocks(answer.text)
    if block is not None and block >= len(blocks):
        raise BlockNotFound("The answer has no such code block.")
    whole = without_citations(answer.text, {item["number"] for item in answer.context or () if "number" in item})
    meant = blocks if blocks and where == "found" else [whole]
    broken_off = answer.state is not MessageState.DONE and where != "end" and ends_inside_a_block(answer.text)
    if broken_off and (block is None or block == len(blocks) - 1):
        # What had not come yet would be taken for what is to go.
        raise CannotApply("The answer broke off in the middle of this code. Ask again, or copy what has come.")
    # Of an answer that shows code, the words around it are for people.
    return meant if block is None else [blocks[block]]


def _changes(text: str, pieces: Sequence[str], where: Where) -> list[Replacement]:
    if where == "found":
        return in_order(text, [change for piece in pieces for change in replacements(text, piece)])
    [piece] = pieces
    whole = piece if piece.endswith("\n") else f"{piece}\n"
    if where == "whole":
        return in_order(text, [Replacement(0, len(text), whole)])
    gap = "" if not text or text.endswith("\n\n") else "\n" if text.endswith("\n") else "\n\n"
    return [Replacement(len(text), len(text), gap + whole)]
