"""Between the bytes of a file and shared text ("\\n" alone, no NUL): what is text, and the same bytes back.

For every file that `decode` takes, `encode(text, format)` gives back exactly its bytes as long as nobody edits. What is
text, in this order:

* It does not begin as a PDF document: those are made of bytes, though a small one may have none that no text has.
* It begins with a byte-order mark and what follows is valid UTF-8 or UTF-16 (a UTF-16 file without a mark is binary: it
  is full of NUL).
* It is valid UTF-8 without NUL.
* It looks like text in a one-byte Western encoding: no control characters but white space and ESC, and no more bytes
  above 0x7F than below. Bytes 0x80–0x9F are read as Windows-1252, where they are quotation marks and the euro sign;
  without any the encoding is called Latin-1. Other old encodings (Shift-JIS, KOI8-R) mostly fail the proportion and are
  binary, so nobody edits them into nonsense.

Everything else is binary, and so is text of more than 16 MiB as UTF-8: it is stored and shown as a file.

While a text has a character that its file's encoding lacks, the file is written as UTF-8 (`format_for`). Nothing has to
be remembered for that, and a euro sign that is pasted by mistake and taken away again leaves the old bytes.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from collab.documents import lineends
from collab.documents.lineends import LineEnds, in_portions
from collab.limits import Limits

Encoding = Literal["utf-8", "utf-16-le", "utf-16-be", "latin-1", "windows-1252"]

MAX_TEXT_BYTES = Limits().text_document

_BOMS: dict[Encoding, bytes] = {
    "utf-8": codecs.BOM_UTF8,
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
}
_PDF = b"%PDF-"
_BYTES = 4
"""Of a file to one of its text as UTF-8, at most: "\\r\\n" in UTF-16."""

_CONTROLS = bytes([*range(0x09), *range(0x0E, 0x1B), *range(0x1C, 0x20), 0x7F])
_CONTROL = re.compile(f"[{re.escape(_CONTROLS.decode())}]")
_ASCII = bytes(range(0x80))
_WINDOWS = bytes(range(0x80, 0xA0))


@dataclass(frozen=True, slots=True)
class TextFormat:
    """How a text document is written as a file; kept in the document's record."""

    encoding: Encoding = "utf-8"
    bom: bool = False
    line_ends: LineEnds = field(default_factory=LineEnds)

    def summary(self) -> dict[str, Any]:
        """For people: {encoding, bom, line_ending: "lf"|"crlf"|"cr"|"mixed"}."""
        return {"encoding": self.encoding, "bom": self.bom, "line_ending": self.line_ends.name}

    def to_record(self) -> dict[str, Any]:
        return {"encoding": self.encoding, "bom": self.bom, **self.line_ends.to_record()}

    @classmethod
    def from_record(cls, record: dict[str, Any] | None) -> TextFormat:
        if not record:
            return cls()
        return cls(record["encoding"], record["bom"], LineEnds.from_record(record))


def decode(raw: bytes, max_bytes: int = MAX_TEXT_BYTES) -> tuple[str, TextFormat] | None:
    """The shared text of a file and how to write it back; None when the file is binary. Linear in its size.

    ``max_bytes`` is what a shared text may have as UTF-8. No call works on more than a portion of a large file.
    """
    if raw.startswith(_PDF) or len(raw) > _BYTES * max_bytes + len(codecs.BOM_UTF8):
        return None
    for encoding, bom in _candidates(raw):
        try:
            return _text(raw, encoding, bom, max_bytes)
        except UnicodeDecodeError:
            continue
    return None


def encode(text: str, format: TextFormat) -> bytes:
    """The bytes of the file that holds ``text``, in ``format_for(text, format)``."""
    written = format_for(text, format)
    data = io.BytesIO()  # gives what was written without a copy
    if written.bom:
        data.write(_BOMS[written.encoding])
    for portion in in_portions(written.line_ends.restore(text)):
        data.write(portion.encode(written.encoding))
    return data.getvalue()


def format_for(text: str, format: TextFormat) -> TextFormat:
    """``format``, or UTF-8 in its place when its encoding lacks a character of ``text``."""
    if format.encoding in ("latin-1", "windows-1252"):
        try:
            for portion in in_portions(text):
                portion.encode(format.encoding)
        except UnicodeEncodeError:
            return replace(format, encoding="utf-8")
    return format


def _candidates(raw: bytes) -> Iterator[tuple[Encoding, bool]]:
    """What the encoding may be, with or without a mark; each is asked for when the one before it has failed."""
    for encoding, bom in _BOMS.items():
        if raw.startswith(bom):
            yield encoding, True
            return
    yield "utf-8", False
    controls = above = windows = 0
    for portion in in_portions(raw):
        controls += _count(portion, _CONTROLS)
        above += len(portion) - _count(portion, _ASCII)
        windows += _count(portion, _WINDOWS)
        if controls:
            return
    if above * 2 <= len(raw):
        yield "windows-1252" if windows else "latin-1", False


def _count(portion: bytes, of: bytes) -> int:
    return len(portion) - len(portion.translate(None, delete=of))


def _text(raw: bytes, encoding: Encoding, bom: bool, max_bytes: int) -> tuple[str, TextFormat] | None:
    """None when the file can be no text in any other encoding either. Raises UnicodeDecodeError."""
    portions, written, size = [], io.StringIO(), 0
    for portion in _characters(raw, encoding, len(_BOMS[encoding]) if bom else 0):
        # Any even number of bytes is nearly UTF-16; the absence of controls tells a text from chance.
        if "\x00" in portion or (encoding.startswith("utf-16") and _CONTROL.search(portion)):
            return None
        portions.append(portion)
        shared = lineends.shared(portion)
        written.write(shared)
        size += len(shared.encode())
        if size > max_bytes:  # and not smaller as Western text
            return None
    text = written.getvalue()
    line_ends = lineends.ends_of(portions, text)
    return None if line_ends is None else (text, TextFormat(encoding, bom, line_ends))


def _characters(raw: bytes, encoding: Encoding, start: int) -> Iterator[str]:
    """In portions of which none ends within "\\r\\n"."""
    decoder = codecs.getincrementaldecoder(encoding)()
    held = ""
    for piece in in_portions(raw, start):
        portion = held + decoder.decode(piece)
        held = "\r" if portion.endswith("\r") else ""
        yield portion.removesuffix(held)
    yield held + decoder.decode(b"", final=True)
