"""Where something in KNOWLEDGE.md comes from: a link to a line of another file, as people read and follow it. Pure."""

import re
from collections.abc import Collection, Iterator
from urllib.parse import quote, unquote

KNOWLEDGE_FILE = "KNOWLEDGE.md"
"""At the top of a workspace, so that its links are the paths of what they lead to."""

INSTRUCTION = f"Bring {KNOWLEDGE_FILE} up to date."
"""As people read it; what that means is told in `task`."""

MOST_NAMED = 10
"""Of those that are missing."""

_LINK = re.compile(r"\]\(<?([^()\s<>#]+)(?:#[^()\s<>]*)?>?\)")
_SPECIAL = re.compile(r"([\\\[\]`*_<>])")

TASK = (
    "This file holds what the group knows: under “Glossary” its terms, under “Decisions” what it has decided, under "
    "“Open questions” what nobody has settled yet. Bring it up to date by the passages that you were shown. Behind "
    "each entry stands where it comes from, as the link that you see with the passage, with the number of the line in "
    "place of N; write nothing that no passage says. Change what the passages contradict, take away what rests on "
    "nothing but sources that are gone, and leave all else as it stands, also what people have written themselves."
)
_BEGIN = "Begin with the heading “# Knowledge” and make the three others below it."


def link_to(path: str, line: int | None = None) -> str:
    """`[notes/a.md:12](notes/a.md#L12)`, for a file at the top of the workspace; N for a line that is to be put in."""
    words, number = _SPECIAL.sub(r"\\\1", path), line or "N"
    return f"[{words}:{number}]({quote(path)}#L{number})"


def numbered(text: str, first: int) -> str:
    """Each line that says something with its number, counted from `first`; as many lines as before."""
    lines = enumerate(text.split("\n"), first)
    return "\n".join(f"{number}| {line}" if line.strip() else line for number, line in lines)


def missing(text: str, paths: Collection[str]) -> list[str]:
    """What `text` links to that is not among `paths`, in the order of the text."""
    return [path for path in dict.fromkeys(_linked(text)) if path not in paths]


def _linked(text: str) -> Iterator[str]:
    for match in _LINK.finditer(text):
        target = match[1]
        if ":" not in target.split("/")[0] and not target.startswith("/"):
            yield unquote(target)


def task(text: str) -> str:
    """What the assistant is to do with `text`, which is KNOWLEDGE.md now. Nothing of it is in there: it is hostile."""
    return TASK if text.strip() else f"{TASK} {_BEGIN}"


def doubts(proposed: str, paths: Collection[str]) -> str | None:
    """A sentence about what `proposed` claims to be taken from and cannot be."""
    unknown = missing(proposed, paths)
    if not unknown:
        return None
    named = ", ".join(f"“{path[:80]}”" for path in unknown[:3]) + (" and others" if len(unknown) > 3 else "")
    return f"It names sources that are not there: {named}."
