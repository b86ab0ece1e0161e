"""A model's answer as it should have been: without the fences, greetings and blank lines that models put around it.

All of it works while the answer streams. Only what might be a wrapper is held back, and only what clearly is one is
taken away: text that a person asked for must never be lost to tidiness.
"""

import re
from typing import Literal

_FENCE = re.compile(r" {0,3}(`{3,}+|~{3,}+)([^`\n]*)$")
_MAY_BE_FENCE = re.compile(r" {0,3}(?:`{0,2}|~{0,2}|`{3,}[^`]*|~{3,}.*)$")
_NESTS = frozenset({"md", "markdown", "mdx"})
_GREETING = re.compile(
    r"(?:sure|certainly|of course|okay|ok|absolutely|great|here(?:'s|’s| is| are)|"
    r"(?:the|your) (?:updated|revised|rewritten|corrected|edited|new|improved|modified|translated)|below is)\b.*:\s*",
    re.IGNORECASE,
)
# The first words of a greeting, for telling early that a line will not be one.
_GREETS = (
    *("sure", "certainly", "of course", "okay", "ok", "absolutely", "great", "here", "below is"),
    *(f"{whose} {word}" for whose in ("the", "your") for word in ("updated", "revised", "rewritten", "corrected")),
    *(
        f"{whose} {word}"
        for whose in ("the", "your")
        for word in ("edited", "new", "improved", "modified", "translated")
    ),
)
_MAX_GREETING = 300
_THINKING = "<think>"


def greets(line: str, *, whole: bool) -> bool:
    """Whether a line announces what follows; one that is not `whole` yet: whether it may."""
    text = line.strip().lower()
    if len(text) > _MAX_GREETING:
        return False
    if whole:
        return _GREETING.fullmatch(text) is not None
    return any(text.startswith(greeting) or greeting.startswith(text) for greeting in _GREETS)


class TextCleaner:
    """Makes streamed text fit for a shared document: line ends are `\\n`, no NUL, no half of a surrogate pair, and none
    of the thinking aloud that some endpoints leave at the beginning of the answer."""

    def __init__(self) -> None:
        self._held = ""
        self._thinking: Literal["perhaps", "yes", "no"] = "perhaps"

    def push(self, text: str) -> str:
        text = self._held + text
        self._held = ""
        if self._thinking != "no":
            text = self._without_thoughts(text)
        if "\ud800" <= text[-1:] <= "\udbff":
            # JSON may bring the two halves of a character in two events.
            text, self._held = text[:-1], text[-1]
        return _clean(text)

    def finish(self) -> str:
        held, self._held = self._held, ""
        return "" if self._thinking == "yes" else _clean(held)

    def _without_thoughts(self, text: str) -> str:
        if self._thinking == "perhaps":
            start = text.lstrip()
            if len(start) < len(_THINKING) and _THINKING.startswith(start):
                self._held = text
                return ""
            self._thinking = "yes" if start.startswith(_THINKING) else "no"
        if self._thinking == "yes":
            _, end, rest = text.partition("</think>")
            if not end:
                self._held = text if len(text) < 2 * len(_THINKING) else _THINKING + text[-len("</think>") :]
                return ""
            self._thinking = "no"
            text = rest.lstrip()
        return text


def _clean(text: str) -> str:
    if "\r" in text or "\0" in text:
        text = text.replace("\r", "").replace("\0", "")
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


class AnswerStream:
    """Cleans one answer that is to stand in place of `selection` ("" where it is inserted).

    After `finish`, `deleted` tells that the model answered with nothing on purpose, as the prompt asks it to: with an
    empty code block. If nothing came out and it did not, there was no answer.
    """

    def __init__(self, selection: str = "") -> None:
        self._text = TextCleaner()
        self._wrapper = _Wrapper(selection)
        self._shape = _Shape(selection)

    @property
    def deleted(self) -> bool:
        return self._wrapper.closed and not self._shape.began

    def push(self, text: str) -> str:
        """Returns what is certain by now to belong to the answer."""
        return self._shape.push(self._wrapper.push(self._text.push(text)))

    def finish(self) -> str:
        """The rest of the answer."""
        rest = self._wrapper.push(self._text.finish()) + self._wrapper.finish()
        return self._shape.push(rest) + self._shape.finish(fenced=self._wrapper.fenced)


def clean_answer(answer: str, selection: str = "") -> str:
    """What `AnswerStream` makes of a whole answer."""
    stream = AnswerStream(selection)
    return stream.push(answer) + stream.finish()


class _Wrapper:
    """Takes a greeting away, the code fence around the whole answer, and what is said after it."""

    def __init__(self, selection: str) -> None:
        self.fenced = False
        self.closed = False
        self._selection = selection
        self._first_line = selection.lstrip("\n").partition("\n")[0].rstrip()
        self._has_fences = any(_FENCE.match(line) for line in selection.split("\n"))
        self._state: Literal["begin", "plain", "fenced", "over"] = "begin"
        self._greeted = ""  # a greeting, until it is known what follows it
        self._pending = ""  # the line that cannot be judged before its end
        self._held: str | None = None  # from a fence on that may be the last
        self._fence = ""
        self._nests = False
        self._depth = 0
        self._bare = 0
        self._at_line_start = True

    def push(self, text: str) -> str:
        self._pending += text
        return self._run(final=False)

    def finish(self) -> str:
        rest = self._run(final=True)
        held, self._held = self._held, None
        if held is None:
            return rest
        if self._state == "fenced" and self._bare % 2 == 0:
            # Fences come in pairs but for the one that closes the wrapper: that one is missing, so all is content.
            return rest + held
        self.closed = self.fenced
        return rest

    def _run(self, *, final: bool) -> str:
        out: list[str] = []
        while self._pending:
            if self._state == "over":
                self._pending = ""
            elif self._state == "begin":
                if not self._begin(final):
                    break
            else:
                line, end, rest = self._pending.partition("\n")
                if self._at_line_start and not end and not final and _MAY_BE_FENCE.match(line):
                    break
                fence = _FENCE.match(line) if self._at_line_start else None
                out.append(self._fence_line(line + end, fence) if fence else self._keep(line + end))
                self._at_line_start = bool(end)
                self._pending = rest
        if final and self._greeted:
            out.insert(0, self._greeted)
        return "".join(out)

    def _begin(self, final: bool) -> bool:
        """Judges the first line; whether it could be judged."""
        start = self._pending.lstrip("\n")
        line, end, rest = start.partition("\n")
        whole = bool(end) or final
        if not start and not final:
            return False
        if fence := _FENCE.match(line):
            if not whole:
                return False
            if line.rstrip() != self._first_line:
                self._state, self.fenced, self._fence = "fenced", True, fence[1]
                self._nests = self._has_fences or fence[2].strip().lower() in _NESTS
                self._greeted, self._pending = "", rest
                return True
        elif not whole and _MAY_BE_FENCE.match(line):
            return False
        elif not self._greeted and self._greets(line, whole):
            if not whole:
                return False
            self._greeted = self._pending[: len(self._pending) - len(rest)]
            self._pending = rest
            return True
        if self._greeted:
            # Without a fence, a greeting is one only where an empty line sets it apart from the text it announces.
            if not (self._selection and self._pending.startswith("\n")):
                self._pending = self._greeted + self._pending
            self._greeted = ""
        self._state = "plain"
        return True

    def _greets(self, line: str, whole: bool) -> bool:
        return not _GREETING.fullmatch(self._first_line.strip()) and greets(line, whole=whole)

    def _keep(self, text: str) -> str:
        if self._held is None:
            return text
        if self._state == "fenced" or not text.strip():
            self._held += text
            return ""
        # More text follows, so the fence before it opened a block of its own.
        self._bare += 1
        text, self._held = self._held + text, None
        return text

    def _fence_line(self, line: str, fence: re.Match[str]) -> str:
        bare = not fence[2].strip()
        if self._state == "plain":
            before = self._keep(line).removesuffix(line) if self._held else ""
            if bare and self._bare % 2 == 0 and not self._has_fences:
                self._held = line
                return before
            self._bare += 1
            return before + line
        if fence[1][0] != self._fence[0]:
            return self._keep(line)
        if not bare:
            self._depth += 1
            return self._keep(line)
        if self._depth:
            self._depth -= 1
            return self._keep(line)
        if len(fence[1]) < len(self._fence):
            return self._keep(line)
        self._bare += 1
        if not self._nests:
            self._state, self.closed = "over", True
            return ""
        before, self._held = self._held or "", line
        return before


class _Shape:
    """Gives the answer the blank lines at its ends, and the indentation of its first line, that the selection has."""

    def __init__(self, selection: str) -> None:
        self.began = False
        self._selection = selection
        self._lead = selection[: len(selection) - len(selection.lstrip("\n"))]
        self._line_ends = 0
        lines = [line for line in selection.split("\n") if line.strip()]
        self._indents = [line[: len(line) - len(line.lstrip(" \t"))] for line in lines[:2]]
        self._first: str | None = None  # the first line, while it may lack its indentation

    def push(self, text: str) -> str:
        if not self.began:
            if self._selection:
                text = text.lstrip("\n")
            if not text:
                return ""
            self.began = True
            if self._indents and self._indents[0] and text[0] not in " \t":
                self._first = ""
            text = self._lead + text
        if self._first is not None:
            self._first += text
            text = self._indented(final=False)
        kept = text.rstrip("\n")
        if not kept:
            self._line_ends += len(text)
            return ""
        out = "\n" * self._line_ends + kept
        self._line_ends = len(text) - len(kept)
        return out

    def finish(self, *, fenced: bool) -> str:
        out = ""
        if self._first is not None:
            out = self._indented(final=True)
            self._line_ends = len(out) - len(out.rstrip("\n"))
            out = out.rstrip("\n")
        if not self.began:
            return out
        if not self._selection:
            return out + "\n" * (self._line_ends - (fenced and self._line_ends > 0))
        # Models leave out the last line end, or add some; fewer than before may be what was asked for.
        wanted = len(self._selection) - len(self._selection.rstrip("\n"))
        return out + "\n" * (min(self._line_ends, wanted) or wanted)

    def _indented(self, *, final: bool) -> str:
        """The held beginning, once its second line shows whether only the first one was stripped of its indentation."""
        assert self._first is not None
        begin = len(self._lead)
        first, end, rest = self._first[begin:].partition("\n")
        second = rest.lstrip("\n")
        if not final and (not end or not second.strip(" \t")):
            return ""
        indent = second[: len(second) - len(second.lstrip(" \t"))]
        alone = not second and len(self._indents) == 1
        same = bool(second) and len(self._indents) == 2 and indent == self._indents[1]
        restored = self._indents[0] if alone or same else ""
        text, self._first = self._lead + restored + first + end + rest, None
        return text
