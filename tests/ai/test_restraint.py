"""When the assistant holds its tongue, by what the group has chosen."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai.choosing.assistant_file import ASSISTANT_FILE
from ai.notices.restraint import MOST_PER_HOUR, Restraint
from tests.ai.group import Group

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)

times = st.times().map(lambda at: at.replace(second=0, microsecond=0))
moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))


def test_a_group_that_has_chosen_nothing_is_told_six_things_in_an_hour() -> None:
    restraint = Restraint()
    assert [restraint.allows("faults", NOON, said) for said in (0, 5, 6, 7)] == [True, True, False, False]
    assert not Restraint(most_per_hour=0).allows("faults", NOON, 0)


def test_a_kind_that_is_switched_off_is_silent_and_the_other_is_not() -> None:
    restraint = Restraint(silent=frozenset({"faults"}))
    assert (restraint.allows("faults", NOON, 0), restraint.allows("broken", NOON, 0)) == (False, True)


@given(times, times, moments)
def test_of_two_that_follow_each_other_one_is_quiet(begins: time, ends: time, moment: datetime) -> None:
    by_night, by_day = Restraint(quiet=(begins, ends)), Restraint(quiet=(ends, begins))
    spoken = [one.allows("faults", moment, 0) for one in (by_night, by_day)]
    assert sum(spoken) == (0 if begins == ends else 1)


@given(times, times)
def test_quiet_hours_begin_and_end_at_their_minute(begins: time, ends: time) -> None:
    restraint = Restraint(quiet=(begins, ends))
    minute = timedelta(minutes=1)
    begin, end = (datetime.combine(NOON.date(), at, UTC) for at in (begins, ends))
    assert not restraint.allows("faults", begin, 0)
    if begins != ends:
        assert restraint.allows("faults", begin - minute, 0) or begin - minute == end - minute
        assert restraint.allows("faults", end, 0)
        assert not restraint.allows("faults", end - minute, 0)


@pytest.mark.parametrize(("month", "hour"), [(1, 21), (7, 20)])
def test_quiet_hours_are_those_of_the_groups_clock(month: int, hour: int) -> None:
    restraint = Restraint(quiet=(time(22), time(7)), zone=ZoneInfo("Europe/Berlin"))
    moment = datetime(2026, month, 15, hour, tzinfo=UTC)  # 22 o'clock there, in winter and in summer
    assert not restraint.allows("faults", moment, 0)
    assert restraint.allows("faults", moment - timedelta(minutes=1), 0)


# ---- a group at work


async def tell(group: Group, number: int) -> bool:
    """Whether it says that a file of its own is at fault."""
    text = f"import module{number}\n"
    document = await group.file(f"{number}.py", text)
    await group.assistant.triggers.faults(group.workspace, document, f"{number}.py", text)
    said = await group.assistant.board.of_workspace(group.workspace)
    return any(one["document"] == document for one in said)


async def test_only_so_much_is_said_in_an_hour(group: Group) -> None:
    assert [await tell(group, number) for number in range(MOST_PER_HOUR + 1)] == [True] * MOST_PER_HOUR + [False]
    await group.file(ASSISTANT_FILE, "notices:\n  most_per_hour: 7\n")
    # Nothing is lost of what was not said.
    assert await tell(group, MOST_PER_HOUR)
    assert not await tell(group, MOST_PER_HOUR + 1)
    await group.storage.db["notices"].update_many({}, {"$inc": {"created_at": -3600}})
    assert await tell(group, MOST_PER_HOUR + 1)


@pytest.mark.parametrize(
    "chosen", ["notices: {faults: off}\n", "notices:\n  quiet_hours: 00:00-00:00\n  time_zone: Asia/Tokyo\n"]
)
async def test_a_group_that_wants_to_hear_nothing_hears_nothing(group: Group, chosen: str) -> None:
    await group.file(ASSISTANT_FILE, chosen)
    assert not await tell(group, 0)
    await group.files.delete(group.workspace, ASSISTANT_FILE, "user:ann")
    assert await tell(group, 0)


async def test_a_mistake_in_the_file_leaves_what_was_chosen(group: Group) -> None:
    await group.file(ASSISTANT_FILE, "notices: {faults: off}\n")
    assert not await tell(group, 0)
    await group.file(ASSISTANT_FILE, "notices: {faults: perhaps}\n")
    assert not await tell(group, 0)
