"""What a file says, in pieces as they are kept: read from its bytes, cut, and split into the words it is found by.

Pure, and for a process of its own: files are hostile, and the libraries that read some of them are large.
"""

import logging
import resource
from dataclasses import asdict, dataclass
from hashlib import blake2b
from typing import Any, Self

from ai.knowledge.chunking import chunks
from ai.knowledge.extracting import passages
from ai.knowledge.words import words
from ai.languages import language_of
from ai.record.secrets import redact
from collab.replicas.trial import at_most

VERSION = 1
"""Of how it is done: what was made by another version is made anew."""

MOST_PIECES = 10_000
"""Of one file."""

MOST_BYTES = 12_000_000
"""Of the pieces and their words together: a record of the database takes 16 MB. What comes behind is not known."""

_AROUND = 200
"""Bytes of a record around each piece, at most, with the names of what it is in."""

PATIENCE = 20.0
"""Seconds of CPU for one file."""

MOST_MEMORY = 2 << 30
"""Bytes of addresses."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Lines `first` to `last` of a file, counted from 1, and what they stand in, outermost first."""

    text: str
    first: int
    last: int
    within: tuple[str, ...]
    words: str
    """Parted by blanks."""

    @property
    def key(self) -> bytes:
        """The same for the same text."""
        return blake2b(self.text.encode("utf-8", "replace"), digest_size=16).digest()

    @classmethod
    def of(cls, record: dict[str, Any]) -> Self:
        return cls(**(record | {"within": tuple(record["within"])}))

    def record(self) -> dict[str, Any]:
        return asdict(self) | {"within": list(self.within)}


def pieces(content: bytes, path: str) -> list[Piece]:
    """Those of the file at `path`, up to `MOST_BYTES`. Raises ai.knowledge.extracting.NotExtractable."""
    found: list[Piece] = []
    left = MOST_BYTES
    for passage in passages(content, path):
        for chunk in chunks(_without_secrets(passage.text), language_of(path), passage.line, passage.within):
            piece = Piece(chunk.text, chunk.first, chunk.last, chunk.within, " ".join(words(chunk.text)))
            left -= sum(len(part.encode()) for part in (piece.text, piece.words, *piece.within)) + _AROUND
            if left < 0 or len(found) == MOST_PIECES:
                return found
            found.append(piece)
    return found


def _without_secrets(text: str) -> str:
    """With as many lines. Before it is cut: half a key has no known form."""
    parts, reached = [], 0
    for one in redact(text).redactions:
        parts += [text[reached : one.start], f"«redacted:{one.type}»", "\n" * text.count("\n", one.start, one.end)]
        reached = one.end
    return "".join(parts) + text[reached:]


def attempt(content: bytes, path: str) -> list[Piece]:
    """As `pieces`, in a process that ends when it takes longer than `PATIENCE`, and has `MOST_MEMORY` from now on."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it quotes what is broken
    with at_most(PATIENCE):
        return pieces(content, path)
