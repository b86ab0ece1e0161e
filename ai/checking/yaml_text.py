"""Mistakes in a YAML text. Only what it is made of is read and nothing is built of it, so it stays as small as it is
written: what a name with & stands for is never put in for its *.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml
from yaml.resolver import Resolver

from ai.checking.diagnostic import MOST, Diagnostic
from ai.checking.places import Places
from ai.checking.yaml_words import in_plain_words, shortened

# The parser of libyaml where PyYAML was built with it, which is thirty times as quick.
_LOADER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
MOST_DEEP = 100
"""Each bracket that is open costs the parser time at every sign behind it."""

_RESOLVER: Any = Resolver()


@dataclass(slots=True)
class _Open:
    """A mapping or a list that is being read."""

    is_mapping: bool
    at_key: bool = field(init=False)
    _keys: set[tuple[str, str]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.at_key = self.is_mapping

    def goes_on(self) -> None:
        self.at_key = self.is_mapping and not self.at_key

    def adds(self, key: yaml.ScalarEvent) -> bool:
        """False when it was there: "1" in quotes is another than 1."""
        meant = str(key.tag or _RESOLVER.resolve(yaml.ScalarNode, key.value, key.implicit)), key.value
        was_there = meant in self._keys
        self._keys.add(meant)
        return not was_there


def check_yaml(text: str) -> list[Diagnostic]:
    """Keys that stand twice and names that nobody gave, up to the first place that cannot be read at all."""
    places = Places(text)
    found: list[Diagnostic] = []
    # The parser does not count the mark.
    shift = 1 if text.startswith("\ufeff") else 0
    try:
        for start, end, message in _looked_over(text):
            found.append(Diagnostic(places.at(start + shift), places.at(end + shift), "error", message, "yaml"))
            if len(found) >= MOST:
                break
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        words = in_plain_words(error.problem or error.context or "")
        found.append(_mistake(places, mark.index + shift if mark else 0, words))
    except yaml.reader.ReaderError as error:
        found.append(_mistake(places, _seen(text, error), "there is a character here that cannot be seen; delete it"))
    except yaml.YAMLError:
        found.append(_mistake(places, 0, "this is not valid YAML"))
    return found


def _mistake(places: Places, index: int, words: str) -> Diagnostic:
    return Diagnostic(*places.word(index), "error", words[:1].upper() + words[1:], "yaml")


def _seen(text: str, error: yaml.reader.ReaderError) -> int:
    """libyaml counts bytes there, PyYAML characters, so the character itself is looked for."""
    sign = error.character if isinstance(error.character, str) else chr(int(error.character))
    return max(0, text.find(sign))


def _looked_over(text: str) -> Iterator[tuple[int, int, str]]:
    names: set[str | None] = set()
    opened: list[_Open] = []
    events: Iterator[Any] = yaml.parse(text, Loader=_LOADER)
    for event in events:
        place = event.start_mark.index, event.end_mark.index
        around = opened[-1] if opened else None
        match event:
            case yaml.DocumentStartEvent():
                names.clear()
                continue
            case yaml.SequenceEndEvent() | yaml.MappingEndEvent():
                opened.pop()
                around = opened[-1] if opened else None
            case yaml.AliasEvent() if event.anchor not in names:
                yield *place, f"Nothing above is named &{event.anchor}"
            case yaml.SequenceStartEvent() | yaml.MappingStartEvent():
                names.add(event.anchor)
                if len(opened) == MOST_DEEP:
                    yield *place, "This is nested too deep to be checked"
                    return
                opened.append(_Open(isinstance(event, yaml.MappingStartEvent)))
                continue
            case yaml.ScalarEvent():
                names.add(event.anchor)
                if around is not None and around.at_key and not around.adds(event):
                    yield *place, f"“{shortened(event.value)}” stands here twice"
        if around is not None:
            around.goes_on()
