"""One request about several files, and long files, of which models are asked for search/replace blocks."""

import asyncio

import pytest

from ai import requests
from ai.pool.jobs import JobState
from ai.proposals import edit_target
from ai.proposals.hunks import HunkState
from ai.requests import KeptFromModels, TooManyFiles, TooMuchText
from collab.files.files import FileNotFound
from tests.ai.group import BOB, Group, Watching, eventually
from tests.doubles.model_server import Script

A = "def fetch_all():\n    return 1\n\n\nprint(fetch_all())\n"
B = "from a import fetch_all\n\nvalue = fetch_all() + 1\n"
C = "nothing = 'of that'\nprefetch_all = 2\n"
LONG = "".join(f"line {number} of a long text\n" for number in range(600))

RENAMES = Script(replace=("fetch_all", "load_all"))


async def three(group: Group) -> dict[str, str]:
    texts = {"a.py": A, "src/b.py": B, "c.py": C}
    return {path: await group.file(path, text) for path, text in texts.items()}


async def test_a_name_is_changed_in_all_files_that_have_it_as_one_suggestion(group: Group) -> None:
    documents = await three(group)
    group.model.enqueue(*[RENAMES] * 2)
    asked = await group.edit_several("a.py", "all", "Rename it to load_all.", ["def", "fetch_all():"][1][:-3])
    async with group.working():
        assert (await group.ended(asked)).state is JobState.DONE
    view = await group.view(asked.suggestion)
    assert set(view["documents"]) == {documents["a.py"], documents["src/b.py"]}
    assert {(hunk["path"], hunk["base"], hunk["proposed"]) for hunk in view["hunks"]} == {
        ("a.py", "fetch_all", "load_all"),
        ("src/b.py", "fetch_all", "load_all"),
    }
    assert len(view["hunks"]) == 4
    for request in group.model.requests:
        assert "src/b.py" in request.prompt
        assert "fetch_all" in request.prompt
    in_b = [hunk["id"] for hunk in view["hunks"] if hunk["path"] == "src/b.py"]
    await group.decide(asked.suggestion, "accept", *in_b)
    assert await group.text(documents["src/b.py"]) == B.replace("fetch_all", "load_all")
    assert await group.text(documents["a.py"]) == A
    await group.decide(asked.suggestion, "accept", by=BOB)
    assert await group.text(documents["a.py"]) == A.replace("fetch_all", "load_all")
    assert await group.text(documents["c.py"]) == C
    assert (await group.view(asked.suggestion))["state"] == "done"


async def test_each_record_has_the_prompt_about_its_own_file(group: Group) -> None:
    await three(group)
    group.model.enqueue(*[RENAMES] * 2)
    asked = await group.edit_several("a.py", ["src/b.py"])
    async with group.working():
        await group.ended(asked)
    await group.decide(asked.suggestion, "accept")
    await group.assistant.carrying.idle()
    records = [record async for record in group.storage.db["feedback"].find({"suggestion": asked.suggestion})]
    assert {record["path"] for record in records} == {"a.py", "src/b.py"}
    for record in records:
        assert record["selection"] == (A if record["path"] == "a.py" else B)
        assert record["selection"] in record["messages"][-1]["content"]


async def test_hunks_of_several_files_appear_while_models_write(group: Group) -> None:
    documents = await three(group)
    group.model.enqueue(*[Script(replace=("fetch_all", "load_all"), delay=0.02)] * 2)
    events = Watching(group)
    async with events, group.working():
        asked = await group.edit_several("a.py", ["src/b.py"])
        await group.ended(asked)
        await eventually(lambda: events.has("scriptorium.suggestion.changed", state="ready"))
    shown = [hunk["document"] for delta in events.of("scriptorium.suggestion.delta") for hunk in delta["hunks"]]
    assert set(shown) == {documents["a.py"], documents["src/b.py"]}


@pytest.mark.parametrize(
    ("first", "second", "named"), [(Script("unauthorized"), RENAMES, 1), (RENAMES, Script("server_error"), 1)]
)
async def test_of_several_files_those_that_were_answered_are_kept_and_the_others_named(
    group: Group, monkeypatch: pytest.MonkeyPatch, first: Script, second: Script, named: int
) -> None:
    monkeypatch.setattr("ai.proposals.edit_job.AT_ONCE", 1)
    await three(group)
    group.model.enqueue(first, second)
    asked = await group.edit_several("a.py", ["src/b.py"])
    async with group.working():
        assert (await group.ended(asked)).state is JobState.DONE
    view = await group.view(asked.suggestion)
    assert len({hunk["path"] for hunk in view["hunks"]}) == 1
    failed = "a.py" if first is not RENAMES else "src/b.py"
    assert view["note"].startswith(f"{failed}: ")


async def test_when_no_file_is_answered_the_job_fails(group: Group) -> None:
    await three(group)
    group.model.enqueue(*[Script("unauthorized")] * 2)
    asked = await group.edit_several("a.py", ["src/b.py"])
    async with group.working():
        job = await group.ended(asked)
    assert job.state is JobState.FAILED
    assert "key" in (job.error or "")


async def test_a_file_that_is_gone_by_then_is_named(group: Group) -> None:
    documents = await three(group)
    group.model.enqueue(RENAMES)
    asked = await group.edit_several("a.py", ["src/b.py"])
    await group.rooms.retire(documents["src/b.py"])
    async with group.working():
        assert (await group.ended(asked)).state is JobState.DONE
    view = await group.view(asked.suggestion)
    assert view["note"] == "src/b.py: The file is gone."
    assert {hunk["path"] for hunk in view["hunks"]} == {"a.py"}


async def test_what_cannot_be_asked_for_is_refused(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    await three(group)
    await group.file(".env", "fetch_all = secret\n")
    with pytest.raises(KeptFromModels):
        await group.edit_several("a.py", [".env"])
    with pytest.raises(FileNotFound):
        await group.edit_several("a.py", ["none.py"])
    with pytest.raises(TooManyFiles, match="Name what it is about"):
        await group.edit_several("a.py", "all", "Make it nicer.")
    monkeypatch.setattr(requests, "MOST_FILES", 2)
    await group.file("d.py", B)
    with pytest.raises(TooManyFiles, match="fetch_all is found in 3 files"):
        await group.edit_several("a.py", "all", "Rename `fetch_all` to `load_all`.")
    with pytest.raises(TooManyFiles):
        await group.edit_several("a.py", ["c.py", "d.py"])


async def test_what_is_kept_from_models_is_not_found_either(group: Group) -> None:
    documents = await three(group)
    await group.file(".env", "fetch_all = secret\n")
    group.model.enqueue(*[RENAMES] * 2)
    asked = await group.edit_several("a.py", "all", "Rename `fetch_all` to `load_all`.")
    view = await group.view(asked.suggestion)
    assert set(view["documents"]) == {documents["a.py"], documents["src/b.py"]}


async def test_a_worker_that_takes_over_proposes_every_file_once(group: Group) -> None:
    await three(group)
    hangs = asyncio.Event()
    group.model.enqueue(*[Script(replace=("fetch_all", "load_all"), tokens=6, goes_on=hangs)] * 2)
    asked = await group.edit_several("a.py", ["src/b.py"])
    async with group.working():
        await eventually(lambda: group.hunks(asked.suggestion))
    group.model.enqueue(*[RENAMES] * 2)
    async with group.working():
        job = await group.ended(asked)
    assert (job.state, job.attempt) == (JobState.DONE, 2)
    assert sorted(hunk.path for hunk in await group.hunks(asked.suggestion)) == ["a.py", "a.py", "src/b.py", "src/b.py"]


async def test_a_file_that_is_too_long_is_left_out_of_all_and_refused_where_it_was_named(group: Group) -> None:
    await three(group)
    await group.file("big.log", "fetch_all was called\n" * 12_000)
    group.model.enqueue(*[RENAMES] * 5)
    asked = await group.edit_several("a.py", "all", "Rename it.", "fetch_all")
    async with group.working():
        await group.ended(asked)
    view = await group.view(asked.suggestion)
    assert view["note"] == "Left out, being too long to be edited: big.log."
    assert {hunk["path"] for hunk in view["hunks"]} == {"a.py", "src/b.py"}
    with pytest.raises(TooMuchText):
        await group.edit_several("a.py", ["big.log"])


# ---- long files


def block(search: str, replacement: str) -> str:
    return f"<<<<<<< SEARCH\n{search}=======\n{replacement}>>>>>>> REPLACE\n"


async def test_a_long_file_is_changed_in_blocks(group: Group) -> None:
    document = await group.file("a.md", LONG)
    changes = {17: "SEVENTEEN\n", 400: ""}
    answer = "\n".join(block(f"line {n} of a long text\n", new) for n, new in changes.items())
    group.model.enqueue(Script(answer=f"Here you are:\n```\n{answer}```\n", delay=0.001))
    asked = await group.edit("a.md", 0, len(LONG))
    async with group.working():
        await group.ended(asked)
    assert "SEARCH" in group.model.requests[0].prompt
    await group.decide(asked.suggestion, "accept")
    expected = LONG
    for n, new in changes.items():
        expected = expected.replace(f"line {n} of a long text\n", new)
    assert await group.text(document) == expected


async def test_blocks_that_do_not_fit_are_asked_for_once_more_with_what_is_there(group: Group) -> None:
    document = await group.file("a.md", LONG)
    first = (
        block("line 5 of a long test\n", "FIVE\n") + block("line 9 of a long text\n", "NINE\n") + block("of\n", "o\n")
    )
    second = block("line 5 of a long text\n", "FIVE\n") + block("line 6 of a long text\n", "SIX\n")
    group.model.enqueue(Script(answer=first), Script(answer=second))
    asked = await group.edit("a.md", 0, len(LONG))
    async with group.working():
        await group.ended(asked)
    repair = group.model.requests[1]
    assert "line 5 of a long test" in repair.prompt
    assert "600 times" in repair.prompt
    assert [message["role"] for message in repair.body["messages"]] == ["system", "user", "assistant", "user"]
    view = await group.view(asked.suggestion)
    assert "note" not in view
    assert [hunk["proposed"] for hunk in view["hunks"]] == ["FIVE", "SIX", "NINE"]
    await group.decide(asked.suggestion, "accept")
    assert "FIVE\nSIX\n" in await group.text(document)


async def test_what_cannot_be_placed_even_then_is_said(group: Group) -> None:
    await group.file("a.md", LONG)
    group.model.enqueue(*[Script(answer=block("no such line\n", "X\n") + block("line 9 of a long text\n", "9\n"))] * 2)
    asked = await group.edit("a.md", 0, len(LONG))
    async with group.working():
        job = await group.ended(asked)
    assert job.state is JobState.DONE
    view = await group.view(asked.suggestion)
    assert view["note"] == "One more change was proposed, but not for a text that is there."
    assert [hunk["proposed"] for hunk in view["hunks"]] == ["9"]


async def test_a_repair_that_says_nothing_takes_nothing_back(group: Group) -> None:
    await group.file("a.md", LONG)
    first = block("no such line\n", "X\n") + block("line 9 of a long text\n", "9\n")
    group.model.enqueue(Script(answer=first), Script(answer="I'm sorry, I cannot."))
    asked = await group.edit("a.md", 0, len(LONG))
    async with group.working():
        await group.ended(asked)
    view = await group.view(asked.suggestion)
    assert view["note"] == "One more change was proposed, but not for a text that is there."
    assert [hunk["proposed"] for hunk in view["hunks"]] == ["9"]


async def test_a_model_may_write_a_long_file_anew_all_the_same(group: Group) -> None:
    await group.file("a.md", LONG)
    group.model.enqueue(Script(answer=LONG.replace("line 17 ", "LINE 17 ")))
    asked = await group.edit("a.md", 0, len(LONG))
    async with group.working():
        await group.ended(asked)
    assert [hunk.proposed for hunk in await group.hunks(asked.suggestion)] == ["LINE"]


SINGLE = "values = [" + ", ".join(map(str, range(3_000))) + "]\n"


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (LONG, LONG.replace("line", "Zeile").replace("of a long text", "eines langen Textes")),
        (SINGLE, SINGLE.replace("[0, ", "[")),
    ],
    ids=["translated", "one line"],
)
async def test_also_where_hardly_a_line_is_as_it_was(group: Group, text: str, answer: str) -> None:
    document = await group.file("a.md", text)
    group.model.enqueue(Script(answer=answer))
    asked = await group.edit("a.md", 0, len(text))
    async with group.working():
        await group.ended(asked)
    assert len(group.model.requests) == 1
    await group.decide(asked.suggestion, "accept")
    assert await group.text(document) == answer


REFUSAL = "I'm sorry, I cannot help with that.\nIt is too long."


@pytest.mark.parametrize("answer", [REFUSAL, "line 0 of a long text\n… the rest is unchanged …\n"])
async def test_an_answer_that_is_neither_is_asked_for_once_more_and_then_called_what_it_is(
    group: Group, answer: str
) -> None:
    document = await group.file("a.md", LONG)
    group.model.enqueue(Script(answer=answer), Script(answer=answer))
    asked = await group.edit("a.md", 0, len(LONG))
    async with group.working():
        assert (await group.ended(asked)).state is JobState.DONE
    assert len(group.model.requests) == 2
    view = await group.view(asked.suggestion)
    assert view["hunks"] == []
    assert view["note"].startswith("The model's answer was not understood")
    group.model.enqueue(Script(answer=answer), Script(answer=block("line 9 of a long text\n", "9\n")))
    again = await group.edit("a.md", 0, len(LONG))
    async with group.working():
        await group.ended(again)
    assert "There is no block in your answer" in group.model.requests[3].prompt
    await group.decide(again.suggestion, "accept")
    assert await group.text(document) == LONG.replace("line 9 of a long text\n", "9\n")


async def test_a_model_may_say_that_nothing_is_to_be_changed(group: Group) -> None:
    await group.file("a.md", LONG)
    group.model.enqueue(Script(answer="None."))
    asked = await group.edit("a.md", 0, len(LONG))
    async with group.working():
        await group.ended(asked)
    assert len(group.model.requests) == 1
    assert (await group.view(asked.suggestion))["note"] == "There is nothing to change."


async def test_a_file_that_holds_lines_like_marks_is_changed_in_blocks_too(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(edit_target, "BLOCKS_FROM", 10)
    text = "Title\n=======\n\n<<<<<<< ours\nSubtitle\n"
    document = await group.file("a.rst", text)
    answer = f"{'<' * 11} SEARCH\nTitle\n=======\n{'=' * 11}\nTitles\n========\n{'>' * 11} REPLACE\n"
    group.model.enqueue(Script(answer=answer))
    asked = await group.edit("a.rst", 0, len(text))
    async with group.working():
        await group.ended(asked)
    await group.decide(asked.suggestion, "accept")
    assert await group.text(document) == "Titles\n========\n\n<<<<<<< ours\nSubtitle\n"


# ---- stale


async def test_what_went_stale_in_several_files_is_on_record_as_that_and_asked_for_again(group: Group) -> None:
    documents = await three(group)
    group.model.enqueue(*[RENAMES] * 2)
    asked = await group.edit_several("a.py", ["src/b.py"])
    async with group.working():
        await group.ended(asked)
    for path, document in documents.items():
        if path != "c.py":
            at = (await group.text(document)).index("fetch_all") + 2
            await group.type(document, at, at, "X")
    again = await group.assistant.requests.again(asked.suggestion or "", BOB)
    states = [hunk.state for hunk in await group.hunks(asked.suggestion)]
    assert sorted(states) == [HunkState.PENDING] * 2 + [HunkState.STALE] * 2
    await group.assistant.carrying.idle()
    records = [record async for record in group.storage.db["feedback"].find({"suggestion": asked.suggestion})]
    assert {(record["decision"], record["decided_by"]["id"]) for record in records} == {("stale", "bob")}
    group.model.enqueue(*[Script(replace=("feXtch_all", "load_all"))] * 2)
    async with group.working():
        await group.ended(again)
    hunks = await group.hunks(again.suggestion)
    assert sorted((hunk.path, hunk.base, hunk.proposed) for hunk in hunks) == [
        ("a.py", "feXtch_all", "load_all"),
        ("src/b.py", "feXtch_all", "load_all"),
    ]


async def test_a_repair_that_fails_leaves_what_was_placed(group: Group) -> None:
    await group.file("a.md", LONG)
    answer = block("no such line\n", "X\n") + block("line 9 of a long text\n", "9\n")
    group.model.enqueue(Script(answer=answer), Script("unauthorized"))
    asked = await group.edit("a.md", 0, len(LONG))
    async with group.working():
        assert (await group.ended(asked)).state is JobState.DONE
    view = await group.view(asked.suggestion)
    assert view["note"] == "One more change was proposed, but not for a text that is there."
    assert [hunk["proposed"] for hunk in view["hunks"]] == ["9"]


@pytest.mark.parametrize("kind", ["edit", "write"])
async def test_a_file_that_is_kept_from_models_since_it_was_asked_for_reaches_none(group: Group, kind: str) -> None:
    await group.file("a.md", "Nothing that anybody may see.\n")
    asked = await (group.edit("a.md", 0, 7) if kind == "edit" else group.write("a.md", 0))
    await group.file(".scriptorium/ignore", "a.md\n")
    async with group.working():
        job = await group.ended(asked)
    assert job.state is JobState.FAILED
    assert "kept from the assistant" in (job.error or "")
    assert group.model.requests == []
