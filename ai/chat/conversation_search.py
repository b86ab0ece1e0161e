"""Finding what was said in the conversations of a workspace.

The databases that we run on have no text index in common, so a search looks at every message, newest conversations
first, and ends when it has found enough. It asks for a few conversations at a time: the embedded database does one
thing after the other, and looks at fifty messages in a millisecond.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pymongo import DESCENDING

from ai.chat.conversations import Conversation
from storage.mongo import Database

MOST_SEARCHED = 2_000
MOST_FOUND = 50
"""Conversations, those with the newest messages."""

_AT_ONCE = 100
"""Conversations that the database is asked about in one query."""

_MOST_HITS = 200
"""Messages that one such query finds, the newest."""

MOST_WORDS = 8
"""Of what is searched for; each is one more look at every message of the workspace."""

_BEFORE_WORD, _AFTER_WORD = 40, 120
"""Letters of a message that are shown around what was found."""


@dataclass(frozen=True, slots=True)
class Match:
    """Where a search found something; `message` is None when it was the title. `snippet` is a line of plain text."""

    conversation: str
    message: str | None
    author_name: str | None
    snippet: str

    def view(self) -> dict[str, Any]:
        shown = {"message": self.message, "author_name": self.author_name, "snippet": self.snippet}
        return {name: value for name, value in shown.items() if value is not None}


class ConversationSearch:
    def __init__(self, db: Database) -> None:
        self._conversations = db["conversations"]
        self._messages = db["messages"]

    async def find(self, workspace: str, query: str) -> list[tuple[Conversation, Match]]:
        """Conversations with all words of `query` in their title or in one message, in any order and letter case.

        Those with the newest messages, newest first; each with its newest message that matches.
        """
        words = query.split()[:MOST_WORDS]
        if not words:
            return []
        newest = self._conversations.find({"workspace": workspace}).sort([("updated_at", DESCENDING)])
        listed = [Conversation.of(record) async for record in newest.limit(MOST_SEARCHED)]
        found: list[tuple[Conversation, Match]] = []
        for first in range(0, len(listed), _AT_ONCE):
            portion = listed[first : first + _AT_ONCE]
            matches = await self._matches([conversation.id for conversation in portion], words)
            found += [
                (conversation, match)
                for conversation in portion
                if (match := matches.get(conversation.id) or _title_match(conversation, words))
            ]
            if len(found) >= MOST_FOUND:
                break
        return found[:MOST_FOUND]

    async def _matches(self, conversations: Sequence[str], words: Sequence[str]) -> dict[str, Match]:
        those = {
            "conversation": {"$in": list(conversations)},
            "$and": [{"text": {"$regex": re.escape(word), "$options": "i"}} for word in words],
        }
        matches: dict[str, Match] = {}
        async for record in self._messages.find(those).sort([("created_at", DESCENDING)]).limit(_MOST_HITS):
            shown = snippet(record["text"], words)
            match = Match(record["conversation"], record["_id"], record["author_name"], shown)
            matches.setdefault(match.conversation, match)
        return matches


def _title_match(conversation: Conversation, words: Sequence[str]) -> Match | None:
    title = conversation.title
    if all(re.search(re.escape(word), title, re.IGNORECASE) for word in words):
        return Match(conversation.id, None, None, title)
    return None


def snippet(text: str, words: Sequence[str]) -> str:
    """A line of `text` around the first place where one of `words` stands."""
    found = re.search("|".join(map(re.escape, words)), text, re.IGNORECASE)
    at = found.start() if found else 0
    start, end = max(0, at - _BEFORE_WORD), at + _AFTER_WORD
    line = " ".join(text[start:end].split())
    return f"{'…' if start else ''}{line}{'…' if end < len(text) else ''}"
