"""Whether the assistant speaks is learned from what became of what it said before."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai.choosing.assistant_file import ASSISTANT_FILE
from ai.notices.acceptance import HALF_LIFE, PRIOR_UNWANTED, PRIOR_WANTED, WORTH, Fate, estimate, weary
from ai.notices.notice import Kind
from ai.proposals.hunks import Decision
from server.core import core_of
from server.webhooks.sending import Sender
from storage import consumer_groups
from tests.ai.group import ANN, BOB, Group, Process, eventually

MOMENT = 1_000_000_000.0

fates = st.lists(st.builds(Fate, st.booleans(), st.floats(MOMENT - 10 * HALF_LIFE, MOMENT)), max_size=50)


def test_a_group_without_a_past_is_spoken_to() -> None:
    assert estimate([], MOMENT) == PRIOR_WANTED / (PRIOR_WANTED + PRIOR_UNWANTED) > WORTH


@given(fates)
def test_each_fate_moves_it_its_own_way(past: list[Fate]) -> None:
    before = estimate(past, MOMENT)
    assert 0 < before < 1
    assert estimate([*past, Fate(True, MOMENT)], MOMENT) > before
    assert estimate([*past, Fate(False, MOMENT)], MOMENT) < before


@given(fates)
def test_what_is_long_past_counts_for_nothing(past: list[Fate]) -> None:
    assert estimate(past, MOMENT + 40 * HALF_LIFE) == pytest.approx(estimate([], MOMENT))


def test_six_that_nobody_wanted_silence_it_and_a_week_later_it_asks_again() -> None:
    unwanted = [Fate(False, MOMENT)] * 6
    assert estimate(unwanted[:5], MOMENT) >= WORTH > estimate(unwanted, MOMENT)
    assert estimate(unwanted, MOMENT + HALF_LIFE / 2) >= WORTH


def test_whoever_dismisses_three_in_a_row_is_not_called_by_the_next_and_the_others_are() -> None:
    ann = [Fate(False, MOMENT, ANN.id)] * 3
    assert weary(ann[:2], MOMENT) == set()
    assert weary([*ann, Fate(False, MOMENT, BOB.id), Fate(False, MOMENT)], MOMENT) == {ANN.id}
    assert weary([*ann, Fate(True, MOMENT, ANN.id)], MOMENT) == set()
    assert weary(ann, MOMENT + HALF_LIFE) == set()


# ---- a group at work


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumer_groups, "LOOK_EVERY", 0.1)
    monkeypatch.setattr(consumer_groups, "SWEEP_EVERY", 0.2)


@asynccontextmanager
async def learning(group: Process) -> AsyncIterator[None]:
    sender = Sender(private=False)
    core = core_of(group.storage, group.rooms, group.files, group.assistant, sender)
    work = asyncio.create_task(core.consumers.run())
    try:
        yield
    finally:
        work.cancel()
        await asyncio.wait([work])
        await sender.close()


async def say(group: Group, number: int) -> str | None:
    """The id of a notice about a file of its own; None where the assistant holds its tongue."""
    text = f"import module{number}\n"
    document = await group.file(f"{number}.py", text)
    await group.assistant.triggers.faults(group.workspace, document, f"{number}.py", text)
    said = await group.assistant.board.of_workspace(group.workspace)
    return next((one["id"] for one in said if one["document"] == document), None)


async def decide(group: Group, number: int, *decisions: Decision) -> None:
    notice = await say(group, number)
    assert notice is not None
    for decision in decisions:
        await group.assistant.board.decide(group.workspace, notice, decision, BOB)


async def becomes(group: Group, expected: float, kind: Kind = "faults") -> None:
    async def there() -> bool:
        # It moves by ageing as well, in its last places.
        return abs(await group.assistant.fates.acceptance(group.workspace, kind) - expected) < 1e-4

    await eventually(there)


async def test_a_group_that_accepts_is_told_and_one_that_rejects_is_left_alone(group: Group) -> None:
    await group.file(ASSISTANT_FILE, "notices: {most_per_hour: 100}\n")
    async with learning(group):
        await decide(group, 0, Decision.ACCEPT)
        await becomes(group, 4 / 6)
        for number in range(1, 9):
            await decide(group, number, Decision.REJECT)
            await becomes(group, 4 / (6 + number))
    assert await say(group, 9) is None
    # By then it did not call the one who had dismissed them, and everybody else still.
    called = {one["path"]: one["read_by"] for one in await group.assistant.board.of_workspace(group.workspace)}
    assert (called["1.py"], called["8.py"]) == ([], [BOB.id])
    # It says nothing of this kind, and only to this group.
    assert await group.assistant.fates.acceptance(group.workspace, "broken") == pytest.approx(0.6)
    assert await group.assistant.fates.acceptance("another", "faults") == pytest.approx(0.6)


async def test_the_last_word_counts(group: Group) -> None:
    async with learning(group):
        await decide(group, 0, Decision.ACCEPT, Decision.UNDO)
        await becomes(group, 3 / 6)


async def test_what_has_no_change_and_is_dismissed_counts_too(group: Group) -> None:
    document = await group.file("a.json", '{"a": 1\n "b": 2}\n')
    await group.assistant.triggers.faults(group.workspace, document, "a.json", await group.text(document))
    [notice] = await group.assistant.board.of_workspace(group.workspace)
    await group.assistant.board.decide(group.workspace, notice["id"], Decision.REJECT, ANN)
    async with learning(group):  # it was down when that happened
        await becomes(group, 3 / 6, "broken")


async def test_hearing_of_everything_again_changes_nothing(group: Group) -> None:
    async with learning(group):
        await decide(group, 0, Decision.ACCEPT, Decision.UNDO)
        await becomes(group, 3 / 6)
    await group.storage.db["offsets"].delete_many({})
    async with learning(group):

        async def again() -> bool:  # the stream was given back, with nothing left in it
            done = {"group": "notice_fates", "number": {"$gt": 0}, "due": None}
            return await group.storage.db["offsets"].count_documents(done) == 1

        await eventually(again)
    await becomes(group, 3 / 6)
