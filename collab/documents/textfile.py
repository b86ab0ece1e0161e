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
import re
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from collab.documents import lineends
from collab.documents.lineends import LineEnds
from collab.limits import Limits

Encoding = Literal["utf-8", "utf-16-le", "utf-16-be", "latin-1", "windows-1252"]

MAX_TEXT_BYTES = Limits().text_document

_BOMS: dict[Encoding, bytes] = {
    "utf-8": codecs.BOM_UTF8,
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
}
_PDF = b"%PDF-"
_CONTROL = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_ASCII = bytes(range(0x80))
_WINDOWS = re.compile(b"[\x80-\x9f]")


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

    ``max_bytes`` is what a shared text may have as UTF-8.
    """
    if raw.startswith(_PDF):
        return None
    found = _characters(raw)
    if found is None:
        return None
    characters, encoding, bom = found
    if "\x00" in characters:
        return None
    text = lineends.shared(characters)
    if len(text) * 4 > max_bytes and len(text.encode()) > max_bytes:
        return None
    line_ends = lineends.ends_of(characters, text)
    return None if line_ends is None else (text, TextFormat(encoding, bom, line_ends))


def encode(text: str, format: TextFormat) -> bytes:
    """The bytes of the file that holds ``text``, in ``format_for(text, format)``."""
    written = format_for(text, format)
    data = written.line_ends.restore(text).encode(written.encoding)
    return _BOMS[written.encoding] + data if written.bom else data


def format_for(text: str, format: TextFormat) -> TextFormat:
    """``format``, or UTF-8 in its place when its encoding lacks a character of ``text``."""
    if format.encoding in ("latin-1", "windows-1252"):
        try:
            text.encode(format.encoding)
        except UnicodeEncodeError:
            return replace(format, encoding="utf-8")
    return format


def _characters(raw: bytes) -> tuple[str, Encoding, bool] | None:
    for encoding, bom in _BOMS.items():
        if raw.startswith(bom):
            characters = _strict(raw[len(bom) :], encoding)
            # Any even number of bytes is nearly UTF-16; the absence of controls tells a text from chance.
            if characters is not None and (encoding == "utf-8" or not _CONTROL.search(characters)):
                return characters, encoding, True
            return None
    characters = _strict(raw, "utf-8")
    if characters is not None:
        return characters, "utf-8", False
    western = raw.decode("latin-1")
    if _CONTROL.search(western) or len(raw.translate(None, delete=_ASCII)) * 2 > len(raw):
        return None
    if not _WINDOWS.search(raw):
        return western, "latin-1", False
    characters = _strict(raw, "windows-1252")
    return None if characters is None else (characters, "windows-1252", False)


def _strict(raw: bytes, encoding: Encoding) -> str | None:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        return None
