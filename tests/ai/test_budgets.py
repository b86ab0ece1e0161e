"""Budgets: what is let in, what that may overshoot by, and when it is free again."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai.spending.budgets import (
    Account,
    Amount,
    Budget,
    Hold,
    day_of,
    gauges,
    month_of,
    next_day,
    next_month,
    refusal,
)
from ai.spending.prices import Cost

PEOPLE = ("ann", "bob", "cleo")
EXCESS = 300
"""Tokens by which a call may turn out to be above what it holds; a token costs a hundredth."""

PRICE = 0.01


def amount(tokens: int, currency: str = "USD") -> Amount:
    return Amount(tokens, Cost(tokens * PRICE, currency))


def moment(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


@dataclass
class Call:
    person: str
    begun_at: float
    held: int


class Naive:
    """All that was ever spent, in one list; and the accounts, one for each month, as `ai.spending.budget_book` keeps
    them."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.at = moment("2026-11-29T22:00")
        self.accounts: defaultdict[str, Account] = defaultdict(Account)
        self.running: dict[str, Call] = {}
        self.spent: list[tuple[Call, int]] = []
        self.most_running = 0
        self.refused = 0

    def begin(self, name: str, person: str, tokens: int) -> None:
        if name not in self.running:
            self.running[name] = Call(person, self.at, 0)
            if not self._hold(name, tokens):
                del self.running[name]
        self.most_running = max(self.most_running, len(self.running))

    def grow(self, name: str, tokens: int) -> None:
        if name in self.running:
            self._hold(name, self.running[name].held + tokens)

    def _hold(self, name: str, tokens: int) -> bool:
        call = self.running[name]
        account = self.accounts[month_of(call.begun_at)]
        found = gauges(self.budget, account, call.person, call.begun_at, but=name)
        if refusal(found, amount(tokens)) is not None:
            self.refused += 1
            return False
        hold = Hold(call.person, day_of(call.begun_at), amount(tokens))
        self.accounts[month_of(call.begun_at)] = account.hold(name, hold)
        call.held = tokens
        return True

    def end(self, name: str, above: int) -> None:
        if name in self.running:
            call = self.running.pop(name)
            month = month_of(call.begun_at)
            spent = max(0, call.held + above)
            self.spent.append((call, spent))
            # Whoever says it a second time changes nothing.
            for _ in range(2):
                self.accounts[month] = self.accounts[month].settle(name, amount(spent))

    def tokens(self, day: str, person: str | None = None) -> int:
        return self._sum(lambda call: day_of(call.begun_at) == day and person in (None, call.person))

    def money(self, month: str, person: str | None = None) -> float:
        return PRICE * self._sum(lambda call: month_of(call.begun_at) == month and person in (None, call.person))

    def _sum(self, counts) -> int:  # type: ignore[no-untyped-def]
        spent = sum(tokens for call, tokens in self.spent if counts(call))
        return spent + sum(call.held for call in self.running.values() if counts(call))


names = st.sampled_from([f"call {number}" for number in range(8)])
steps = st.one_of(
    st.tuples(st.just("begin"), names, st.sampled_from(PEOPLE), st.integers(1, 2_000)),
    st.tuples(st.just("grow"), names, st.integers(1, 500)),
    # A call whose process dies is one that never ends: it holds what it holds.
    st.tuples(st.just("end"), names, st.integers(-2_000, EXCESS)),
    st.tuples(st.just("pass"), st.sampled_from([60.0, 3_600.0, 40_000.0, 90_000.0])),
)
budgets = st.builds(
    Budget,
    tokens_per_day=st.none() | st.integers(0, 6_000),
    money_per_month=st.none() | st.floats(0, 90),
    share=st.none() | st.sampled_from([0.1, 0.5, 1.0]),
)


@given(budgets, st.lists(steps, max_size=60))
def test_whatever_happens_a_budget_is_passed_by_no_more_than_what_runs_is_above_what_it_holds(
    budget: Budget, plan: list[tuple]
) -> None:
    naive = Naive(budget)
    for step in plan:
        match step:
            case ("begin", name, person, tokens):
                naive.begin(name, person, tokens)
            case ("grow", name, tokens):
                naive.grow(name, tokens)
            case ("end", name, above):
                naive.end(name, above)
            case ("pass", seconds):
                naive.at += seconds
        day, month = day_of(naive.at), month_of(naive.at)
        account, slack = naive.accounts[month], naive.most_running * EXCESS
        for person in (None, *PEOPLE):
            tokens = account.used("tokens", budget, naive.at, person)
            money = account.used("money", budget, naive.at, person)
            assert tokens == naive.tokens(day, person)
            assert money == pytest.approx(naive.money(month, person))
            share = 1.0 if person is None else budget.share or 1.0
            if budget.tokens_per_day is not None:
                assert tokens <= budget.tokens_per_day * share + slack
            if budget.money_per_month is not None:
                assert money <= budget.money_per_month * share + slack * PRICE + 1e-9
    if budget.unlimited:
        assert naive.refused == 0


@given(st.lists(steps, max_size=40))
def test_an_account_comes_back_from_its_record(plan: list[tuple]) -> None:
    naive = Naive(Budget())
    for step in plan:
        if step[0] == "begin":
            naive.begin(*step[1:])
        elif step[0] == "end":
            naive.end(*step[1:])
    for account in naive.accounts.values():
        assert Account.of(account.record()) == account


def test_a_day_of_utc_and_a_month_of_utc_begin_anew() -> None:
    late = moment("2026-12-31T23:59:59")
    account = Account().hold("a", Hold("ann", day_of(late), amount(100))).settle("a", amount(100))
    budget = Budget(tokens_per_day=100, money_per_month=10.0)
    assert [gauge.used for gauge in gauges(budget, account, "ann", late)] == [100, pytest.approx(1.0)]
    assert refusal(gauges(budget, account, "ann", late), Amount()) is not None
    soon = late + 1
    assert (day_of(soon), month_of(soon)) == ("2027-01-01", "2027-01")
    assert next_day(late) == next_month(late) == soon
    assert refusal(gauges(budget, account, "ann", soon), Amount()) is None
    assert next_month(moment("2028-02-29T12:00")) == moment("2028-03-01")
    assert next_day(moment("2028-02-29T12:00")) == moment("2028-03-01")


def test_what_is_refused_says_what_is_spent_and_when_it_is_free_again() -> None:
    at = moment("2026-11-28T10:00")
    spent = Account().hold("a", Hold("ann", day_of(at), Amount(900))).settle("a", Amount(900))
    [gauge] = gauges(Budget(tokens_per_day=1_000), spent, "bob", at)
    assert refusal([gauge], Amount(100)) is None
    assert gauge.refuses(Amount(101))
    assert gauge.sentence(Amount(3_000)) == (
        "This may take 3,000 tokens, and this workspace's budget for today has only 100 tokens left. "
        "It is free again from 29 November, 00:00 UTC; an owner can change it."
    )
    mine = refusal(gauges(Budget(tokens_per_day=1_800, share=0.5), spent, "ann", at), Amount())
    assert mine is not None
    assert mine.personal
    assert mine.sentence(Amount()) == (
        "All of your share of this workspace's budget for today is used up, 900 tokens. "
        "It is free again from 29 November, 00:00 UTC; an owner can change it."
    )
    assert refusal(gauges(Budget(tokens_per_day=1_800, share=0.5), spent, "bob", at), Amount(900)) is None


def test_money_of_another_currency_cannot_be_compared_and_does_not_count() -> None:
    at = moment("2026-11-28T10:00")
    account = Account().hold("a", Hold("ann", day_of(at), amount(5_000, "EUR")))
    [gauge] = gauges(Budget(money_per_month=1.0, currency="USD"), account, "ann", at)
    assert gauge.used == 0
    [gauge] = gauges(Budget(money_per_month=60.0, currency="EUR"), account, "ann", at)
    assert (gauge.used, gauge.left) == (50.0, 10.0)
    assert gauge.refuses(amount(1_001, "EUR"))
