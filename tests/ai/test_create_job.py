"""New files that the assistant writes: one, or a folder of them."""

import asyncio

import pytest

from ai.pool.jobs import JobState
from ai.proposals import create_job
from ai.proposals.hunks import HunkState
from ai.requests import KeptFromModels
from collab.files.files import FileNotFound
from collab.tree.paths import InvalidPath
from collab.tree.trees import PathConflict
from tests.ai.feedback import lines
from tests.ai.group import ANN, BOB, Group, eventually
from tests.doubles.model_server import Script

MAIN = "print('hello')\n"
README = "# Hello\n\nRun it.\n"
ANSWER = f"=== FILE: main.py ===\n{MAIN}\n=== FILE: docs/README.md ===\n```\n{README}```\n"


async def paths(group: Group) -> set[str]:
    return {entry.path for entry in await group.files.list(group.workspace) if entry.kind != "folder"}


async def create(group: Group, path: str, kind: str, instruction: str = "Make it."):  # type: ignore[no-untyped-def]
    return await group.assistant.requests.create(group.workspace, path, kind, instruction, ANN)  # type: ignore[arg-type]


async def test_a_new_file_is_written_into_and_goes_when_nobody_wants_it(group: Group) -> None:
    group.model.enqueue(Script(answer="A poem.\n"))
    asked = await create(group, "poems/first.md", "text")
    assert "poems/first.md" in await paths(group)
    async with group.working():
        await group.ended(asked)
    [hunk] = await group.hunks(asked.suggestion)
    assert (hunk.path, hunk.state, hunk.created) == ("poems/first.md", HunkState.PENDING, True)
    assert await group.text(hunk.document) == "A poem.\n"
    await group.decide(asked.suggestion, "reject")
    assert "poems/first.md" not in await paths(group)


@pytest.mark.parametrize("decision", ["reject", "undo"])
async def test_undoing_brings_a_file_back_that_nobody_wanted(group: Group, decision: str) -> None:
    group.model.enqueue(Script(answer="A poem.\n"))
    asked = await create(group, "poems/first.md", "text")
    async with group.working():
        await group.ended(asked)
    [hunk] = await group.hunks(asked.suggestion)
    await group.decide(asked.suggestion, decision)
    await group.file("poems/first.md", "Ours.\n")  # since then
    [hunk] = await group.hunks(asked.suggestion)
    [outcome] = await group.decide(asked.suggestion, "undo", hunk.id, by=BOB, seen={hunk.id: hunk.revision})
    assert outcome.state is HunkState.PENDING
    [late] = await group.decide(asked.suggestion, "undo", hunk.id, by=ANN, seen={hunk.id: hunk.revision})
    assert (late.state, late.refusal) == (HunkState.PENDING, "It has not been decided yet.")
    assert await group.files.path_of(hunk.document) == "poems/first (2).md"
    assert await group.text(hunk.document) == "A poem.\n"
    # And away again.
    await group.decide(asked.suggestion, "reject")
    assert await group.files.path_of(hunk.document) is None


async def folders(group: Group) -> dict[str, str]:
    return {entry.path: entry.id for entry in await group.files.list(group.workspace) if entry.kind == "folder"}


@pytest.mark.parametrize("kind", ["text", "folder"])
async def test_folders_that_were_made_for_new_files_go_and_come_with_them(group: Group, kind: str) -> None:
    await group.file("there/kept.md", "ours\n")
    answer = "A poem.\n" if kind == "text" else f"=== FILE: new/inner/first.md ===\n{README}"
    group.model.enqueue(Script(answer=answer))
    asked = await create(group, "there/new/inner/first.md" if kind == "text" else "there", kind)
    async with group.working():
        await group.ended(asked)
    made = await folders(group)
    assert made.keys() == {"there", "there/new", "there/new/inner"}
    for _ in range(2):
        await group.decide(asked.suggestion, "reject")
        assert (await folders(group)).keys() == {"there"}
        # As they were, and not others of the same name: the next time they go again.
        await group.decide(asked.suggestion, "undo")
        assert await folders(group) == made
        assert await paths(group) == {"there/kept.md", "there/new/inner/first.md"}
        assert await group.files.trash.list(group.workspace) == []


async def test_a_folder_goes_with_the_last_of_its_new_files(group: Group) -> None:
    group.model.enqueue(Script(answer=ANSWER))
    asked = await create(group, "app", "folder")
    async with group.working():
        await group.ended(asked)
    hunks = {hunk.path: hunk.id for hunk in await group.hunks(asked.suggestion)}
    await group.decide(asked.suggestion, "undo", hunks["app/docs/README.md"])
    assert (await folders(group)).keys() == {"app"}
    await group.decide(asked.suggestion, "undo", hunks["app/main.py"])
    assert await folders(group) == {}
    # One comes back without the folder of the other.
    main = next(hunk for hunk in await group.hunks(asked.suggestion) if hunk.path == "app/main.py")
    await group.decide(asked.suggestion, "undo", main.id, seen={main.id: main.revision})
    assert (await folders(group)).keys() == {"app"}
    assert await paths(group) == {"app/main.py"}


@pytest.mark.parametrize("what", ["a file", "a folder"])
async def test_a_new_folder_that_somebody_has_put_something_in_stays(group: Group, what: str) -> None:
    group.model.enqueue(Script(answer=ANSWER))
    asked = await create(group, "app", "folder")
    async with group.working():
        await group.ended(asked)
    if what == "a file":
        await group.file("app/docs/mine.md", "mine\n")
    else:
        await group.files.make_folder(group.workspace, "app/docs/mine", f"user:{BOB.id}")
    await group.decide(asked.suggestion, "undo")
    assert {"app", "app/docs"} <= (await folders(group)).keys()
    assert await paths(group) == ({"app/docs/mine.md"} if what == "a file" else set())


async def test_a_folder_that_was_there_stays_without_the_new_files(group: Group) -> None:
    await group.files.make_folder(group.workspace, "app/docs", f"user:{BOB.id}")
    group.model.enqueue(Script(answer=ANSWER))
    asked = await create(group, "app", "folder")
    async with group.working():
        await group.ended(asked)
    await group.decide(asked.suggestion, "undo")
    assert (await folders(group)).keys() == {"app", "app/docs"}


async def test_a_stopped_request_leaves_no_folder_in_which_it_had_written_nothing(group: Group) -> None:
    goes_on = asyncio.Event()
    # What begins like the line of another file is not typed until that is clear.
    answer = "=== FILE: docs/a.md ===\n=== FILE: docs/b.md ===\nlong\n"
    group.model.enqueue(Script(answer=answer, tokens=6, goes_on=goes_on))
    asked = await create(group, "app", "folder")
    async with group.working():
        await eventually(lambda: group.hunks(asked.suggestion))
        await group.assistant.cancel(asked.job)
        assert (await group.ended(asked)).state is JobState.CANCELLED
    assert not await paths(group)
    assert await folders(group) == {}


async def test_an_undo_that_is_sent_twice_undoes_once(group: Group) -> None:
    group.model.enqueue(Script(answer=ANSWER))
    asked = await create(group, "app", "folder")
    async with group.working():
        await group.ended(asked)
    first, _ = await group.hunks(asked.suggestion)
    await group.decide(asked.suggestion, "accept", first.id)
    for _ in range(2):
        await group.decide(asked.suggestion, "undo")
        assert [hunk.state for hunk in await group.hunks(asked.suggestion)] == [HunkState.UNDONE] * 2
    assert not await paths(group)


async def test_undoing_leaves_what_a_person_deleted_in_the_trash(group: Group) -> None:
    group.model.enqueue(Script(answer="A poem.\n"))
    asked = await create(group, "first.md", "text")
    async with group.working():
        await group.ended(asked)
    [hunk] = await group.hunks(asked.suggestion)
    await group.decide(asked.suggestion, "reject")
    await group.files.trash.restore(group.workspace, hunk.document, f"user:{BOB.id}")
    await group.files.delete(group.workspace, "first.md", f"user:{BOB.id}")
    [outcome] = await group.decide(asked.suggestion, "undo")
    assert outcome.refusal == "Its file is gone."
    assert await group.files.path_of(hunk.document) is None


async def test_a_new_file_that_somebody_wrote_into_stays(group: Group) -> None:
    group.model.enqueue(Script(answer="A poem."))
    asked = await create(group, "first.md", "text")
    async with group.working():
        await group.ended(asked)
    [hunk] = await group.hunks(asked.suggestion)
    await group.type(hunk.document, 0, 0, "Mine. ")
    await group.decide(asked.suggestion, "undo")
    assert await group.text(hunk.document) == "Mine. "
    assert "first.md" in await paths(group)


async def test_the_files_of_a_folder_are_made_each_with_a_decision_of_its_own(group: Group) -> None:
    await group.file("app/there.txt", "already\n")
    group.model.enqueue(Script(answer=f"Here you are:\n{ANSWER}", delay=0.001))
    asked = await create(group, "app", "folder")
    async with group.working():
        assert (await group.ended(asked)).state is JobState.DONE
    assert "app/there.txt" in group.model.requests[0].prompt
    hunks = {hunk.path: hunk for hunk in await group.hunks(asked.suggestion)}
    assert {path: hunk.proposed for path, hunk in hunks.items()} == {"app/main.py": MAIN, "app/docs/README.md": README}
    assert {hunk.state for hunk in hunks.values()} == {HunkState.PENDING}
    for path, hunk in hunks.items():
        assert await group.text(hunk.document) == hunk.proposed
        assert path in await paths(group)
    view = await group.view(asked.suggestion)
    assert set(view["documents"]) == {hunk.document for hunk in hunks.values()}
    await group.decide(asked.suggestion, "accept", hunks["app/main.py"].id)
    await group.decide(asked.suggestion, "reject", hunks["app/docs/README.md"].id, by=BOB)
    assert await paths(group) == {"app/there.txt", "app/main.py"}
    await group.assistant.carrying.idle()
    records = [record async for record in group.storage.db["feedback"].find({"suggestion": asked.suggestion})]
    assert {(record["path"], record["decision"]) for record in records} == {
        ("app/main.py", "accepted"),
        ("app/docs/README.md", "rejected"),
    }
    assert all("Make it." in record["messages"][-1]["content"] for record in records)
    [example] = await lines(group, "sft")
    assert example["messages"][-1]["content"] == f"=== FILE: app/main.py ===\n{MAIN}"


@pytest.mark.parametrize(
    "path",
    ["../out.md", "/etc/passwd/../x", "a/../../b", "", "x\\y", ".scriptorium/assistant.yaml", ".env", "app/there.txt"],
)
async def test_a_model_makes_no_file_where_it_may_not(group: Group, path: str) -> None:
    await group.file("app/there.txt", "already\n")
    await group.file("app/.scriptorium/x", "y\n")
    before = await paths(group)
    group.model.enqueue(Script(answer=f"=== FILE: {path} ===\nbad\n=== FILE: good.md ===\ngood\n"))
    asked = await create(group, "app", "folder")
    async with group.working():
        await group.ended(asked)
    assert await paths(group) == before | {"app/good.md"}
    view = await group.view(asked.suggestion)
    if path:
        assert "left out" in view["note"]
    assert [hunk["path"] for hunk in view["hunks"]] == ["app/good.md"]


async def test_a_model_makes_no_more_files_than_one_request_may(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(create_job, "MOST_FILES", 2)
    group.model.enqueue(Script(answer="".join(f"=== FILE: {n}.md ===\n{n}\n" for n in range(4))))
    asked = await create(group, "", "folder")
    async with group.working():
        await group.ended(asked)
    assert await paths(group) == {"0.md", "1.md"}
    assert "2.md and what follows was left out" in (await group.view(asked.suggestion))["note"]


async def test_what_cannot_be_asked_for_is_refused(group: Group) -> None:
    await group.file("a.md", "there\n")
    with pytest.raises(PathConflict):
        await create(group, "a.md", "text")
    with pytest.raises(PathConflict):
        await create(group, "a.md", "folder")
    with pytest.raises(InvalidPath):
        await create(group, "../a.md", "text")
    for path in (".env", ".scriptorium/ignore"):
        with pytest.raises(KeptFromModels):
            await create(group, path, "text")
    assert await paths(group) == {"a.md"}


async def test_a_worker_that_takes_over_makes_each_file_once(group: Group) -> None:
    hangs = asyncio.Event()
    # Into the second file, which is begun and not finished.
    group.model.enqueue(Script(answer=ANSWER, tokens=19, goes_on=hangs))
    asked = await create(group, "", "folder")

    async def first_is_there() -> bool:
        states = {hunk.path: hunk.state for hunk in await group.hunks(asked.suggestion)}
        return states == {"main.py": HunkState.PENDING, "docs/README.md": HunkState.STREAMING}

    async with group.working():
        await eventually(first_is_there)
    group.model.enqueue(Script(answer=f"=== FILE: main.py ===\nagain\n=== FILE: docs/README.md ===\n{README}"))
    async with group.working():
        job = await group.ended(asked)
    assert (job.state, job.attempt) == (JobState.DONE, 2)
    hunks = {hunk.path: hunk for hunk in await group.hunks(asked.suggestion)}
    assert set(hunks) == {"main.py", "docs/README.md"}
    assert await group.text(hunks["main.py"].document) == MAIN
    assert await group.text(hunks["docs/README.md"].document) == README
    assert {hunk.state for hunk in hunks.values()} == {HunkState.PENDING}


@pytest.mark.parametrize("behaviour", ["cut_off", "stalls"])
async def test_what_had_been_written_when_the_model_broke_off_stays_to_be_decided(group: Group, behaviour: str) -> None:
    group.model.enqueue(Script(behaviour, answer=ANSWER, tokens=19, delay=0.01))  # type: ignore[arg-type]
    asked = await create(group, "", "folder")
    async with group.working():
        assert (await group.ended(asked)).state is JobState.FAILED
    hunks = await group.hunks(asked.suggestion)
    assert {hunk.state for hunk in hunks} == {HunkState.PENDING}
    assert {hunk.path for hunk in hunks} == await paths(group)


async def test_a_cancelled_job_stops_in_all_files(group: Group) -> None:
    group.model.enqueue(Script("endless", answer=ANSWER, delay=0.01))
    asked = await create(group, "", "folder")
    async with group.working():
        await eventually(lambda: group.hunks(asked.suggestion))
        await group.assistant.cancel(asked.job)
        assert (await group.ended(asked)).state is JobState.CANCELLED
    assert {hunk.state for hunk in await group.hunks(asked.suggestion)} <= {HunkState.PENDING}


async def test_an_answer_without_a_file_makes_none(group: Group) -> None:
    group.model.enqueue(Script(answer="I would rather not."))
    asked = await create(group, "new", "folder")
    async with group.working():
        await group.ended(asked)
    assert await paths(group) == set()
    assert (await group.view(asked.suggestion))["note"] == "There is nothing to write."
    with pytest.raises(FileNotFound):
        await group.files.entry(group.workspace, "new")


async def test_a_file_that_somebody_deletes_meanwhile_stops_and_the_others_go_on(group: Group) -> None:
    text = "word " * 200
    answer = f"=== FILE: a.md ===\n{text}\n=== FILE: b.md ===\n{text}\n"
    group.model.enqueue(Script(answer=answer, delay=0.01))
    asked = await group.assistant.requests.create(group.workspace, "", "folder", "Make them.", ANN)
    async with group.working():
        await eventually(lambda: _begun(group, "a.md"))
        await group.files.delete(group.workspace, "a.md", "user:bob")
        assert (await group.ended(asked)).state is JobState.DONE
    view = await group.view(asked.suggestion)
    assert "a.md was deleted while it was written." in view["note"]
    entry = await group.files.entry(group.workspace, "b.md")
    assert (await group.text(entry.id)).strip() == text.strip()


async def _begun(group: Group, path: str) -> bool:
    try:
        entry = await group.files.entry(group.workspace, path)
    except FileNotFound:
        return False
    return "word word" in await group.text(entry.id)
