"""What makes the assistant speak, beside what checkers find (`tests/ai/test_notices.py`)."""

import asyncio
from typing import Any

import pytest

from ai.notices.triggers import MOST_TODOS, Rested
from ai.proposals.hunks import Decision
from ai.requests import Asked
from tests.ai.group import BOB, Group, Process, Watching, eventually
from tests.ai.test_metering import chatted, spend
from tests.ai.test_notices import said
from tests.doubles.model_server import Script


async def worked_on(group: Group, path: str, before: str, now: str) -> Rested:
    """The file at `path`, which said `before` when people began to work on it."""
    document = await group.file(path, before)
    since = await group.files.history.make(group.workspace, document, "user:ann", None)
    await group.file(path, now)
    newest = await group.files.history.make(group.workspace, document, "user:ann", None)
    event = {"document": document, "path": path, "version": newest.id, "since": since.id}
    rested = await group.assistant.triggers.rested(group.workspace, event)
    assert rested is not None
    return rested


async def accept(process: Process, notice: dict[str, Any]) -> dict[str, Any]:
    after, _ = await process.assistant.board.decide(process.workspace, notice["id"], Decision.ACCEPT, BOB)
    return after


BEFORE = "def get_user(n): ...\nget_user(2)\nget_user(3)\nx = get_user\n"
SOME = BEFORE.replace("get_user(n)", "fetch_user(n)").replace("get_user(2)", "fetch_user(2)")


async def test_a_change_that_was_made_in_some_places_is_proposed_for_the_others(group: Group) -> None:
    rested = await worked_on(group, "a.py", BEFORE, SOME)
    await group.assistant.triggers.repeats(rested)
    [notice] = await said(group)
    assert (notice["kind"], notice["state"]) == ("repeated", "open")
    assert notice["reason"] == "“get_user” became “fetch_user” in 2 places; in 2 other places it did not."
    assert notice["sources"] == [{"line": 3, "text": "get_user(3)"}, {"line": 4, "text": "x = get_user"}]
    await group.assistant.triggers.repeats(rested)
    assert len(await said(group)) == 1
    assert (await accept(group, notice))["state"] == "accepted"
    assert await group.text(rested.document) == BEFORE.replace("get_user", "fetch_user")
    await group.assistant.carrying.idle()
    records = [record async for record in group.storage.db["feedback"].find({})]
    assert {(record["kind"], record["decision"], record["model"]) for record in records} == {
        ("notice", "accepted", "repeats")
    }


async def test_once_it_was_done_here_the_other_files_are_looked_at(group: Group) -> None:
    one = await group.file("b.py", "from a import get_user\n\nget_user(4)\n")
    other = await group.file("docs/c.md", "Call `get_user` first.\n")
    await group.file("d.md", "Nothing of it: get_users.\n")
    await group.file(".scriptorium/ignore", "private/\n")
    secret = await group.file("private/e.py", "get_user(5)\n")
    rested = await worked_on(group, "a.py", BEFORE, BEFORE.replace("get_user", "fetch_user"))
    await group.assistant.triggers.repeats(rested)
    [notice] = await said(group)
    assert notice["reason"] == "“get_user” became “fetch_user” in 4 places; in 2 other files it did not."
    assert (notice["document"], notice["path"]) == (rested.document, "a.py")
    assert [(source["path"], source["line"]) for source in notice["sources"]] == [
        ("b.py", 1),
        ("b.py", 3),
        ("docs/c.md", 1),
    ]
    assert {hunk["document"] for hunk in notice["hunks"]} == {one, other}
    assert (await accept(group, notice))["state"] == "accepted"
    assert await group.text(one) == "from a import fetch_user\n\nfetch_user(4)\n"
    assert await group.text(other) == "Call `fetch_user` first.\n"
    assert await group.text(secret) == "get_user(5)\n"


async def test_another_thing_of_that_name_is_let_be(group: Group) -> None:
    await group.file("b.py", "def get_user(): ...\n\nget_user()\n")
    await group.file("c.ts", "export const get_user = 1\n")
    await group.assistant.triggers.repeats(await worked_on(group, "a.py", BEFORE, BEFORE.replace("get_user", "load")))
    assert await said(group) == []


async def test_what_is_only_used_here_is_not_renamed_elsewhere(group: Group) -> None:
    await group.file("b.py", "get_user()\n")
    used = "import a\n\nget_user(1)\nget_user(2)\n"
    await group.assistant.triggers.repeats(await worked_on(group, "a.py", used, used.replace("get_user", "load")))
    assert await said(group) == []


async def test_it_goes_stale_when_somebody_does_it_by_hand(group: Group) -> None:
    rested = await worked_on(group, "a.py", BEFORE, SOME)
    await group.assistant.triggers.repeats(rested)
    await group.file("a.py", SOME.replace("get_user", "load_user"))
    [notice] = await said(group)
    assert notice["state"] == "stale"


async def test_an_everyday_word_and_an_ignored_file_are_let_be(group: Group) -> None:
    rested = await worked_on(group, "a.md", "the user, the user, a user", "the owner, the owner, a user")
    await group.assistant.triggers.repeats(rested)
    assert await said(group) == []
    await group.file(".scriptorium/ignore", "private/\n")
    document = await group.file("private/a.py", BEFORE)
    version = await group.files.history.make(group.workspace, document, "user:ann", None)
    event = {"document": document, "path": "private/a.py", "version": version.id, "since": version.id}
    assert await group.assistant.triggers.rested(group.workspace, event) is None


async def test_what_was_typed_since_it_rested_is_looked_at_when_it_rests_again(group: Group) -> None:
    document = await group.file("a.py", BEFORE)
    version = await group.files.history.make(group.workspace, document, "user:ann", None)
    event = {"document": document, "path": "a.py", "version": version.id, "since": version.id}
    await group.type(document, 0, 0, "# ")
    assert await group.assistant.triggers.rested(group.workspace, event) is None
    assert await group.assistant.triggers.rested(group.workspace, {**event, "version": "0" * 32}) is None


LEFT = "def total(items):\n    # TODO(assistant): sum the prices\n    return 0\n"
DONE = "    return sum(item.price for item in items)\n"


async def test_a_todo_that_is_left_to_it_is_done_and_told(group: Group) -> None:
    rested = await worked_on(group, "a.py", "", LEFT)
    group.model.enqueue(Script(answer=DONE))
    async with Watching(group) as watching, group.working():
        await group.assistant.triggers.todos(rested)
        [suggestion] = await group.assistant.suggestions_of(group.workspace)
        job = await group.assistant.jobs.get(suggestion["job"])
        await group.ended(Asked(job.id, suggestion["id"]))
        await eventually(lambda: watching.has("scriptorium.notice.changed", kind="todo", state="open"))
    [request] = group.model.requests
    assert "sum the prices\\n\\nThat is what a TODO" in str(request.body)
    assert (suggestion["requested_by"]["id"], suggestion["documents"]) == ("assistant", [rested.document])
    [notice] = await said(group)
    assert (notice["kind"], notice["state"], notice["suggestion"]) == ("todo", "open", suggestion["id"])
    assert notice["reason"] == "You have left to me: “sum the prices”"
    assert notice["sources"] == [{"line": 2, "text": "# TODO(assistant): sum the prices"}]
    await group.assistant.triggers.todos(rested)
    assert len(group.model.requests) == 1, "it is done once"
    assert (await accept(group, notice))["state"] == "accepted"
    assert await group.text(rested.document) == LEFT.splitlines(keepends=True)[0] + DONE
    await group.assistant.carrying.idle()
    [record, *_] = [record async for record in group.storage.db["feedback"].find({})]
    assert (record["kind"], record["model"]) == ("notice", "scripted")


async def test_nothing_is_told_of_a_todo_before_it_is_done(group: Group) -> None:
    rested = await worked_on(group, "a.py", "", LEFT)
    await group.assistant.triggers.todos(rested)
    assert await said(group) == []
    assert len(await group.assistant.suggestions_of(group.workspace)) == 1


async def test_a_todo_whose_asking_broke_off_is_asked_for_under_the_same_name(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    rested = await worked_on(group, "a.py", "", LEFT)

    async def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(group.assistant.requests, "edit", die)
    with pytest.raises(KeyboardInterrupt):
        await group.assistant.triggers.todos(rested)
    monkeypatch.undo()
    [begun] = [record async for record in group.storage.db["notices"].find({})]
    await group.assistant.triggers.todos(rested)
    [suggestion] = await group.assistant.suggestions_of(group.workspace)
    assert suggestion["id"] == begun["suggestion"]


async def test_each_todo_of_a_text_is_done_a_few_at_a_time_and_none_that_was_there_before(group: Group) -> None:
    functions = [f"def f{number}():\n    # TODO(ai): write it\n    ...\n\n\n" for number in range(5)]
    rested = await worked_on(group, "a.py", "", "".join(functions))
    await group.assistant.triggers.todos(rested)
    assert len(await group.assistant.suggestions_of(group.workspace)) == MOST_TODOS
    await group.assistant.triggers.todos(rested)
    assert len(await group.assistant.suggestions_of(group.workspace)) == 5
    # What somebody has brought in with the file was left to nobody here.
    old = await worked_on(group, "b.py", functions[0], functions[0] + "x = 1\n")
    await group.assistant.triggers.todos(old)
    assert len(await group.assistant.suggestions_of(group.workspace)) == 5


async def test_a_todo_that_failed_is_done_when_the_text_rests_again(group: Group) -> None:
    rested = await worked_on(group, "a.py", "", LEFT)
    group.model.enqueue(Script("invalid_json"))
    async with group.working():
        await group.assistant.triggers.todos(rested)
        [failed] = await group.assistant.suggestions_of(group.workspace)
        await group.ended(Asked(failed["job"], failed["id"]))

        async def forgotten() -> bool:
            return await group.storage.db["notices"].count_documents({}) == 0

        await eventually(forgotten)
        group.model.enqueue(Script(answer=DONE))
        await group.assistant.triggers.todos(rested)
        [again, _] = await group.assistant.suggestions_of(group.workspace)
        await group.ended(Asked(again["job"], again["id"]))
    assert [notice["suggestion"] for notice in await said(group)] == [again["id"]]


async def test_what_governs_the_assistant_is_none_of_its_business(group: Group) -> None:
    rules = await group.file(".scriptorium/ignore", "get_user/\n")
    rested = await worked_on(group, "a.py", BEFORE, BEFORE.replace("get_user", "load"))
    await group.assistant.triggers.repeats(rested)
    left = await worked_on(group, ".scriptorium/notes.md", "", "TODO(ai): write it\n")
    await group.assistant.triggers.todos(left)
    assert (await said(group), await group.text(rules)) == ([], "get_user/\n")
    assert await group.assistant.suggestions_of(group.workspace) == []


async def test_a_todo_waits_where_the_budget_is_spent(group: Group) -> None:
    rested = await worked_on(group, "a.py", "", LEFT)
    await spend(group, tokens_per_day=1_500)
    async with group.working():
        await chatted(group, Script(answer="It is a plan. " * 20))
        await group.assistant.meter.idle()
    await spend(group, tokens_per_day=10)
    await group.assistant.triggers.todos(rested)
    assert await said(group) == []
    assert await group.assistant.suggestions_of(group.workspace) == []


def thread(document: str, *messages: str, resolved: bool = False) -> dict[str, Any]:
    return {
        "id": "thread",
        "document": document,
        "messages": [{"id": str(number), "text": text} for number, text in enumerate(messages)],
        "resolved_at": "2026-01-01T00:00:00Z" if resolved else None,
    }


async def knowing(group: Group) -> str:
    """The document that is commented on."""
    prices = await group.file("prices.md", "# Prices\n\nA set of ten railway tickets costs nine florins.\n")
    other = await group.file("weather.md", "# Weather\n\nIt rains.\n")
    await group.assistant.knowledge.learn(group.workspace, [prices, other])
    return await group.file("plan.md", "We go by train.\n")


QUESTION = "How much do ten railway tickets cost?"


async def test_a_question_in_a_comment_is_told_what_says_something_to_it(group: Group) -> None:
    document = await knowing(group)
    await group.assistant.triggers.questions(group.workspace, thread(document, QUESTION))
    [notice] = await said(group)
    assert (notice["kind"], notice["path"], notice["state"]) == ("question", "plan.md", "open")
    assert notice["reason"] == f"A comment asks “{QUESTION}” “prices.md” has something to say to that."
    [source] = notice["sources"]
    assert source == {"line": 3, "text": "A set of ten railway tickets costs nine florins.", "path": "prices.md"}
    # Somebody has answered, so nobody needs it any more.
    await group.assistant.triggers.questions(group.workspace, thread(document, QUESTION, "Nine florins."))
    assert await said(group) == []


async def test_a_question_is_told_once_however_it_is_put_and_withdrawn_with_its_thread(group: Group) -> None:
    document = await knowing(group)
    await group.assistant.triggers.questions(group.workspace, thread(document, QUESTION))
    await group.assistant.triggers.questions(group.workspace, thread(document, QUESTION.replace("How", "But how")))
    assert len(await said(group)) == 1
    await group.assistant.triggers.answered(group.workspace, document, "thread")
    assert await said(group) == []
    await group.assistant.triggers.questions(group.workspace, thread(document, QUESTION), late=True)
    assert await said(group) == [], "nobody waits for it any more"


async def test_what_is_no_question_or_answered_or_unknown_is_let_be(group: Group) -> None:
    document = await knowing(group)
    for one in (
        thread(document, "Ten railway tickets cost too much."),
        thread(document, QUESTION, "Nine florins."),
        thread(document, QUESTION, resolved=True),
        thread(document, "Who brings a cake for the railway?"),
        thread(document, "Why?"),
    ):
        await group.assistant.triggers.questions(group.workspace, one)
    assert await said(group) == []


async def test_a_group_switches_each_kind_off(group: Group) -> None:
    kinds = "  repeated: off\n  todo: off\n  question: off\n"
    await group.file(".scriptorium/assistant.yaml", f"notices:\n{kinds}")
    triggers = group.assistant.triggers
    await triggers.repeats(await worked_on(group, "a.py", BEFORE, SOME))
    await triggers.todos(await worked_on(group, "b.py", "", LEFT))
    await triggers.questions(group.workspace, thread(await knowing(group), QUESTION))
    assert await said(group) == []


async def test_all_at_once_they_say_no_more_than_an_hour_may_hear(group: Group) -> None:
    await group.file(".scriptorium/assistant.yaml", "notices:\n  most_per_hour: 2\n")
    other = await group.another()
    texts = [await worked_on(group, f"{name}.py", BEFORE, SOME) for name in "abcdef"]
    left = [await worked_on(group, f"left-{name}.py", "", LEFT) for name in "ab"]
    processes = (group, other)
    await asyncio.gather(
        *(processes[n % 2].assistant.triggers.repeats(one) for n, one in enumerate(texts)),
        *(processes[n % 2].assistant.triggers.todos(one) for n, one in enumerate(left)),
    )
    assert await group.storage.db["notices"].count_documents({}) == 2
    asked = await group.assistant.suggestions_of(group.workspace)
    assert len(asked) + len(await said(group)) == 2
