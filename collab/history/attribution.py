"""Who wrote what stands in a shared text, unit by unit.

A character belongs to the Yjs client id that inserted it, and (document, client id) names one author for ever. What the
CRDT library does not tell is which client's characters stand where. But an update says which client inserted which
string, and where a string stands depends on ids alone, never on what is in it. So every string of the document's
encoding is overwritten with as many signs as it has UTF-16 units, one sign for each author, and integrated: the text of
that replica is the list of authors. The other way, to rebuild the order of structs here, would be a second integration
algorithm that had to agree with the library's in every detail.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pycrdt import Doc, Text

from collab.yjs.codec import read_var_uint, write_var_uint
from collab.yjs.offsets import utf16_length

_ORIGIN, _RIGHT_ORIGIN = 0x80, 0x40
_DELETED, _STRING, _SKIP = 1, 4, 10
_TEXT_ROOT = b"\x01\x04text"

# Signs take one unit each, none of them NUL; the first 127 take one byte, so that most texts keep their size.
_SIGNS = range(1, 0xD800)
_RUNS = re.compile(r"(.)\1*", re.DOTALL)
_LINES = re.compile(r"[^\n]*\n|[^\n]+")


@dataclass(frozen=True, slots=True)
class Run:
    """The units, or the lines, from `start` up to `end` are `author`'s; None where nobody was recorded."""

    start: int
    end: int
    author: str | None


@dataclass(frozen=True, slots=True)
class Attribution:
    length: int
    """UTF-16 units of the text."""
    runs: list[Run]
    """Of UTF-16 units: `attribute`."""
    lines: list[Run]
    """Of lines: `by_line`."""


def attribution(content: bytes, authors: Mapping[int, str]) -> Attribution:
    """All of it; `content` and `authors` as `attribute` takes them."""
    runs = attribute(content, authors)
    doc: Doc[Any] = Doc()
    text = doc.get("text", type=Text)
    doc.apply_update(content)
    return Attribution(runs[-1].end if runs else 0, runs, by_line(str(text), runs))


def attribute(content: bytes, authors: Mapping[int, str]) -> list[Run]:
    """Runs of UTF-16 units that cover the present text of a text document, ascending; neighbours differ.

    `content` is an update of all that the document holds, as we encode it ourselves; `authors` says who wrote under
    each Yjs client id. Takes about as long as opening the document: use a thread for large ones.
    """
    names = sorted(set(authors.values()))[: len(_SIGNS) - 1]
    signs = {name: chr(sign) for name, sign in zip(names, _SIGNS[1:], strict=False)}
    unknown = chr(_SIGNS[0])
    replica: Doc[Any] = Doc()
    text = replica.get("text", type=Text)
    replica.apply_update(
        _signed(content, {client: signs.get(name, unknown) for client, name in authors.items()}, unknown)
    )
    of_sign: dict[str, str | None] = {sign: name for name, sign in signs.items()}
    return [Run(run.start(), run.end(), of_sign.get(run[1])) for run in _RUNS.finditer(str(text))]


def _signed(content: bytes, signs: Mapping[int, str], unknown: str) -> bytes:
    """The update with every string overwritten by its client's sign. The encoding is told in `collab.yjs.update`."""
    out = bytearray()
    done = 0
    sections, at = read_var_uint(content, 0)
    for _ in range(sections):
        count, at = read_var_uint(content, at)
        client, at = read_var_uint(content, at)
        _, at = read_var_uint(content, at)
        sign = signs.get(client, unknown).encode()
        for _ in range(count):
            info = content[at]
            at += 1
            if info == _SKIP:
                _, at = read_var_uint(content, at)
                continue
            for side in (_ORIGIN, _RIGHT_ORIGIN):
                if info & side:
                    _, at = read_var_uint(content, at)
                    _, at = read_var_uint(content, at)
            if info < _RIGHT_ORIGIN:
                at += len(_TEXT_ROOT)
            if info & 0x1F == _STRING:
                out += content[done:at]
                length, at = read_var_uint(content, at)
                units = utf16_length(content[at : at + length].decode())
                write_var_uint(out, units * len(sign))
                out += sign * units
                at = done = at + length
            elif info & 0x1F == _DELETED:
                _, at = read_var_uint(content, at)
            else:
                raise ValueError(f"struct {info} in a text")
    return bytes(out + content[done:])


def by_line(text: str, runs: Sequence[Run]) -> list[Run]:
    """Of `attribute`'s runs of units of `text` those of its lines, numbered from 0: each is its main author's.

    That is who wrote the most of it, of several the first; its line end counts where there is nothing else.
    """
    lines: list[Run] = []
    index = start = 0
    for number, line in enumerate(_LINES.findall(text)):
        end = start + utf16_length(line)
        shown = max(start + 1, end - line.endswith("\n"))
        share: Counter[str | None] = Counter()
        while index < len(runs) and runs[index].start < shown:
            run = runs[index]
            share[run.author] += min(run.end, shown) - max(run.start, start)
            if run.end > end:  # it goes on in the next line
                break
            index += 1
        [(author, _)] = share.most_common(1)
        if lines and lines[-1].author == author:
            lines[-1] = Run(lines[-1].start, number + 1, author)
        else:
            lines.append(Run(number, number + 1, author))
        start = end
    return lines
