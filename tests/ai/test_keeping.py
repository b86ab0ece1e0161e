"""KNOWLEDGE.md: what goes into it, what it names as its sources, and when it is brought up to date by itself."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ai.keeping.sources import KNOWLEDGE_FILE, TASK, doubts, link_to, missing, task
from ai.notices.restraint import Restraint
from ai.notices.speaking import SPEAKER
from ai.requests import Asked, KeptFromModels
from ai.spending.budget_book import BudgetSpent
from collab.commenting.comments import Comments
from collab.tree.paths import InvalidPath, parse_path
from tests.ai.group import ANN, BOB, Group
from tests.ai.test_metering import spend
from tests.ai.test_notices import said
from tests.ai.test_triggers import accept
from tests.doubles.model_server import Script

MINUTES = "# Minutes\n\nWe have decided to open at ten.\n\nA plate is what others call a panel.\n"
WRITTEN = "# Knowledge\n\n## Decisions\n\n- The doors open at ten ([minutes/may.md:1](minutes/may.md#L1))\n"


async def settled(group: Group, path: str, text: str) -> str:
    """As a file is some seconds after somebody has typed in it."""
    document = await group.file(path, text)
    await group.assistant.knowledge.learn(group.workspace, [document])
    return document


async def keep(group: Group) -> Asked:
    asked = await group.assistant.requests.keep_knowledge(group.workspace, ANN)
    async with group.working():
        await group.ended(asked)
    return asked


async def test_it_is_begun_from_texts_and_open_comments_and_goes_again_with_what_nobody_wants(group: Group) -> None:
    minutes = await settled(group, "minutes/may.md", MINUTES)
    await settled(group, "plates.py", "class Plate:\n    '''As big as a door.'''\n")
    await settled(group, ".scriptorium/ignore", "secret/\n")
    await settled(group, "secret/plan.md", "Nobody may know that we close in June.\n")
    comments = Comments(group.storage, group.rooms)
    start = MINUTES.index("open at ten")
    thread = await comments.begin(group.workspace, minutes, start, start + 11, "ann", "Also on Sundays?")
    group.model.enqueue(Script(answer=WRITTEN))
    asked = await keep(group)
    [request] = group.model.requests
    for part in (
        "3| We have decided to open at ten.\n\n5| A plate",
        "[minutes/may.md:N](minutes/may.md#LN)",
        "[plates.py:N](plates.py#LN)",
        "[minutes/may.md:3](minutes/may.md#L3)",
        "Also on Sundays?",
        "# Knowledge",
    ):
        assert part in request.prompt, part
    assert "June" not in request.prompt
    assert request.prompt.index("Also on Sundays?") < request.prompt.index("We have decided")
    assert request.prompt.index("We have decided") < request.prompt.index("class Plate")
    [hunk] = await group.hunks(asked.suggestion)
    assert (hunk.mode, hunk.path, hunk.proposed) == ("write", KNOWLEDGE_FILE, WRITTEN)
    suggestion = await group.view(asked.suggestion)
    assert (suggestion["state"], suggestion.get("note")) == ("ready", None)
    await comments.resolve(group.workspace, thread.id, "bob", done=True)
    await group.decide(asked.suggestion, "reject")
    assert KNOWLEDGE_FILE not in (await group.files.tree(group.workspace)).by_path
    group.model.enqueue(Script(answer=WRITTEN))
    await keep(group)
    assert "Also on Sundays?" not in group.model.requests[-1].prompt


async def test_it_is_brought_up_to_date_hunk_by_hunk_and_told_what_is_gone(group: Group) -> None:
    await settled(group, "minutes/may.md", MINUTES.replace("ten", "nine"))
    gone = "- Dogs may come in ([rules.md:4](rules.md#L4), [x](Obey%20this%20line.md))\n"
    document = await settled(group, KNOWLEDGE_FILE, WRITTEN + gone)
    group.model.enqueue(Script(answer=WRITTEN.replace("ten", "nine")))
    asked = await keep(group)
    [request] = group.model.requests
    # What anybody may have written is no part of the instruction.
    data, _, told = request.prompt.partition("Change the selection as follows:")
    assert "These sources are gone:\nrules.md\nObey this line.md\n" in data
    assert "rules.md" not in told
    assert "Obey" not in told
    assert "open at nine" in request.prompt
    # Of its own text there is the selection, and no passage.
    assert request.prompt.count("The doors open at ten") == 1
    assert {hunk.mode for hunk in await group.hunks(asked.suggestion)} == {"edit"}
    await group.decide(asked.suggestion, "accept")
    assert await group.text(document) == WRITTEN.replace("ten", "nine")


async def test_a_source_that_is_not_there_is_named(group: Group) -> None:
    await settled(group, "minutes/may.md", MINUTES)
    group.model.enqueue(Script(answer=WRITTEN + "- Dogs may come in ([laws.md:4](laws.md#L4))\n"))
    asked = await keep(group)
    view = await group.view(asked.suggestion)
    assert view["note"] == "It names sources that are not there: “laws.md”."
    await group.decide(asked.suggestion, "accept")
    group.model.enqueue(Script(answer=WRITTEN + "- Cats may ([also.md:4](also.md#L4))\n"))
    again = await keep(group)
    assert (await group.view(again.suggestion))["note"] == "It names sources that are not there: “also.md”."


async def test_it_may_be_kept_from_the_assistant(group: Group) -> None:
    await group.file(".scriptorium/ignore", "*.md\n")
    with pytest.raises(KeptFromModels):
        await group.assistant.requests.keep_knowledge(group.workspace, ANN)
    assert KNOWLEDGE_FILE not in (await group.files.tree(group.workspace)).by_path


async def test_with_the_budget_spent_no_file_is_made(group: Group) -> None:
    await spend(group, tokens_per_day=0)
    with pytest.raises(BudgetSpent):
        await group.assistant.requests.keep_knowledge(group.workspace, ANN)
    assert KNOWLEDGE_FILE not in (await group.files.tree(group.workspace)).by_path


# ---- by itself


async def test_by_itself_it_is_kept_once_in_a_period_and_told_when_it_is_there(group: Group) -> None:
    minutes = await settled(group, "minutes/may.md", MINUTES)
    knowledge = group.assistant.triggers.knowledge
    await knowledge(group.workspace, minutes)
    assert await group.assistant.suggestions_of(group.workspace) == [], "nobody has wanted that"
    await group.file(".scriptorium/assistant.yaml", "notices:\n  knowledge: daily\n")
    group.model.enqueue(Script(answer=WRITTEN))
    async with group.working():
        await knowledge(group.workspace, minutes)
        [suggestion] = await group.assistant.suggestions_of(group.workspace)
        await group.ended(Asked(suggestion["job"], suggestion["id"]))
    assert suggestion["requested_by"]["id"] == SPEAKER.id
    [notice] = await said(group)
    assert (notice["kind"], notice["path"], notice["state"]) == ("knowledge", KNOWLEDGE_FILE, "open")
    await knowledge(group.workspace, minutes)
    assert len(await group.assistant.suggestions_of(group.workspace)) == 1
    await group.assistant.board.decide(group.workspace, notice["id"], "reject", BOB)
    assert KNOWLEDGE_FILE not in (await group.files.tree(group.workspace)).by_path
    await knowledge(group.workspace, minutes)
    assert len(await group.assistant.suggestions_of(group.workspace)) == 1, "not twice in a day, also without the file"
    assert KNOWLEDGE_FILE not in (await group.files.tree(group.workspace)).by_path


async def test_in_the_next_period_it_waits_for_what_nobody_has_decided(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    minutes = await settled(group, "minutes/may.md", MINUTES)
    await group.file(".scriptorium/assistant.yaml", "notices:\n  knowledge: weekly\n")
    speaking, triggers = group.assistant.speaking, group.assistant.triggers

    async def made() -> int:
        return len(await group.assistant.suggestions_of(group.workspace))

    async def period(_: str) -> str:
        return week

    monkeypatch.setattr(speaking, "period", period)
    week = "2026-W49"
    group.model.enqueue(Script(answer=WRITTEN))
    async with group.working():
        await triggers.knowledge(group.workspace, minutes)
        [suggestion] = await group.assistant.suggestions_of(group.workspace)
        await group.ended(Asked(suggestion["job"], suggestion["id"]))
        week = "2026-W50"
        await triggers.knowledge(group.workspace, minutes)
        assert await made() == 1
        [notice] = await said(group)
        assert (await accept(group, notice))["state"] == "accepted"
        # The file itself is no news.
        await triggers.knowledge(group.workspace, notice["document"])
        assert await made() == 1
        await triggers.knowledge(group.workspace, minutes)
        assert await made() == 2


async def test_where_nothing_is_to_be_changed_nobody_is_told(group: Group) -> None:
    minutes = await settled(group, "minutes/may.md", MINUTES)
    await settled(group, KNOWLEDGE_FILE, WRITTEN)
    await group.file(".scriptorium/assistant.yaml", "notices:\n  knowledge: daily\n")
    group.model.enqueue(Script(answer=WRITTEN))
    async with group.working():
        await group.assistant.triggers.knowledge(group.workspace, minutes)
        [suggestion] = await group.assistant.suggestions_of(group.workspace)
        await group.ended(Asked(suggestion["job"], suggestion["id"]))
    assert await said(group) == []
    await group.assistant.triggers.knowledge(group.workspace, minutes)
    assert len(group.model.requests) == 1


async def test_what_has_failed_waits_for_the_next_period(group: Group) -> None:
    minutes = await settled(group, "minutes/may.md", MINUTES)
    await group.file(".scriptorium/assistant.yaml", "notices:\n  knowledge: daily\n")
    group.model.enqueue(Script("unauthorized"))
    async with group.working():
        await group.assistant.triggers.knowledge(group.workspace, minutes)
        [suggestion] = await group.assistant.suggestions_of(group.workspace)
        await group.ended(Asked(suggestion["job"], suggestion["id"]))
        await group.assistant.triggers.knowledge(group.workspace, minutes)
    assert await said(group) == []
    assert len(await group.assistant.suggestions_of(group.workspace)) == 1


def test_periods_are_those_of_the_groups_own_clock() -> None:
    moment = datetime(2026, 11, 29, 23, 30, tzinfo=UTC)
    berlin = ZoneInfo("Europe/Berlin")
    assert Restraint().period(moment) is None
    assert Restraint(keeps="daily").period(moment) == "2026-11-29"
    assert Restraint(keeps="daily", zone=berlin).period(moment) == "2026-11-30"
    assert Restraint(keeps="weekly").period(moment) == "2026-W48"
    assert Restraint(keeps="weekly", zone=berlin).period(moment) == "2026-W49"
    assert Restraint(keeps="weekly").period(moment + timedelta(days=7)) == "2026-W49"


# ---- sources

_NAMES = st.text(st.sampled_from("ab.-_ ()[]<>#%\\*`é😀?&:"), min_size=1, max_size=12)


@given(st.lists(_NAMES, min_size=1, max_size=3), st.integers(1, 10_000))
def test_a_source_is_found_again_whatever_its_file_is_called(names: list[str], line: int) -> None:
    try:
        path = "/".join(parse_path("/".join(names)))
    except InvalidPath:
        return
    text = f"- A door ({link_to(path, line)})\n"
    assert missing(text, {path}) == []
    assert missing(text, ()) == [path]
    assert "\n" not in link_to(path, line)


@given(st.text(st.sampled_from("[]()<>#L1a./: \n\\"), max_size=60))
def test_any_text_can_be_looked_through_for_sources(text: str) -> None:
    for path in missing(text, ()):
        assert path
        assert not path.startswith("/")
    assert task(text).startswith(TASK)
    found = doubts(text, ())
    assert (found is None) == (missing(text, ()) == [])


def test_what_leads_elsewhere_is_no_source() -> None:
    text = "[f](f.md#LN) [a](https://example.org/a.md) [b](mailto:a@example.org) [c](#there) [d](/etc/passwd) [e](e.md)"
    assert missing(text, ()) == ["f.md", "e.md"]
