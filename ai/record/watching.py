"""When the text of an accepted proposal is looked at again, to see what people made of it.

Pure. Three looks: once nobody has touched it for ten seconds, after 30 seconds, and after ten minutes. The plan lies in
the record as plain values, so that a restart forgets nothing.
"""

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Literal, Self

Moment = Literal["quiet", "30s", "10min"]

QUIET = 10.0
SOON = 30.0
LATE = 600.0


@dataclass(frozen=True, slots=True)
class Watch:
    """`anchors` are encoded Yjs relative positions around the accepted text in `document`; times are Unix seconds.

    `around` are those of what stood beside it when it was accepted. Yjs puts what is typed in place of a deleted text
    behind it, where the text's own last character does not reach any more. A moment that has been measured is None.
    `seen` is a hash of the text at the last look, to tell whether it is quiet.
    """

    document: str
    anchors: tuple[bytes, bytes]
    around: tuple[bytes, bytes]
    seen: str
    quiet: float | None
    soon: float | None
    late: float | None

    @classmethod
    def begin(
        cls, document: str, anchors: tuple[bytes, bytes], around: tuple[bytes, bytes], accepted: str, at: float
    ) -> Self:
        return cls(document, anchors, around, _hash(accepted), at + QUIET, at + SOON, at + LATE)

    @property
    def next(self) -> float | None:
        """When to look next; None when all is measured."""
        return min((t for t in (self.quiet, self.soon, self.late) if t is not None), default=None)

    def look(self, text: str, at: float) -> tuple[list[Moment], Self]:
        """What is measured by finding `text` now, and what remains to do."""
        measured: list[Moment] = []
        watch = replace(self, seen=_hash(text))
        if self.soon is not None and self.soon <= at:
            measured.append("30s")
            watch = replace(watch, soon=None)
        if self.late is not None and self.late <= at:
            measured.append("10min")
            watch = replace(watch, late=None)
        if self.quiet is not None and self.quiet <= at:
            if watch.seen == self.seen or watch.late is None:
                # Also at the end: a text that people never leave alone is measured as it is.
                measured.append("quiet")
                watch = replace(watch, quiet=None)
            else:
                watch = replace(watch, quiet=at + QUIET)
        elif self.quiet is not None and watch.seen != self.seen:
            watch = replace(watch, quiet=at + QUIET)
        return measured, watch

    @classmethod
    def of(cls, record: dict[str, Any]) -> Self:
        first, last = record["anchors"]
        before, behind = record.get("around", (first, last))
        return cls(
            record["document"],
            (bytes(first), bytes(last)),
            (bytes(before), bytes(behind)),
            record["seen"],
            record["quiet"],
            record["soon"],
            record["late"],
        )

    def record(self) -> dict[str, Any]:
        return {
            "document": self.document,
            "anchors": list(self.anchors),
            "around": list(self.around),
            "seen": self.seen,
            "quiet": self.quiet,
            "soon": self.soon,
            "late": self.late,
        }


def _hash(text: str) -> str:
    return sha256(text.encode()).hexdigest()
