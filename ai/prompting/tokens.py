"""Tokens, counted as models count them: with OpenAI's and Qwen's own vocabularies, which ship inside of `toktok`.

A count costs about 12 ns a letter and lets go of the interpreter, so that nothing is kept here: looking a text up by
its content would cost as much. Of what is longer than `LARGE`, count in a thread.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from toktok import batch_count, truncate  # type: ignore[import-untyped]

LARGE = 200_000
"""Letters, some 3 ms."""

_LONGEST = 16
"""Letters that a token has at most on the average of any text: what is further away is not looked at."""

_BY_NAME = (
    ("gpt-oss", "o200k_harmony"),
    ("gpt-3.5", "cl100k_base"),
    ("gpt-4-", "cl100k_base"),
    ("qwen3.5", "qwen3.5"),
    ("gpt-", "o200k_base"),
    ("o1", "o200k_base"),
    ("o3", "o200k_base"),
    ("o4", "o200k_base"),
    ("chatgpt", "o200k_base"),
)
_OTHERS = "o200k_base"
_READ: set[str] = set()
"""Encodings whose vocabulary is in memory."""


@dataclass(frozen=True, slots=True)
class Tokenizer:
    """`exact` is False for models whose vocabulary is not at hand: then another one's count is an estimate."""

    encoding: str = _OTHERS
    exact: bool = True

    @classmethod
    def of(cls, model: str) -> "Tokenizer":
        """By the model's name, which may stand behind its maker's: "openai/gpt-oss-20b"."""
        name = model.lower().rpartition("/")[2]
        if name == "gpt-4":
            return cls("cl100k_base")
        found = next((encoding for beginning, encoding in _BY_NAME if name.startswith(beginning)), None)
        return cls(found) if found else cls(_OTHERS, exact=False)

    async def ready(self) -> None:
        """Have the vocabulary read, off the loop: from a cold disk that takes a quarter of a second."""
        if self.encoding not in _READ:
            await asyncio.to_thread(self.count, "")
            _READ.add(self.encoding)

    def count(self, text: str) -> int:
        return self.counts([text])[0]

    def counts(self, texts: Iterable[str]) -> list[int]:
        """Of each; a mark such as <|endoftext|> counts as the text that it is."""
        # One thread: the pool of the library costs more than it gives, and the machine is not ours alone.
        return batch_count(texts, self.encoding, threads=1)  # type: ignore[no-any-return]

    def first(self, text: str, most: int) -> str:
        """The first lines that `most` tokens have room for; of a longer line, its beginning."""
        if most <= 0:
            return ""
        kept: str
        kept, total = truncate(text[: most * _LONGEST + _LONGEST], most, self.encoding)
        if total <= most and len(kept) == len(text):
            return text
        line_end = kept.rfind("\n")
        kept = kept[: line_end + 1] if line_end >= 0 else kept
        # A line less may be a token more: what stands beside a line's end is joined with it or is not.
        while kept and self.count(kept) > most:
            kept = kept[: max(kept.rfind("\n", 0, len(kept) - 1) + 1, 0)] or kept[: len(kept) // 2]
        return kept

    def last(self, text: str, most: int) -> str:
        """The last lines that `most` tokens have room for; of a longer line, its end."""
        if most <= 0:
            return ""
        near = text[-(most * _LONGEST + _LONGEST) :]
        if len(near) == len(text) and self.count(text) <= most:
            return text
        lines = near.split("\n")
        lines = [line + "\n" for line in lines[:-1]] + lines[-1:]
        room, kept = most, len(lines)
        for tokens in reversed(self.counts(lines)):
            room -= tokens
            if room < 0:
                break
            kept -= 1
        if kept == 0 and len(near) < len(text):
            kept = 1  # its beginning is further away than was looked
        while kept < len(lines):
            found = "".join(lines[kept:])
            if self.count(found) <= most:
                if found:
                    return found
                break
            kept += 1
        return self._end_of_line(near.rstrip("\n") and near, most)

    def _end_of_line(self, line: str, most: int) -> str:
        fits, too_many = 0, len(line) + 1
        while too_many - fits > 1:
            middle = (fits + too_many) // 2
            if self.count(line[len(line) - middle :]) <= most:
                fits = middle
            else:
                too_many = middle
        return line[len(line) - fits :]
