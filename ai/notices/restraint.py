"""When the assistant holds its tongue though it has found something: as the group has chosen. Pure.

What is not said for one of these reasons is not lost: it is looked at again when its file settles the next time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, tzinfo
from typing import Literal

from ai.notices.notice import Kind

Period = Literal["daily", "weekly"]

MOST_PER_HOUR = 6
"""New notices in one hour, where a group has chosen nothing. All of its people are told all of them, so it is each
person's as well."""

HOUR = 3600.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Restraint:
    silent: frozenset[Kind] = frozenset()
    """Kinds that the group does not want to hear of."""
    most_per_hour: int = MOST_PER_HOUR
    quiet: tuple[time, time] | None = None
    """From, and until: the next day where that is not later. The same twice is all day."""
    zone: tzinfo = UTC
    keeps: Period | None = None
    """How often KNOWLEDGE.md is brought up to date without being asked for."""

    def allows(self, kind: Kind, moment: datetime, said: int) -> bool:
        """``moment`` knows its time zone; ``said``: notices of the hour before it."""
        return kind not in self.silent and said < self.most_per_hour and not self._is_quiet(moment)

    def period(self, moment: datetime) -> str | None:
        """The one that ``moment`` is in, such as ``2026-11-30`` or ``2026-W49``: equal for all moments of it."""
        day = moment.astimezone(self.zone)
        return {"daily": f"{day:%Y-%m-%d}", "weekly": f"{day:%G-W%V}", None: None}[self.keeps]

    def _is_quiet(self, moment: datetime) -> bool:
        if self.quiet is None:
            return False
        begins, ends = self.quiet
        at = moment.astimezone(self.zone).time()
        return begins <= at < ends if begins < ends else at >= begins or at < ends
