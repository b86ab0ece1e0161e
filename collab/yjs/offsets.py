"""Offsets into text in the three units that meet here.

Everything public counts UTF-16 code units, as Yjs, CodeMirror and LSP do. Python counts code points, and pycrdt's
`Text` counts UTF-8 bytes.
"""

from collections.abc import Iterable


class OffsetOutsideText(ValueError):
    """The offset is negative or lies behind the end of the text."""


class OffsetInsideSurrogatePair(ValueError):
    """The offset would cut a character in two."""


def utf16_length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def codepoint_to_utf16(text: str, offset: int) -> int:
    if not 0 <= offset <= len(text):
        raise OffsetOutsideText(f"offset {offset} in a text of {len(text)} code points")
    return utf16_length(text[:offset])


def utf16_to_codepoint(text: str, offset: int) -> int:
    """Raises OffsetOutsideText, OffsetInsideSurrogatePair."""
    return len(slice_utf16(text, 0, offset))


def slice_utf16(text: str, start: int, end: int) -> str:
    """The text from `start` up to `end`. Raises OffsetOutsideText, OffsetInsideSurrogatePair."""
    if text.isascii():
        _check(start, end, len(text))
        return text[start:end]
    units = text.encode("utf-16-le")
    _check(start, end, len(units) // 2)
    return _decode(units, start, end)


def utf16_to_utf8(text: str, offsets: Iterable[int]) -> list[int]:
    """Byte offsets in the UTF-8 text, for ascending offsets, in one pass over the text.

    Raises OffsetOutsideText (also for an offset that is not ascending), OffsetInsideSurrogatePair.
    """
    units = b"" if text.isascii() else text.encode("utf-16-le")
    length = len(units) // 2 or len(text)
    found: list[int] = []
    at = bytes_before = 0
    for offset in offsets:
        _check(at, offset, length)
        bytes_before += len(_decode(units, at, offset).encode()) if units else offset - at
        at = offset
        found.append(bytes_before)
    return found


def _check(start: int, end: int, length: int) -> None:
    if not 0 <= start <= end <= length:
        raise OffsetOutsideText(f"offsets {start} to {end} in a text of {length} UTF-16 units")


def _decode(units: bytes, start: int, end: int) -> str:
    try:
        return units[2 * start : 2 * end].decode("utf-16-le")
    except UnicodeDecodeError:
        raise OffsetInsideSurrogatePair(f"one of the offsets {start} and {end} is inside a surrogate pair") from None
