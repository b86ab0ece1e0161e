"""Names and paths of a workspace: what is legal, and what becomes of a name that is not.

A path is names joined by "/", without a leading slash. Two rules decide what the same name is:

* Names are kept and compared in Unicode NFC. "é" typed on Linux (one code point) and "é" unpacked on a Mac (two) look
  the same to everybody, so they must not be two files. Normalisation of characters that are newer than the Unicode
  tables of the reading program is the identity; that is the one place where a browser and this server may disagree.
* Letter case counts. The drive lives on object stores and Linux file systems, where README and readme are two files,
  and real source trees hold both.

The TypeScript twin is client/src/tree/rules.ts; tests/vectors/tree.json holds both to the same answers.
"""

import re
from collections.abc import Iterable
from unicodedata import is_normalized, normalize

MAX_PATH_BYTES = 900
"""In UTF-8. Leaves room for the drive's prefix in the 1,024 bytes of an S3 key."""

MAX_NAME_BYTES = 255
"""In UTF-8; what file systems allow for one name."""

MAX_SHRINKING = 3
"""How many times as long as in NFC anything may be that is put into NFC: Korean taken apart is three times as long.

Putting it into NFC sorts the marks of a letter, by insertion, in Python as in browsers: 48 KB of them take seconds.
"""

UNNAMED = "untitled"

# Controls, both slashes, line and paragraph separators, and the bidirectional overrides and isolates that let "gpj.exe"
# show as "exe.jpg". A backslash is legal on Linux but nearly always a separator gone wrong, and on Windows no name.
_ILLEGAL = re.compile("[\x00-\x1f\x7f-\x9f/\\\\\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_EXTENSION = re.compile(r"\.[A-Za-z0-9_+-]{1,15}\Z")


class InvalidPath(ValueError):
    """A path that no file can have; the message says why in a sentence for people."""


def parse_path(path: str) -> tuple[str, ...]:
    """The names of `path` in NFC, outermost first. InvalidPath for anything that is not exactly one legal path."""
    try:
        size = len(path.encode())
        if size <= MAX_SHRINKING * MAX_PATH_BYTES:
            size = len(normalize("NFC", path).encode())
    except UnicodeEncodeError:
        raise InvalidPath("The path is not valid Unicode.") from None
    if size > MAX_PATH_BYTES:
        raise InvalidPath(f"The path has {size} bytes; {MAX_PATH_BYTES} are allowed.")
    return tuple(parse_name(name) for name in path.split("/"))


def parse_name(name: str) -> str:
    """`name` in NFC. InvalidPath when no file can have it."""
    if name == "":
        raise InvalidPath("The path has an empty name, or a slash at its beginning or end.")
    if name in (".", ".."):
        raise InvalidPath(f"A file cannot be named “{name}”.")
    if _ILLEGAL.search(name):
        raise InvalidPath("A name holds a control character, a slash or a backslash.")
    if _SURROGATE.search(name):
        raise InvalidPath("The path is not valid Unicode.")
    size = len(name.encode())
    if size <= MAX_SHRINKING * MAX_NAME_BYTES:
        name = normalize("NFC", name)
        size = len(name.encode())
    if size > MAX_NAME_BYTES:
        raise InvalidPath(f"A name has {size} bytes; {MAX_NAME_BYTES} are allowed.")
    return name


def join(names: Iterable[str]) -> str:
    return "/".join(names)


def legal_name(name: object) -> str:
    """The name under which a tree node is shown whose `name` is anything at all; a legal name in NFC stays as it is."""
    if not isinstance(name, str) or name == "":
        return UNNAMED
    if not name.isascii():
        # A browser's string may hold half a surrogate pair; on its way here the CRDT has made U+FFFD of it.
        name = _SURROGATE.sub("\ufffd", name)
    name = _ILLEGAL.sub("_", name)
    if name in (".", ".."):
        return "_" * len(name)
    name = _shortened(name, MAX_SHRINKING * MAX_NAME_BYTES)
    if not is_normalized("NFC", name):
        name = normalize("NFC", name)
    return _shortened(name, MAX_NAME_BYTES)


def _shortened(name: str, size: int) -> str:
    """`name`, cut to `size` bytes in UTF-8 before its extension."""
    if len(name) * 4 <= size or len(name.encode()) <= size:
        return name
    stem, extension = split_extension(name)
    return cut(stem, size - len(extension)) + extension


def split_extension(name: str) -> tuple[str, str]:
    """("report", ".txt"); the extension is "" unless it is short, ASCII and something stands before it."""
    found = _EXTENSION.search(name)
    if found is None or found.start() == 0:
        return name, ""
    return name[: found.start()], found.group()


def cut(text: str, size: int) -> str:
    """The longest beginning of `text` that has at most `size` bytes in UTF-8."""
    if len(text) * 4 <= size:
        return text
    return text.encode()[:size].decode(errors="ignore")


def numbered(stem: str, extension: str, number: int) -> str:
    """ "report (2).txt". `stem` is one that `numbering_stem` gave."""
    return f"{stem} ({number}){extension}"


def numbering_stem(stem: str, extension: str) -> str:
    """`stem`, cut so that every number fits behind it: one stem then gives each candidate name exactly once."""
    return cut(stem, MAX_NAME_BYTES - len(extension) - len(" (99999999)"))
