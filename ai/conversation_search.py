"""Finding what was said in the conversations of a workspace.

The databases that we run on have no text index in common, so a search is one look at every message of the workspace,
in the database; expiry bounds how many there are.
"""

import re
from dataclasses import dataclass
from typing import Any

from pymongo import DESCENDING

from ai.conversations import MOST_LISTED, Conversation
from storage.mongo import Database

MOST_HITS = 200
"""Messages that one search finds, the newest; what else matches is not told."""

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
        patterns = [{"$regex": re.escape(word), "$options": "i"} for word in words]
        titles = {"workspace": workspace, "$and": [{"title": pattern} for pattern in patterns]}
        texts = {"workspace": workspace, "$and": [{"text": pattern} for pattern in patterns]}
        matches: dict[str, Match] = {}
        found = self._messages.find(texts).sort([("created_at", DESCENDING)]).limit(MOST_HITS)
        async for record in found:
            match = Match(
                record["conversation"], record["_id"], record["author_name"], snippet(record["text"], words[0])
            )
            matches.setdefault(match.conversation, match)
        called = self._conversations.find(titles).sort([("updated_at", DESCENDING)]).limit(MOST_LISTED)
        async for record in called:
            matches.setdefault(record["_id"], Match(record["_id"], None, None, record["title"]))
        those = {"workspace": workspace, "_id": {"$in": list(matches)}}
        listed = self._conversations.find(those).sort([("updated_at", DESCENDING)]).limit(MOST_LISTED)
        return [(Conversation.of(record), matches[record["_id"]]) async for record in listed]


def snippet(text: str, word: str) -> str:
    """A line of `text` around the first place where `word` stands."""
    found = re.search(re.escape(word), text, re.IGNORECASE)
    at = found.start() if found else 0
    start, end = max(0, at - _BEFORE_WORD), at + _AFTER_WORD
    line = " ".join(text[start:end].split())
    return f"{'…' if start else ''}{line}{'…' if end < len(text) else ''}"
