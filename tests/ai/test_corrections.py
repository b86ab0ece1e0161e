"""What became of an accepted text: found wherever it stands by now, and with one look at the document for all of it."""

import asyncio
from collections.abc import Sequence
from itertools import takewhile
from typing import Any

import pytest
from pycrdt import Doc

from ai.record import corrections, watching
from ai.record.watching import Watch
from collab.replicas.edits import TextEdit
from collab.yjs.offsets import utf16_length
from tests.ai.feedback import lines, measured
from tests.ai.group import Group
from tests.ai.proposals import propose
from tests.doubles.model_server import Script

TEXT = "One line.\nAnother line.\nThe last line 😀.\n"
PROPOSED = "A second line, written well."
LATER = "And more of it.\n"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """All three looks as soon as the edits are made."""
    for name in ("QUIET", "SOON", "LATE"):
        monkeypatch.setattr(watching, name, 0.3)


def common(one: str, other: str) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


async def replace(group: Group, document: str, old: str, new: str) -> None:
    """As an editor does it: what differs is deleted, and the new text inserted in its place."""
    text = await group.text(document)
    same = common(old, new)
    tail = common(old[same:][::-1], new[same:][::-1])
    start = utf16_length(text[: text.index(old) + same])
    gone = old[same : len(old) - tail]
    await group.type(document, start, start + utf16_length(gone), new[same : len(new) - tail])


@pytest.mark.parametrize(
    ("edits", "left"),
    [
        ([("One line.", "One 😀 line, and much more.\nAnd more.")], PROPOSED),
        ([(PROPOSED, "")], ""),
        ([(f"One line.\n{PROPOSED}\nThe", "The")], ""),
        ([("second", "2nd")], PROPOSED.replace("second", "2nd")),
        ([("line, written", "line 😀,\n\nmuch later written")], PROPOSED.replace("line, ", "line 😀,\n\nmuch later ")),
        ([(PROPOSED, "Something else 😀!")], "Something else 😀!"),
        ([("well.", "badly!")], PROPOSED.replace("well.", "badly!")),
        ([("A second", "My third")], PROPOSED.replace("A second", "My third")),
        ([("A ", ""), ("well.", "")], "second line, written "),
        ([(f"{PROPOSED}\n", f"{PROPOSED}\n{LATER}")], PROPOSED),
        ([("One line.\n", f"One line.\n{LATER}")], PROPOSED),
        ([(PROPOSED, ""), ("One line.\n", f"One line.\n{PROPOSED}\n")], f"{PROPOSED}\n"),
    ],
    ids=[
        *("moved", "deleted wholly", "deleted with what is around it", "changed inside", "split"),
        *("replaced wholly", "end replaced", "beginning replaced", "both ends cut off"),
        *("more behind it", "more in front of it", "deleted and written anew at the same place"),
    ],
)
async def test_what_became_of_it(group: Group, edits: Sequence[tuple[str, str]], left: str) -> None:
    document = await group.file("a.md", TEXT)
    suggestion, _ = await propose(group, document, ("Another line.", PROPOSED))
    await group.decide(suggestion, "accept")
    await group.assistant.carrying.idle()
    for old, new in edits:
        await replace(group, document, old, new)
    await asyncio.sleep(0.35)
    [record] = await measured(group)
    assert record["final_text"] == left
    assert set(record["corrections"]) == {"quiet", "30s", "10min"}


async def test_the_last_words_of_a_write_may_be_replaced_too(group: Group) -> None:
    document = await group.file("a.md", TEXT)
    group.model.enqueue(Script(answer="Written by a model. "))
    asked = await group.write("a.md", 0)
    async with group.working():
        await group.ended(asked)
        await group.decide(asked.suggestion, "accept")
        await replace(group, document, "a model. ", "me")
        [record] = await measured(group)
    assert record["final_text"] == "Written by me"


async def test_one_copy_of_the_document_serves_all_texts_that_are_due(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = 40
    text = "".join(f"line {number}.\n" for number in range(count))
    documents = [await group.file(path, text) for path in ("a.md", "b.md")]
    for document in documents:
        edits = [(f"line {number}.", f"Line {number}!") for number in range(count)]
        suggestion, _ = await propose(group, document, *edits)
        await group.decide(suggestion, "accept")
    await group.assistant.carrying.idle()
    await replace(group, documents[0], "Line 7!", "Line seven!")
    seen = []
    look = corrections.looks

    def counted(doc: Doc[Any], watches: Sequence[Watch]) -> Any:
        seen.append(len(watches))
        return look(doc, watches)

    monkeypatch.setattr(corrections, "looks", counted)
    await asyncio.sleep(0.35)
    assert await group.assistant.corrections.measure_due() == 2 * count
    assert seen == [count, count]
    changed = [record for record in await lines(group) if record["final_text"] != record["proposed_text"]]
    assert [(record["proposed_text"], record["final_text"]) for record in changed] == [("Line 7!", "Line seven!")]


async def test_a_text_whose_file_was_deleted_is_looked_at_no_more(group: Group) -> None:
    """Although it is kept in the trash, as it was."""
    document = await group.file("a.md", TEXT)
    suggestion, _ = await propose(group, document, ("One", "1"))
    await group.decide(suggestion, "accept")
    await group.assistant.carrying.idle()
    await group.files.delete(group.workspace, "a.md", "user:ann")
    await asyncio.sleep(0.35)
    [record] = await measured(await group.another())
    assert (record["final_text"], record["corrections"]) == (None, {})


async def test_two_processes_share_the_looks(group: Group) -> None:
    document = await group.file("a.md", TEXT)
    suggestion, _ = await propose(group, document, ("One", "1"), ("Another", "A second"))
    await group.decide(suggestion, "accept")
    await group.assistant.carrying.idle()
    await asyncio.sleep(0.35)
    other = await group.another()
    counts = await asyncio.gather(*(process.assistant.corrections.measure_due() for process in (group, other)))
    assert sum(counts) == 2


async def test_a_process_that_died_over_a_look_is_followed(group: Group, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corrections, "MEASURING", 0.2)
    document = await group.file("a.md", TEXT)
    suggestion, _ = await propose(group, document, ("One", "1"))
    await group.decide(suggestion, "accept")
    await group.assistant.carrying.idle()
    await asyncio.sleep(0.35)
    assert len(await group.assistant.corrections._claim()) == 1  # and that is the last that is heard of it
    [record] = await measured(await group.another())
    assert record["final_text"] == "1"


async def test_a_text_that_is_not_known_here_yet_is_looked_for_again(
    group: Group, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corrections, "MEASURING", 0.2)
    document = await group.file("a.md", TEXT)
    suggestion, _ = await propose(group, document, ("One", "1"))
    await group.decide(suggestion, "accept")
    await group.assistant.carrying.idle()
    await asyncio.sleep(0.35)
    look = corrections.looks
    monkeypatch.setattr(corrections, "looks", lambda doc, watches: [None] * len(watches))
    assert await group.assistant.corrections.measure_due() == 1
    monkeypatch.setattr(corrections, "looks", look)
    [record] = await measured(group)
    assert record["final_text"] == "1"


async def test_secrets_in_what_people_made_of_it_are_counted(group: Group) -> None:
    """Also one that only all of it together is: half of it stood there before."""
    secret = "ghp_" + "aZ3kQ9xW1mB7vR5tY2nC8pL4sD6fG0hJabcd"
    document = await group.file("a.md", f"{secret[:10]} and more\n")
    place = TextEdit(10, 10, " the token")
    suggestion, _ = await propose(group, document, place)
    await group.decide(suggestion, "accept")
    await group.assistant.carrying.idle()
    await replace(group, document, " the token", secret[10:])
    await asyncio.sleep(0.35)
    [record] = await measured(group)
    assert secret[10:] not in repr(record)
    assert record["redactions"] == [{"field": "final_text", "type": "GitHub Token", "count": 1}]
