"""What was said in a conversation, as a model reads it. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from ai.chat.messages import Message
from ai.models.port import ChatMessage


def said(messages: Sequence[Message]) -> list[ChatMessage]:
    """Each question with the answer to it that counts, or the newest one that says anything."""
    answers: defaultdict[str | None, list[Message]] = defaultdict(list)
    for message in messages:
        if message.role == "assistant" and message.text:
            answers[message.question].append(message)
    told: list[ChatMessage] = []
    for message in messages:
        if message.role == "user":
            told.append(ChatMessage("user", message.text))
            given = sorted(answers[message.id], key=lambda answer: (answer.id == message.answer, answer.created_at))
            told += [ChatMessage("assistant", answer.text) for answer in given[-1:]]
        elif message.question is None and message.text:
            told.append(ChatMessage("assistant", message.text))
    return told


def alternating(messages: Iterable[ChatMessage]) -> list[ChatMessage]:
    """The same with people and the assistant taking turns, people first: many models refuse anything else.

    Questions that were never answered are put together with the next one.
    """
    turns: list[ChatMessage] = []
    for message in messages:
        if turns and turns[-1].role == message.role:
            turns[-1] = ChatMessage(message.role, f"{turns[-1].content}\n\n{message.content}")
        elif turns or message.role == "user":
            turns.append(message)
    return turns
