"""Consumers of events: functions in package ``server.consumers``, found by themselves.

A new one is a new module there and nothing else: it says which events it wants, under which name it goes, and what it
does with them. `storage.consumer_groups` says what holds for it.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from storage.consumer_groups import Consumer
from storage.event_tail import Event

if TYPE_CHECKING:
    from server.core import Core

_One = Callable[[Event, "Core"], Awaitable[None]]
_Several = Callable[[Sequence[Event], "Core"], Awaitable[None]]


@dataclass(frozen=True)
class Declared:
    """A consumer without what it works on."""

    group: str
    types: frozenset[str]
    take: _Several
    most: int = 1
    stale_after: float | None = None
    streams: Callable[[Core], Collection[str] | None] | None = None

    def of(self, core: Core) -> Consumer:
        return Consumer(
            self.group,
            self.types,
            lambda events: self.take(events, core),
            self.most,
            self.stale_after,
            self.streams(core) if self.streams is not None else None,
        )


def consumer(group: str, *types: str, stale_after: float | None = None) -> Callable[[_One], Declared]:
    """Declare a function of one event. `types` may end in ``.*``."""

    def declare(function: _One) -> Declared:
        async def take(events: Sequence[Event], core: Core) -> None:
            for event in events:
                await function(event, core)

        return Declared(group, frozenset(types), take, stale_after=stale_after)

    return declare


def batch_consumer(
    group: str,
    *types: str,
    most: int,
    stale_after: float | None = None,
    streams: Callable[[Core], Collection[str] | None] | None = None,
) -> Callable[[_Several], Declared]:
    """Declare a function of up to `most` events of one workspace; `streams` as `Consumer.streams`."""
    return lambda function: Declared(group, frozenset(types), function, most, stale_after, streams)


def declared_in(package: ModuleType) -> list[Declared]:
    """Those of all modules of `package`, by group."""
    found: list[Declared] = []
    for module in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        values: list[Any] = list(vars(import_module(module.name)).values())
        found += [value for value in values if isinstance(value, Declared)]
    return sorted(found, key=lambda each: each.group)
