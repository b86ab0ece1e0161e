"""Which versions of a document are kept, as a pure function of when they were made and by whose hands.

What somebody made is kept for ever. The automatic ones would soon be thousands, most of them a few words apart.

Time is cut into spans, the longer the older they are, and the last version of a span is kept: five minutes during the
first day, then an hour, then a day, then a week. In the first day a span also keeps what it had come to before somebody
new joined in, so that one can go back behind a colleague's first edit, and not only behind everybody's five minutes.

Spans are of the clock, not of the versions before them: then it makes no difference when, and how often, this is asked.
Each span divides the next one, so what was dropped earlier is never what would have been kept later.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

_DAY = timedelta(days=1)

SPANS = (
    (_DAY, timedelta(minutes=5)),
    (30 * _DAY, timedelta(hours=1)),
    (365 * _DAY, _DAY),
    (timedelta.max, 7 * _DAY),
)
"""(age up to which, span)."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A version."""

    id: str
    at: datetime
    authors: frozenset[str]
    """Who took part since the version before it."""
    automatic: bool = True
    held: bool = False
    """Automatic, but kept while it is young whatever follows: it is what a restore can be undone with."""
    whole: bool = True
    """False when it lacks something of the log. The last one before such versions begin is kept for ever, for what they
    lack, and so is the last of them: without it, the former could not be told later."""


def superfluous(moments: Sequence[Moment], now: datetime) -> dict[str, str]:
    """Of ``moments``, oldest first, those that need not be kept: id → id of the next one that is.

    Whoever took part in the one took part in the other, once the first is gone.
    """
    dropped: list[str] = []
    heirs: dict[str, str] = {}
    present: frozenset[str] = frozenset()
    for moment, following in pairwise(moments):
        span = _span(moment, now)
        present |= moment.authors
        same_span = _number(moment, span) == _number(following, span)
        young = span == SPANS[0][1]
        kept = young and (moment.held or bool(following.authors - present))
        kept |= moment.whole != following.whole
        if same_span and moment.automatic and not kept:
            dropped.append(moment.id)
        else:
            heirs.update(dict.fromkeys(dropped, moment.id))
            dropped.clear()
            if not same_span:
                present = frozenset()
    if moments:
        heirs.update(dict.fromkeys(dropped, moments[-1].id))
    return heirs


def _span(moment: Moment, now: datetime) -> timedelta:
    return next(span for age, span in SPANS if now - moment.at <= age)


def _number(moment: Moment, span: timedelta) -> int:
    return int(moment.at.timestamp() // span.total_seconds())


def span_start(at: datetime) -> datetime:
    """When the span of a version made at ``at`` began, while it is young."""
    return at - timedelta(seconds=at.timestamp() % SPANS[0][1].total_seconds())


def begins_an_hour(before: datetime, at: datetime) -> bool:
    """Whether ``at`` is in another hour than ``before``: from then on older ones may have become superfluous."""
    return before.timestamp() // 3600 != at.timestamp() // 3600
