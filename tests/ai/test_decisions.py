"""Decisions on hunks: each carried out exactly once, on its base or not at all, whatever dies in between."""

import asyncio
from collections.abc import Sequence

import pytest

from ai.deciding import decision_record
from ai.deciding.decision_record import DecisionRecord
from ai.deciding.decisions import Outcome
from ai.proposals.hunks import HunkState
from collab.limits import Limits
from collab.refusals import DocumentTooLarge
from collab.replicas.edits import TextEdit
from collab.yjs.offsets import utf16_length
from tests.ai.group import ANN, BOB, Group, Process, Watching, eventually
from tests.ai.proposals import propose

TEXT = "# Titel é😀\n\nOne line.\nAnother line.\nThe last line.\n"


class Killed(BaseException):
    """The process dies here."""


def states(outcomes: Sequence[Outcome]) -> list[str | None]:
    return [outcome.state.value if outcome.state else None for outcome in outcomes]


async def same_everywhere(document: str, *processes: Process) -> str:
    async def converged() -> bool:
        return len({await process.text(document) for process in processes}) == 1

    await eventually(converged)
    return await processes[0].text(document)


async def test_an_accepted_hunk_lands_on_its_base_and_is_the_jobs_text(group: Group) -> None:
    document = await group.file("a.md", TEXT)
    suggestion, [hunk] = await propose(group, document, ("Another", "Ein 😀 anderer"))
    await group.type(document, 0, 0, "Vorher 😀 ")
    [outcome] = await group.decide(suggestion, "accept")
    assert outcome == Outcome(hunk, HunkState.ACCEPTED)
    assert await group.text(document) == "Vorher 😀 " + TEXT.replace("Another", "Ein 😀 anderer")
    record = await group.storage.db["decisions"].find_one({"_id": f"{hunk}:0"})
    assert record is not None
    assert (record["decision"], record["decided_by"]) == ("accepted", BOB.view())
    authors = await group.rooms.updates.authors(document)
    assert authors[record["client"]] == f"job:{record['job']}"
    [shown] = (await group.view(suggestion))["hunks"]
    assert (shown["state"], shown["decided_by"], shown["revision"]) == ("accepted", BOB.view(), 1)


async def test_accept_and_undo_restore_the_text_and_keep_what_people_typed_meanwhile(group: Group) -> None:
    document = await group.file("a.md", TEXT)
    suggestion, _ = await propose(
        group, document, ("One line.", "1 😀"), ("last ", ""), ("\nAnother", "\nNew\nAnother")
    )
    await group.decide(suggestion, "accept")
    assert await group.text(document) == "# Titel é😀\n\n1 😀\nNew\nAnother line.\nThe line.\n"
    assert states(await group.decide(suggestion, "undo")) == ["undone"] * 3
    assert await group.text(document) == TEXT
    assert await group.decide(suggestion, "undo") == []

    suggestion, _ = await propose(group, document, ("One line.", "ABC"))
    await group.decide(suggestion, "accept")
    place = (await group.text(document)).index("ABC")
    await group.type(document, place + 2, place + 2, "<me>")  # one unit more to the right: 😀 is two
    await group.decide(suggestion, "undo")
    assert await group.text(document) == TEXT.replace("One line.", "One line.<me>")


async def test_a_rejected_hunk_leaves_the_text_and_can_be_had_back(group: Group) -> None:
    document = await group.file("a.md", TEXT)
    suggestion, [first, second] = await propose(group, document, ("One", "1"), ("Another", "2"))
    assert states(await group.decide(suggestion, "reject", reason="No.")) == ["rejected", "rejected"]
    assert await group.text(document) == TEXT
    await group.type(document, TEXT.index("Another") + 3, TEXT.index("Another") + 3, "x")
    assert states(await group.decide(suggestion, "undo")) == ["pending", "stale"]
    assert states(await group.decide(suggestion, "accept", first)) == ["accepted"]
    [stale] = await group.decide(suggestion, "accept", second)
    assert stale.state is HunkState.STALE
    assert stale.refusal == "Its text was changed meanwhile, so it does not fit any more. Ask for it again."


async def test_a_hunk_whose_base_was_changed_becomes_stale_and_can_be_asked_for_again(group: Group) -> None:
    document = await group.file("a.md", TEXT)
    suggestion, _ = await propose(group, document, ("One", "1"), ("Another", "2"))
    place = TEXT.index("Another") + 2  # 😀 is two units
    await group.type(document, place, place + 2, "xx")
    changed = await group.text(document)
    [accepted, stale] = await group.decide(suggestion, "accept")
    assert (accepted.state, stale.state) == (HunkState.ACCEPTED, HunkState.STALE)
    assert stale.refusal
    changed = changed.replace("One", "1")
    assert await group.text(document) == changed
    asked = await group.assistant.requests.again(suggestion, BOB)
    async with group.working():
        await group.ended(asked)
    await group.decide(asked.suggestion, "accept")
    # The scripted model writes in capitals what it is given: the text as it stands between the ends of the stale hunk.
    assert await group.text(document) == changed.replace("Axxther", "AXXTHER")


async def test_an_insertion_rests_on_its_neighbours(group: Group) -> None:
    document = await group.file("a.md", TEXT)
    suggestion, [first, second] = await propose(group, document, TextEdit(8, 8, "brand new "), ("One line", "1 line"))
    await group.decide(suggestion, "accept", second)
    assert [hunk["state"] for hunk in (await group.view(suggestion))["hunks"]] == ["pending", "accepted"]
    present = await group.text(document)
    await group.type(document, 0, utf16_length(present), "completely different content\n")
    # Whoever has no replica of the text is told so before anybody tries.
    assert (await group.view(suggestion))["hunks"][0]["state"] == "stale"
    [stale] = await group.decide(suggestion, "accept", first)
    assert stale.state is HunkState.STALE
    assert await group.text(document) == "completely different content\n"


async def test_what_would_make_a_text_too_large_is_not_decided(group: Group) -> None:
    group.rooms._limits = Limits(text_document=100)
    document = await group.file("a.md", "a line\n" + "x" * 80)
    suggestion, [large, small] = await propose(group, document, ("a line", "y" * 30), ("x" * 80, "x" * 81))
    with pytest.raises(DocumentTooLarge):
        await group.decide(suggestion, "accept", large)
    assert await group.storage.db["decisions"].count_documents({}) == 0
    [outcome] = await group.decide(suggestion, "accept", small)
    assert outcome == Outcome(small, HunkState.ACCEPTED)
    await group.type(document, 20, 60, "")
    assert (await group.text(document)).startswith("a line")  # nobody carries out what was refused
    [outcome] = await group.decide(suggestion, "accept", large)
    assert outcome == Outcome(large, HunkState.ACCEPTED)
    assert (await group.text(document)).startswith("y" * 30)


async def test_a_change_of_a_file_in_the_trash_is_refused_and_its_rejection_is_not(group: Group) -> None:
    document = await group.file("a.md", TEXT)
    suggestion, [first, second] = await propose(group, document, ("One", "1"), ("Another", "2"))
    await group.files.delete(group.workspace, "a.md", "user:ann")
    [refused] = await group.decide(suggestion, "accept", first)
    assert (refused.state, refused.refusal) == (HunkState.PENDING, "Its file is gone.")
    assert states(await group.decide(suggestion, "reject", second)) == ["rejected"]


async def test_a_moved_file_is_shown_under_its_new_path(group: Group) -> None:
    document = await group.file("a.md", TEXT)
    suggestion, _ = await propose(group, document, ("One", "1"))
    await group.files.move(group.workspace, "a.md", "deep/b.md", "user:ann")
    assert (await group.view(suggestion))["hunks"][0]["path"] == "deep/b.md"


async def test_of_two_who_accept_at_once_on_two_processes_one_does_and_the_other_is_told(group: Group) -> None:
    document = await group.file("a.md", TEXT)
    other = await group.another()
    for _ in range(5):
        await group.type(document, 0, len(await group.text(document)) + 1, TEXT)
        await same_everywhere(document, group, other)
        suggestion, [hunk] = await propose(group, document, ("Another line.", "Once only.\n"))
        # By name: of "all", whoever comes a moment later is told that there is nothing left.
        both = await asyncio.gather(
            group.decide(suggestion, "accept", hunk, by=ANN), other.decide(suggestion, "accept", hunk, by=BOB)
        )
        told = [outcome for [outcome] in both]
        assert states(told) == ["accepted", "accepted"]
        [winner] = [who.name for who, outcome in zip((ANN, BOB), told, strict=True) if outcome.refusal is None]
        [refusal] = [outcome.refusal for outcome in told if outcome.refusal is not None]
        assert refusal == f"It was already accepted by {winner}."
        assert (await same_everywhere(document, group, other)).count("Once only.") == 1


async def test_of_accept_and_reject_at_once_one_holds_on_both_processes(group: Group) -> None:
    document = await group.file("a.md", TEXT)
    other = await group.another()
    await other.text(document)
    suggestion, [hunk] = await propose(group, document, ("Another", "Other"))
    await asyncio.gather(group.decide(suggestion, "accept"), other.decide(suggestion, "reject"))
    [state] = [h.state for h in await group.hunks(suggestion)]
    text = await same_everywhere(document, group, other)
    assert text == (TEXT.replace("Another", "Other") if state is HunkState.ACCEPTED else TEXT)
    assert await group.storage.db["decisions"].count_documents({"hunk": hunk}) == 1


@pytest.mark.parametrize("step", ["apply", "follow", "finished"])
async def test_a_process_that_dies_after_deciding_is_finished_by_another_exactly_once(
    group: Group, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await group.file("a.md", TEXT)
    other = await group.another()
    await other.text(document)
    suggestion, [hunk] = await propose(group, document, ("Another", "Other 😀"))
    monkeypatch.setattr(decision_record, "TAKEN_FOR_DEAD", 0.0)
    _die_before(step, group, monkeypatch)
    with pytest.raises(Killed):
        await group.decide(suggestion, "accept")
    monkeypatch.undo()
    record = await group.storage.db["decisions"].find_one({"_id": f"{hunk}:0"})
    assert record is not None
    assert record["state"] == "unfinished"
    await asyncio.sleep(0.01)
    counts = await asyncio.gather(other.assistant.carrying.recover(), other.assistant.carrying.recover())
    assert sum(counts) == 1
    assert await same_everywhere(document, other, group) == TEXT.replace("Another", "Other 😀")
    await other.assistant.carrying.idle()
    [recovered] = await group.hunks(suggestion)
    assert (recovered.state, recovered.revision) == (HunkState.ACCEPTED, 1)
    assert await group.storage.db["feedback"].count_documents({"hunk": hunk}) == 1
    await other.decide(suggestion, "undo")
    assert await same_everywhere(document, other, group) == TEXT


def _die_before(step: str, group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    async def die(*_: object) -> None:
        raise Killed

    if step == "apply":
        monkeypatch.setattr(group.assistant.carrying, "show", die)
    elif step == "follow":
        monkeypatch.setattr(group.assistant.suggestions, "follow", die)
    else:
        finish = group.assistant.suggestions.follow

        async def finish_and_die(records: Sequence[DecisionRecord]) -> None:
            await finish(records)
            raise Killed

        monkeypatch.setattr(group.assistant.suggestions, "follow", finish_and_die)


async def test_whoever_comes_second_finishes_what_the_first_could_not(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await group.file("a.md", TEXT)
    other = await group.another()
    suggestion, _ = await propose(group, document, ("Another", "Other"))
    _die_before("apply", group, monkeypatch)
    with pytest.raises(Killed):
        await group.decide(suggestion, "accept", by=ANN)
    [outcome] = await other.decide(suggestion, "reject")
    assert (outcome.state, outcome.refusal) == (HunkState.ACCEPTED, "It was already accepted by Ann.")
    assert await other.text(document) == TEXT.replace("Another", "Other")


async def test_a_decision_never_rests_on_text_that_a_crash_could_take(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await group.file("a.md", TEXT)
    suggestion, _ = await propose(group, document, ("Another", "Other"))
    place = TEXT.index("Another") + len("Another") + 1
    seen: list[str] = []
    insert = group.assistant.decisions._insert

    async def look_into_the_log(records: Sequence[DecisionRecord]) -> set[str]:
        seen.append(await _logged(group, document))
        return await insert(records)

    monkeypatch.setattr(group.assistant.decisions, "_insert", look_into_the_log)
    async with group.rooms.open(document) as room:
        # The character right behind the base, which what is inserted will name as its neighbour.
        room.edit([TextEdit(place, place, "!")], "user:bob")
        await group.decide(suggestion, "accept")
    assert seen == [TEXT.replace("Another", "Another!")]


async def _logged(group: Group, document: str) -> str:
    """The text that a process would find that knows storage alone."""
    fresh = await group.another()
    return await fresh.text(document)


async def test_what_is_typed_into_the_base_after_the_judgement_survives(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await group.file("a.md", TEXT)
    suggestion, _ = await propose(group, document, ("Another", "Other"))
    insert = group.assistant.decisions._insert

    async def type_first(records: Sequence[DecisionRecord]) -> set[str]:
        place = TEXT.index("Another") + 1 + 3
        await group.type(document, place, place, "<me>")
        return await insert(records)

    monkeypatch.setattr(group.assistant.decisions, "_insert", type_first)
    await group.decide(suggestion, "accept")
    assert await group.text(document) == TEXT.replace("Another", "<me>Other")


async def test_what_is_typed_into_the_base_before_the_judgement_ends_makes_it_stale(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await group.file("a.md", TEXT)
    suggestion, _ = await propose(group, document, ("Another", "Other"))
    async with group.rooms.open(document) as room:
        durable = room.durable

        async def type_and_wait() -> None:
            place = TEXT.index("Another") + 1 + 3
            room.edit([TextEdit(place, place, "<me>")], "user:bob")
            await durable()

        monkeypatch.setattr(room, "durable", type_and_wait)
        [outcome] = await group.decide(suggestion, "accept")
    assert outcome.state is HunkState.STALE
    assert await group.text(document) == TEXT.replace("Another", "Ano<me>ther")


async def test_refusals_say_for_each_hunk_what_happened(group: Group) -> None:
    document = await group.file("a.md", TEXT)
    suggestion, [first, second] = await propose(group, document, ("One", "1"), ("Another", "2"))
    await group.decide(suggestion, "accept", first, by=ANN)
    outcomes = await group.decide(suggestion, "accept", first, second, "nothing")
    assert [(o.state and o.state.value, o.refusal) for o in outcomes] == [
        ("accepted", "It was already accepted by Ann."),
        ("accepted", None),
        (None, "There is no such hunk in this suggestion."),
    ]


async def test_everybody_hears_of_a_decision(group: Group) -> None:
    document = await group.file("a.md", TEXT)
    suggestion, _ = await propose(group, document, ("One", "1"), ("Another", "2"))
    async with Watching(group) as events:

        async def recorded(decisions: int) -> bool:
            return len(events.of("scriptorium.decision.recorded")) == decisions

        await group.decide(suggestion, "accept")
        await eventually(lambda: events.has("scriptorium.suggestion.changed", id=suggestion, state="done"))
        await eventually(lambda: recorded(2))
    assert len(events.of("scriptorium.suggestion.changed")) == 1
    assert len(events.heard) == 3


async def test_a_file_that_is_gone_cannot_be_decided_on(group: Group) -> None:
    document = await group.file("a.md", TEXT)
    suggestion, _ = await propose(group, document, ("One", "1"))
    await group.rooms.retire(document)
    other = await group.another()
    [outcome] = await other.decide(suggestion, "accept")
    assert outcome.refusal == "Its file is gone."
    [rejected] = await other.decide(suggestion, "reject")
    assert rejected.state is HunkState.REJECTED
