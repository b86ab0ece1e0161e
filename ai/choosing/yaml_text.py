"""YAML that people write by hand, as plain values that still know where in the text they stand.

Every scalar is a string, because what the text means is for whoever asked to say: `no` is a word, and so is `1e3` until
somebody wants a number. Anchors, aliases, tags, several documents and deep nesting are refused, so that a small text
stays a small value, and so is a key that stands twice, of which one would win unseen.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from ai.checking.yaml_words import in_plain_words, shortened

MOST_BYTES = 32 * 1024
MOST_DEEP = 8

Path = tuple[str | int, ...]
"""Keys of mappings and numbers in lists, from the root."""

_EMPTY = ("", "~", "null")
_UNPRINTABLE = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# The parser of libyaml where PyYAML was built with it: of 32 KiB it takes some milliseconds, the other one 200.
_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


class BadYaml(ValueError):
    """The text cannot be read, or says something that it may not. `line` and `column` count from 1, in characters."""

    def __init__(self, line: int, column: int, message: str) -> None:
        super().__init__(f"Line {line}: {message}")
        self.line = line
        self.column = column
        self.message = message


@dataclass(frozen=True, slots=True)
class YamlText:
    """`value` is made of strings, None for what is left empty, lists and dicts; None of a text without anything."""

    text: str
    value: Any
    keys: dict[Path, int]
    """Where each key begins, as an index into the text."""
    values: dict[Path, int]

    def error(self, path: Path, message: str, *, at_key: bool = False) -> BadYaml:
        """About what stands at `path`, or about the nearest around it that is there."""
        return self.at(self.place(path, at_key=at_key), message)

    def place(self, path: Path, *, at_key: bool = False) -> int:
        """As an index into the text."""
        places = (self.keys, self.values) if at_key else (self.values, self.keys)
        for length in range(len(path), -1, -1):
            for known in places:
                if (index := known.get(path[:length])) is not None:
                    return index
        return 0

    def at(self, index: int, message: str) -> BadYaml:
        """About the character at `index`."""
        return _at(self.text, index, message)


def _at(text: str, index: int, message: str) -> BadYaml:
    before = text[: max(0, index)]
    if index >= len(text) and before.endswith("\n"):
        # What is missing at the end belongs to the last line that has anything in it.
        before = before.rstrip("\n")
    return BadYaml(before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1, message)


def read(text: str) -> YamlText:
    """Takes some milliseconds for the largest text there may be. Raises BadYaml."""
    if len(text.encode(errors="replace")) > MOST_BYTES:
        fits = text.encode(errors="replace")[:MOST_BYTES].decode(errors="ignore")
        raise _at(text, len(fits), f"the file is too long: at most {MOST_BYTES // 1024} KiB are read.")
    if (strange := _UNPRINTABLE.search(text)) is not None:
        raise _at(text, strange.start(), "there is a character here that cannot be seen; delete it.")
    try:
        return _Builder(text).build()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise _at(text, mark.index if mark else 0, f"{in_plain_words(error.problem or error.context or '')}.") from None
    except yaml.YAMLError:
        raise _at(text, 0, "this is not valid YAML.") from None


class _Builder:
    def __init__(self, text: str) -> None:
        self._text = text
        self._events: Iterator[Any] = yaml.parse(text, Loader=_LOADER)
        self._keys: dict[Path, int] = {}
        self._values: dict[Path, int] = {}

    def build(self) -> YamlText:
        value = None
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self._error(event, "“---” begins a second document; the file may hold one only.")
            elif isinstance(event, yaml.NodeEvent):
                value = self._node(event, ())
        return YamlText(self._text, value, self._keys, self._values)

    def _node(self, event: Any, path: Path) -> Any:
        index = event.start_mark.index
        if isinstance(event, yaml.AliasEvent):
            raise self._error(event, "references with * are not understood here; write the text out.")
        if event.anchor is not None:
            raise self._error(event, "names with & are not understood here; put quotes around a text that begins so.")
        if event.tag is not None:
            raise self._error(event, "tags with ! are not understood here; put quotes around a text that begins so.")
        if len(path) > MOST_DEEP:
            raise self._error(event, "this is nested too deep.")
        self._values[path] = index
        if isinstance(event, yaml.ScalarEvent):
            return None if not event.style and event.value in _EMPTY else event.value
        return self._list(path) if isinstance(event, yaml.SequenceStartEvent) else self._dict(path)

    def _list(self, path: Path) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event, (*path, len(items))))
        return items

    def _dict(self, path: Path) -> dict[str, Any]:
        entries: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._node(event, (*path, ""))
            if not isinstance(key, str):
                raise self._error(event, "a name is missing here, or is no plain word.")
            if key in entries:
                raise self._error(event, f"“{shortened(key)}” stands here twice.")
            self._keys[*path, key] = event.start_mark.index
            entries[key] = self._node(next(self._events), (*path, key))
        self._values.pop((*path, ""), None)
        return entries

    def _error(self, event: Any, message: str) -> BadYaml:
        return _at(self._text, event.start_mark.index, message)
