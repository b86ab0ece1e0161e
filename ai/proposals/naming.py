"""Which names a request is about that is to be carried out in every file in which they occur. Pure."""

import re
from collections.abc import Callable

_NAME = r"[^\W\d]\w*"
_ONE = re.compile(rf"\W*({_NAME})\W*\Z")
_QUOTED = re.compile(rf"[`'\"“‘]({_NAME})(?:\(\))?[`'\"”’]")
_NAMED = re.compile(
    rf"\b(?:rename|replace|remove|deprecate|function|method|class|variable|constant|parameter|argument|field|type|"
    rf"module|macro|term|word|name)\s+({_NAME})\b(?!\s+(?:of|in|to be)\b)",
    re.IGNORECASE,
)
_WORD = re.compile(rf"\b({_NAME})(\(\))?")
_CAMEL = re.compile(r"[a-z]+[A-Z]")
_DEFINED = re.compile(
    rf"\b(?:def|class|function|fn|func|struct|enum|interface|trait|type|const|let|var|static)\s+({_NAME})"
)
_NEW = re.compile(rf"(?:\b(?:to|into|as)|->|→)\s+[`'\"“‘]?({_NAME})")
_NO_NAMES = frozenset({"function", "method", "class", "variable", "constant", "the", "this", "all", "every", "it", "a"})

_LONGEST = 80
"""Characters of a selection that is taken for a name."""


def names_in(selection: str, instruction: str) -> list[str]:
    """A selected name; else those that the instruction quotes, spells like code or calls by what they are; else what
    the selection defines. Empty when nothing can be told.
    """
    if len(selection) <= _LONGEST and (one := _ONE.match(selection)):
        return [one[1]]
    new = set(_NEW.findall(instruction))
    ways: tuple[Callable[[], list[str]], ...] = (
        lambda: _QUOTED.findall(instruction),
        lambda: [word for word, called in _WORD.findall(instruction) if called or _is_code(word)],
        lambda: _NAMED.findall(instruction),
        lambda: _DEFINED.findall(selection),
    )
    for way in ways:
        found = [name for name in way() if name.lower() not in _NO_NAMES and name not in new]
        if names := list(dict.fromkeys(found)):
            return names
    return []


def _is_code(word: str) -> bool:
    """Spelled with_an_underscore, likeThis or LikeThis. By hand: a pattern looks at a long word again and again."""
    if "_" in word[:-1] or _CAMEL.match(word):
        return True
    small = next((at for at, letter in enumerate(word) if at and "a" <= letter <= "z"), len(word))
    return "A" <= word[0] <= "Z" and any("A" <= letter <= "Z" for letter in word[small:])
