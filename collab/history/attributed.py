"""Who wrote what of a text, as the JSON that people's programs get.

Where many have written there are tens of thousands of runs. As with `collab.history.hunks` they are written where they
are found, most often in another process, and some thousands at a time.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from collab.history.attribution import Moment, Run, attribution

PORTION = 5_000
"""Runs that are written at a time."""

_json = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Attributed:
    authors: list[str]
    """In the order in which they come in the text."""
    fields: bytes
    """`"length"`, `"runs"` and `"lines"` of a JSON object, which name authors by their places in that list."""


def attributed(content: bytes, authors: Mapping[int, str], moments: Sequence[Moment] = ()) -> Attributed:
    """As `attribution`. Lines are counted from 1."""
    found = attribution(content, authors, moments)
    named = list(dict.fromkeys(run.author for run in found.runs if run.author is not None))
    index: dict[str | None, int] = {author: number for number, author in enumerate(named)}

    def places(run: Run, first: int) -> dict[str, object]:
        return {"start": run.start + first, "end": run.end + first, "author": index.get(run.author)}

    runs = _list(places(run, 0) for run in found.runs)
    lines = _list({**places(run, 1), "at": None if run.at is None else run.at.isoformat()} for run in found.lines)
    return Attributed(named, b'"length":%d,"runs":%b,"lines":%b' % (found.length, runs, lines))


def _list(items: Iterator[dict[str, object]]) -> bytes:
    return b"[" + b",".join(_portions(items)) + b"]"


def _portions(items: Iterable[dict[str, object]]) -> Iterator[bytes]:
    left = iter(items)
    while portion := list(islice(left, PORTION)):
        yield _json(portion)[1:-1].encode()
