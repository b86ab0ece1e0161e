"""The first mistake in a JSON text, and how comments are looked past where they are allowed."""

import json
import re

from ai.checking.diagnostic import Diagnostic
from ai.checking.places import Places

_IN_PLAIN_WORDS = {
    "Expecting ',' delimiter": "A comma or a closing bracket is missing here",
    "Expecting ':' delimiter": "A colon is missing here",
    "Expecting property name enclosed in double quotes": "A name in double quotes is missing here",
    "Illegal trailing comma before end of object": "There is a comma too many in front of the closing bracket",
    "Illegal trailing comma before end of array": "There is a comma too many in front of the closing bracket",
    "Expecting value": "A value is missing here",
    "Extra data": "The text should end here, but it goes on",
    "Unterminated string starting at": "A quotation mark is opened and not closed",
    "Invalid control character at": "A line end or a tab may not stand inside of quotation marks; write \\n or \\t",
    "Invalid \\escape": "There is no such sign as this one behind a backslash",
    "Invalid \\uXXXX escape": "Four digits belong behind \\u",
}
# Strings are taken whole, also those that end with their line: no sign inside of one begins a comment.
_STRING = r'"(?:[^"\\\n]++|\\[^\n])*+"?'
_COMMENT = re.compile(_STRING + r"|//[^\n]*+|/\*.*?(?:\*/|\Z)", re.DOTALL)
_TRAILING_COMMA = re.compile(_STRING + r"|,(?=\s*+[\]}])")


def check_json(text: str, *, comments: bool) -> list[Diagnostic]:
    """At most one: what follows a mistake cannot be told from it."""
    places = Places(text)

    def mistake(index: int, message: str) -> list[Diagnostic]:
        return [Diagnostic(*places.word(index), "error", message, "json")]

    mark = 1 if text.startswith("\ufeff") else 0
    bare = text[mark:]
    if comments:
        unclosed: list[int] = []
        bare = _COMMENT.sub(lambda found: _blank_comment(found, unclosed), bare)
        if unclosed:
            return mistake(unclosed[0] + mark, "A comment is opened and not closed")
        bare = _TRAILING_COMMA.sub(lambda found: " " if found[0] == "," else found[0], bare)
    if not bare.strip():
        return []  # it is being begun
    try:
        # Numbers are not computed: one of a million digits would take its time.
        json.loads(bare, parse_int=str, parse_float=str)
    except json.JSONDecodeError as error:
        if bare[error.pos : error.pos + 1] in ("]", "}") and bare[: error.pos].rstrip().endswith(","):
            comma = len(bare[: error.pos].rstrip()) - 1
            return mistake(comma + mark, "There is a comma too many in front of the closing bracket")
        return mistake(error.pos + mark, _IN_PLAIN_WORDS.get(error.msg, error.msg))
    except RecursionError:
        return mistake(mark, "This is nested too deep to be checked")
    return []


def _blank_comment(found: re.Match[str], unclosed: list[int]) -> str:
    piece = found[0]
    if piece.startswith('"'):
        return piece
    if piece.startswith("/*") and (len(piece) < 4 or not piece.endswith("*/")):
        unclosed.append(found.start())
    return "\n".join(" " * len(line) for line in piece.split("\n"))
