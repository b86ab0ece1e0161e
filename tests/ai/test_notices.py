"""What the assistant says by itself: when it speaks, what it proposes, and what becomes of it."""

import asyncio
import itertools
from typing import Any

import pytest

from ai.checking import diagnose
from ai.notices.faults import findings
from ai.notices.notice import NoticeState
from ai.notices.notices import NothingToAccept
from ai.proposals.hunks import Decision
from collab.replicas.edits import TextEdit
from tests.ai.group import ANN, BOB, Group, Process, Watching, eventually

UNTIDY = "import os\nimport sys\n\nprint(sys.argv)\n"


async def said(process: Process) -> list[dict[str, Any]]:
    return await process.assistant.board.of_workspace(process.workspace)


async def tell(process: Process, document: str, path: str = "a.py") -> None:
    text = await process.text(document)
    await process.assistant.triggers.faults(process.workspace, document, path, text)


async def test_a_fault_is_said_once_with_the_change_that_mends_it(group: Group) -> None:
    document = await group.file("a.py", UNTIDY)
    async with Watching(group) as watching:
        await tell(group, document)
        await eventually(lambda: watching.has("scriptorium.notice.changed", document=document, state="open"))
        await tell(group, document)
    [notice] = await said(group)
    assert (notice["kind"], notice["path"], notice["read_by"]) == ("faults", "a.py", [])
    assert notice["reason"] == "“os” imported but unused."
    assert notice["sources"] == [{"line": 1, "text": "import os"}]
    assert [(hunk["base"], hunk["proposed"]) for hunk in notice["hunks"]] == [("import os\n", "")]
    assert len(watching.of("scriptorium.notice.changed")) == 1
    # It is no proposal of somebody's until somebody has decided it.
    assert await group.assistant.suggestions_of(group.workspace) == []
    assert watching.of("scriptorium.suggestion.changed") == []


async def test_accepting_changes_the_text_and_is_feedback_of_its_own_kind(group: Group) -> None:
    document = await group.file("a.py", UNTIDY)
    await tell(group, document)
    [notice] = await said(group)
    await group.type(document, 0, 0, "# mine\n")
    after, [outcome] = await group.assistant.board.decide(
        group.workspace, notice["id"], Decision.ACCEPT, BOB, shown_ms=1200
    )
    assert outcome.refusal is None
    assert (after["state"], after["decided_by"]) == ("accepted", BOB.view())
    assert await group.text(document) == "# mine\nimport sys\n\nprint(sys.argv)\n"
    await group.assistant.carrying.idle()
    [record] = [record async for record in group.storage.db["feedback"].find({})]
    assert (record["kind"], record["decision"], record["model"]) == ("notice", "accepted", "ruff")
    assert (record["shown_ms"], record["requested_by"]["id"]) == (1200, "assistant")
    # Of two who press the button one is told that it was done.
    _, outcomes = await group.assistant.board.decide(group.workspace, notice["id"], Decision.ACCEPT, ANN)
    assert outcomes == []
    back, [undone] = await group.assistant.board.decide(group.workspace, notice["id"], Decision.UNDO, ANN)
    assert (undone.refusal, back["state"]) == (None, "rejected")
    assert await group.text(document) == "# mine\n" + UNTIDY


async def test_what_was_rejected_is_not_said_again(group: Group) -> None:
    document = await group.file("a.py", UNTIDY)
    await tell(group, document)
    [notice] = await said(group)
    after, _ = await group.assistant.board.decide(group.workspace, notice["id"], Decision.REJECT, BOB)
    assert after["state"] == "rejected"
    await group.type(document, 0, 0, "\n# further down now\n")
    await tell(group, document)
    assert [one["id"] for one in await said(group)] == [notice["id"]]
    assert await group.text(document) == "\n# further down now\n" + UNTIDY


async def test_a_change_that_does_not_fit_any_more_says_so(group: Group) -> None:
    document = await group.file("a.py", UNTIDY)
    await tell(group, document)
    [notice] = await said(group)
    await group.type(document, 7, 9, "json")
    assert [one["state"] for one in await said(group)] == ["stale"]
    after, [outcome] = await group.assistant.board.decide(group.workspace, notice["id"], Decision.ACCEPT, BOB)
    assert outcome.refusal is not None
    assert after["state"] == "stale"
    assert await group.text(document) == UNTIDY.replace("os", "json")


async def test_what_people_mend_themselves_is_taken_back(group: Group) -> None:
    document = await group.file("a.py", UNTIDY)
    await tell(group, document)
    await group.type(document, 0, len("import os\n"), "")
    async with Watching(group) as watching:
        await tell(group, document)
        await eventually(lambda: watching.has("scriptorium.notice.changed", state="gone"))
    assert await said(group) == []
    assert [hunk async for hunk in group.storage.db["hunks"].find({})] == []


async def test_another_fault_takes_the_place_of_the_one_before(group: Group) -> None:
    document = await group.file("a.py", UNTIDY)
    await tell(group, document)
    await group.type(document, 0, 0, "import json\n")
    await tell(group, document)
    [notice] = await said(group)
    assert notice["reason"] == "“json” imported but unused, and 1 more."
    assert [hunk["base"] for hunk in notice["hunks"]] == ["import json\n", "import os\n"]


async def test_a_file_that_cannot_be_read_has_nothing_to_accept(group: Group) -> None:
    document = await group.file("a.json", '{"a": 1\n "b": 2}\n')
    await tell(group, document, "a.json")
    [notice] = await said(group)
    assert (notice["kind"], notice["hunks"], notice["sources"][0]["line"]) == ("broken", [], 2)
    with pytest.raises(NothingToAccept):
        await group.assistant.board.decide(group.workspace, notice["id"], Decision.ACCEPT, BOB)
    after, _ = await group.assistant.board.decide(group.workspace, notice["id"], Decision.REJECT, BOB)
    assert (after["state"], after["decided_by"]) == (NoticeState.REJECTED.value, BOB.view())
    again, _ = await group.assistant.board.decide(group.workspace, notice["id"], Decision.REJECT, ANN)
    assert again["decided_by"] == BOB.view()


async def test_reading_is_each_ones_own(group: Group) -> None:
    document = await group.file("a.py", UNTIDY)
    await tell(group, document)
    [notice] = await said(group)
    async with Watching(group) as watching:
        await group.assistant.board.read(group.workspace, [notice["id"]], ANN.id)
        await eventually(lambda: watching.has("scriptorium.notices.read", by=ANN.id))
    assert (await said(group))[0]["read_by"] == [ANN.id]


async def test_what_was_gone_and_is_there_again_is_said_again(group: Group) -> None:
    document = await group.file("a.py", UNTIDY)
    await tell(group, document)
    await group.file("a.py", UNTIDY.replace("import os\n", ""))
    await tell(group, document)
    assert await said(group) == []
    await group.file("a.py", UNTIDY)
    await tell(group, document)
    assert [notice["state"] for notice in await said(group)] == ["open"]


async def test_half_a_line_takes_back_nothing(group: Group) -> None:
    document = await group.file("a.py", UNTIDY)
    await tell(group, document)
    await group.file("a.py", UNTIDY + "def f(:\n")
    await tell(group, document)
    await group.file("a.py", UNTIDY)
    await tell(group, document)
    assert [(notice["kind"], notice["state"]) for notice in await said(group)] == [("faults", "open")]


async def test_what_was_dismissed_is_not_said_with_what_comes_to_it(group: Group) -> None:
    document = await group.file("a.py", UNTIDY)
    await tell(group, document)
    [notice] = await said(group)
    await group.assistant.board.decide(group.workspace, notice["id"], Decision.REJECT, BOB)
    await group.file("a.py", "import json\n" + UNTIDY)
    await tell(group, document)
    newest, _ = await said(group)
    assert newest["reason"] == "“json” imported but unused."
    assert [hunk["base"] for hunk in newest["hunks"]] == ["import json\n"]


async def test_two_processes_say_it_once(group: Group) -> None:
    other = await group.another()
    document = await group.file("a.py", UNTIDY)
    await asyncio.gather(tell(group, document), tell(other, document))
    assert len(await said(group)) == 1


async def test_findings_are_what_is_wrong_and_nothing_of_style() -> None:
    text = "import os, sys\nx=1\ndef f( a ):\n    if a == None: return undefined\n"
    [finding] = findings(text, await diagnose("a.py", text))
    assert finding.kind == "faults"
    assert finding.reason.startswith("“os” imported but unused, and ")
    assert all(edit.start < edit.end for edit in finding.edits)
    ordered = sorted(finding.edits, key=lambda edit: edit.start)
    assert list(finding.edits) == ordered
    assert all(one.end <= other.start for one, other in itertools.pairwise(ordered))
    moved = "# 😀\n" + text
    [again] = findings(moved, await diagnose("a.py", moved))
    assert again.cause == finding.cause
    assert again.edits == tuple(TextEdit(e.start + 5, e.end + 5, e.text) for e in finding.edits)
    assert findings("x = 1\n", await diagnose("a.py", "x = 1\n")) == []
    [broken] = findings("def f(:\n    import os\n", await diagnose("a.py", "def f(:\n    import os\n"))
    assert (broken.kind, broken.edits, broken.sources[0].line) == ("broken", (), 1)
