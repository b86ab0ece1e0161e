"""Which versions stay."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from collab.history.thinning import SPANS, Moment, begins_an_hour, superfluous

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)
ANN, BOB = frozenset({"user:ann"}), frozenset({"user:bob"})


def moments(*made: tuple[float, frozenset[str]], **more: bool) -> list[Moment]:
    """Versions so many minutes after noon, named by those minutes."""
    return [Moment(f"{minutes:g}", NOON + timedelta(minutes=minutes), authors, **more) for minutes, authors in made]


def kept(found: list[Moment], now: datetime) -> list[str]:
    heirs = superfluous(found, now)
    return [moment.id for moment in found if moment.id not in heirs]


def test_of_somebody_who_goes_on_writing_one_in_five_minutes_stays() -> None:
    found = moments(*((minutes / 2, ANN) for minutes in range(25)))
    assert kept(found, NOON + timedelta(minutes=13)) == ["4.5", "9.5", "12"]


def test_what_it_had_come_to_before_somebody_joined_in_stays() -> None:
    found = moments((0, ANN), (1, ANN), (2, BOB), (3, ANN), (4, BOB), (4.5, ANN | BOB))
    assert kept(found, NOON + timedelta(minutes=5)) == ["1", "4.5"]
    assert superfluous(found, NOON + timedelta(minutes=5)) == {"0": "1", "2": "4.5", "3": "4.5", "4": "4.5"}


def test_what_a_restore_can_be_undone_with_stays_for_a_day() -> None:
    found = [*moments((0, ANN)), *moments((1, ANN), held=True), *moments((2, ANN))]
    assert kept(found, NOON + timedelta(hours=1)) == ["1", "2"]
    assert kept(found, NOON + timedelta(days=2)) == ["2"]


def test_what_somebody_made_stays_for_ever() -> None:
    found = [*moments((0, ANN)), *moments((1, ANN), automatic=False), *moments((2, ANN))]
    assert kept(found, NOON + timedelta(days=3000)) == ["1", "2"]


def test_the_older_the_farther_apart() -> None:
    found = moments(*((minutes, ANN) for minutes in range(0, 60 * 24 * 14, 7)))
    end = found[-1].at
    for age, per_day in ((timedelta(days=2), 24.0), (timedelta(days=60), 1.0), (timedelta(days=800), 1 / 7)):
        left = len(kept(found, end + age + timedelta(days=14)))
        assert abs(left - 14 * per_day) <= 2


def test_hours() -> None:
    assert begins_an_hour(NOON - timedelta(seconds=1), NOON)
    assert begins_an_hour(NOON, NOON + timedelta(days=1))
    assert not begins_an_hour(NOON, NOON + timedelta(minutes=59))


def test_the_last_one_before_something_is_missing_stays_for_ever() -> None:
    found = [*moments((0, ANN), (1, ANN)), *moments((2, ANN), (3, ANN), whole=False)]
    assert kept(found, NOON + timedelta(days=3000)) == ["1", "3"]


@st.composite
def histories(draw: st.DrawFn) -> list[Moment]:
    steps = draw(st.lists(st.sampled_from([1, 7, 40, 200, 1_000, 5_000, 90_000, 1_000_000]), max_size=60))
    at, found = NOON, []
    for number, step in enumerate(steps):
        at += timedelta(seconds=step)
        authors = frozenset(draw(st.sets(st.sampled_from("abc"), min_size=1)))
        kind = draw(st.sampled_from(["automatic"] * 6 + ["held", "made"]))
        whole = draw(st.integers(0, 5)) != 0
        found.append(Moment(str(number), at, authors, kind != "made", kind == "held", whole))
    return found


def without(found: list[Moment], now: datetime) -> list[Moment]:
    """What is left, with the authors of what is gone."""
    heirs = superfluous(found, now)
    authors = {moment.id: set(moment.authors) for moment in found}
    for gone, heir in heirs.items():
        authors[heir] |= authors[gone]
    return [replace(moment, authors=frozenset(authors[moment.id])) for moment in found if moment.id not in heirs]


@given(histories(), st.lists(st.integers(0, 500), max_size=5))
def test_it_makes_no_difference_when_it_is_asked(found: list[Moment], days: list[int]) -> None:
    end = (found[-1].at if found else NOON) + timedelta(days=600)
    at_once = without(found, end)
    often = found
    for ages in sorted(days):
        often = without(often, end - timedelta(days=600) + timedelta(days=ages))
    assert without(often, end) == at_once
    assert without(at_once, end) == at_once


@given(histories(), st.integers(0, 10**8))
def test_the_newest_and_what_was_made_stay_and_nobody_is_forgotten(found: list[Moment], seconds: int) -> None:
    now = (found[-1].at if found else NOON) + timedelta(seconds=seconds)
    left = without(found, now)
    assert left[-1:] == [] or left[-1].id == found[-1].id
    assert {m.id for m in found if not m.automatic} <= {m.id for m in left}
    assert {a for m in found for a in m.authors} == {a for m in left for a in m.authors}
    spans = [next(span for age, span in SPANS if now - m.at <= age) for m in left]
    old = [
        (span, m.at.timestamp() // span.total_seconds())
        for span, m, following in zip(spans, left, [*left[1:], *left[-1:]], strict=True)
        if m.automatic and span != SPANS[0][1] and m.whole == following.whole
    ]
    assert len(old) == len(set(old)), "one of each span"
