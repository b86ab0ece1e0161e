"""What a workspace may spend on models, and whether a call still fits in. Pure.

An account says what one workspace has spent in one month, and what its running calls may come to. A call is let in only
while all that is spent and held, with what it may come to itself, stays within the budget; it holds that much until it
is settled by what it really was. So the sum passes a limit only by what running calls turn out to be above what they
hold.

Days and months are those of UTC: people of one group may sit anywhere, and the limit must not move with them. A call
counts on the day on which it was begun.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, Self

from ai.spending.prices import Cost

Unit = Literal["tokens", "money"]


@dataclass(frozen=True, slots=True)
class Budget:
    """None is without limit. `share` is what one person alone may use of each limit, above 0 and up to 1."""

    tokens_per_day: int | None = None
    money_per_month: float | None = None
    currency: str = "USD"
    share: float | None = None

    @property
    def unlimited(self) -> bool:
        return self.tokens_per_day is None and self.money_per_month is None

    @classmethod
    def of(cls, record: Mapping[str, Any] | None) -> Self:
        """From the workspace's setting `budget`, of which anything may be missing."""
        return cls(**{name: value for name, value in record.items() if value is not None}) if record else cls()


@dataclass(frozen=True, slots=True)
class Amount:
    tokens: int = 0
    cost: Cost | None = None


@dataclass(frozen=True, slots=True)
class Hold:
    """What a running call may come to. `call` is what its usage record will say, for whoever finds it abandoned."""

    person: str
    day: str
    amount: Amount
    call: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Account:
    """Of one workspace and month. `tokens` by day and person, `money` by currency and person, `held` by call."""

    tokens: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    money: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    held: Mapping[str, Hold] = field(default_factory=dict)

    def hold(self, call: str, held: Hold) -> "Account":
        """With `call` holding so much, whatever it held before."""
        return replace(self, held={**self.held, call: held})

    def settle(self, call: str, spent: Amount) -> "Account":
        """With what `call` has spent in place of what it held. One that holds nothing has been settled already."""
        if (held := self.held.get(call)) is None:
            return self
        rest = {other: hold for other, hold in self.held.items() if other != call}
        money = self.money
        if spent.cost is not None:
            money = _added(money, spent.cost.currency, held.person, spent.cost.amount)
        return Account(_added(self.tokens, held.day, held.person, spent.tokens), money, rest)

    def used(self, unit: Unit, budget: Budget, at: float, person: str | None = None, but: str | None = None) -> float:
        """What is spent and held of `unit` in the period that `at` lies in; by `person` alone, where one is named.

        Without the call `but`.
        """
        key = day_of(at) if unit == "tokens" else budget.currency
        spent: Mapping[str, float] = (self.tokens if unit == "tokens" else self.money).get(key, {})
        total = sum(spent.values()) if person is None else spent.get(person, 0)
        for call, hold in self.held.items():
            if call != but and person in (None, hold.person):
                total += _counting(hold, unit, key)
        return total

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Self:
        held = {
            call: Hold(hold["person"], hold["day"], Amount(hold["tokens"], _cost(hold)), hold["call"])
            for call, hold in record["held"].items()
        }
        return cls(record.get("tokens", {}), record.get("money", {}), held)

    def record(self) -> dict[str, Any]:
        held = {
            call: {
                "person": hold.person,
                "day": hold.day,
                "tokens": hold.amount.tokens,
                "cost": hold.amount.cost.amount if hold.amount.cost else None,
                "currency": hold.amount.cost.currency if hold.amount.cost else None,
                "call": dict(hold.call),
            }
            for call, hold in self.held.items()
        }
        return {"tokens": self.tokens, "money": self.money, "held": held}


@dataclass(frozen=True, slots=True)
class Gauge:
    """How far one limit is used up. `personal`: it is one person's share of the workspace's."""

    unit: Unit
    personal: bool
    limit: float
    used: float
    currency: str
    renews_at: float

    @property
    def left(self) -> float:
        return max(0.0, self.limit - self.used)

    @property
    def fraction(self) -> float:
        return self.used / self.limit if self.limit else 1.0

    def refuses(self, wanted: Amount) -> bool:
        if self.used >= self.limit:
            return True
        return self.used + _of(wanted, self.unit, self.currency) > self.limit

    def sentence(self, wanted: Amount) -> str:
        """Why a call is refused: what is spent, and when it is free again."""
        whose = "your share of this workspace's budget" if self.personal else "this workspace's budget"
        period = "today" if self.unit == "tokens" else "this month"
        renewal = f"It is free again from {_when(self.renews_at)}; an owner can change it."
        if self.left == 0:
            return f"All of {whose} for {period} is used up, {self._shown(self.limit)}. {renewal}"
        needed = self._shown(_of(wanted, self.unit, self.currency))
        return f"This may take {needed}, and {whose} for {period} has only {self._shown(self.left)} left. {renewal}"

    def _shown(self, value: float) -> str:
        if self.unit == "tokens" and int(value) == 1:
            return "1 token"
        return f"{int(value):,} tokens" if self.unit == "tokens" else f"{value:,.2f} {self.currency}"


def gauges(budget: Budget, account: Account, person: str, at: float, but: str | None = None) -> list[Gauge]:
    """Of each limit there is: the workspace's, then the person's share of it. Without what the call `but` holds."""
    found: list[Gauge] = []
    limits: list[tuple[Unit, float | None]] = [("tokens", budget.tokens_per_day), ("money", budget.money_per_month)]
    for unit, limit in limits:
        if limit is None:
            continue
        renews_at = next_day(at) if unit == "tokens" else next_month(at)
        used = account.used(unit, budget, at, but=but)
        found.append(Gauge(unit, False, limit, used, budget.currency, renews_at))
        if budget.share is not None and budget.share < 1:
            mine = account.used(unit, budget, at, person, but)
            found.append(Gauge(unit, True, limit * budget.share, mine, budget.currency, renews_at))
    return found


def refusal(found: list[Gauge], wanted: Amount) -> Gauge | None:
    """The first limit that a call of `wanted` does not fit into. Whoever only asks wants nothing yet."""
    return next((gauge for gauge in found if gauge.refuses(wanted)), None)


# ---- days and months


def day_of(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")


def month_of(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m")


def next_day(at: float) -> float:
    """When the day after begins."""
    midnight = datetime.fromtimestamp(at, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight + timedelta(days=1)).timestamp()


def next_month(at: float) -> float:
    """When the month after begins."""
    first = datetime.fromtimestamp(at, UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + timedelta(days=32)).replace(day=1).timestamp()


def _when(at: float) -> str:
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment.day} {moment:%B}, {moment:%H:%M} UTC"


def _cost(record: Mapping[str, Any]) -> Cost | None:
    return Cost(record["cost"], record["currency"]) if record["cost"] is not None else None


def _of(amount: Amount, unit: Unit, currency: str) -> float:
    if unit == "tokens":
        return amount.tokens
    # What is paid in another currency cannot be compared, so it does not count.
    return amount.cost.amount if amount.cost is not None and amount.cost.currency == currency else 0.0


def _counting(hold: Hold, unit: Unit, key: str) -> float:
    if unit == "tokens":
        return hold.amount.tokens if hold.day == key else 0
    return _of(hold.amount, "money", key)


def _added(sums: Mapping[str, Mapping[str, Any]], key: str, person: str, more: float) -> dict[str, Mapping[str, Any]]:
    inner = sums.get(key, {})
    return {**sums, key: {**inner, person: inner.get(person, 0) + more}}
