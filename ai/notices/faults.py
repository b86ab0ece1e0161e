"""What is worth saying of a file, from what the checkers found in it. Pure."""

import re
from collections.abc import Collection, Sequence

from ai.checking import Diagnostic
from ai.notices.finding import MOST_SOURCES, Finding, cause_of, place_at
from ai.notices.notice import Kind
from collab.replicas.edits import TextEdit
from collab.yjs.offsets import utf16_to_codepoint

_BACKTICKS = re.compile(r"`([^`]*)`")
_LANGUAGES = {"ruff": "Python", "json": "JSON", "yaml": "YAML"}


def findings(text: str, diagnostics: Sequence[Diagnostic], dismissed: Collection[str] = ()) -> list[Finding]:
    """At most one of each kind. Style is not worth a word: only what cannot be read, and what is likely wrong.

    `dismissed`: parts of findings before that nobody wanted to hear of. What came to them since does not make them new.
    """
    unreadable = [one for one in diagnostics if one.severity == "error" and one.code is None]
    if unreadable:
        # What follows from the first is seldom wrong itself.
        return [_finding("broken", text, unreadable[:1])]
    wrong = [one for one in diagnostics if one.source == "ruff" and (one.code or "").startswith("F")]
    wrong = [one for one in wrong if _part(one) not in dismissed]
    return [_finding("faults", text, wrong)] if wrong else []


def _part(one: Diagnostic) -> str:
    return cause_of("faults", one.code or "", one.message)


def _finding(kind: Kind, text: str, found: Sequence[Diagnostic]) -> Finding:
    # The same as long as the same is wrong with the same lines, wherever they stand.
    places = [place_at(text, utf16_to_codepoint(text, one.start)) for one in found]
    causes = sorted(f"{one.code}\0{one.message}\0{place.text}" for one, place in zip(found, places, strict=True))
    said = (_reason(kind, found), tuple(places[:MOST_SOURCES]), _edits(found))
    return Finding(kind, cause_of(kind, *causes), *said, tuple(sorted({*map(_part, found)})))


def _reason(kind: Kind, found: Sequence[Diagnostic]) -> str:
    first = _BACKTICKS.sub(r"“\1”", found[0].message.rstrip("."))
    if kind == "broken":
        language = _LANGUAGES.get(found[0].source, "what it is")
        return f"This cannot be read as {language}: {first[:1].lower()}{first[1:]}."
    if len(found) == 1:
        return f"{first}."
    return f"{first}, and {len(found) - 1} more."


def _edits(found: Sequence[Diagnostic]) -> tuple[TextEdit, ...]:
    """Of each the first way to mend it, as far as they do not get into each other's way."""
    edits: list[TextEdit] = []
    for one in found:
        for fix in one.fixes[:1]:
            taken = [other for other in edits if any(_touch(other, edit) for edit in fix.edits)]
            if not taken:
                edits += [TextEdit(edit.start, edit.end, edit.text) for edit in fix.edits]
    return tuple(sorted(edits, key=lambda edit: (edit.start, edit.end)))


def _touch(one: TextEdit, other: TextEdit) -> bool:
    return one.start == other.start or (one.start < other.end and other.start < one.end)
