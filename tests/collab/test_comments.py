"""Comments: threads that keep their place, and changes of several people at once."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from hypothesis import given
from hypothesis import strategies as st

from collab.commenting import threads as pure
from collab.commenting.comments import Comments, TextChanged, ThreadNotFound
from collab.commenting.threads import CannotComment, Message, MessageNotFound, NotYours, Thread
from collab.documents.records import now
from collab.replicas.edits import TextEdit
from collab.replicas.positions import Anchor, range_anchors, resolve
from collab.rooms.rooms import Rooms
from collab.yjs.offsets import slice_utf16
from storage import Storage
from tests.collab.rooms_helpers import Client, new_document

TEXT = "one 😀 two three\n"


@pytest_asyncio.fixture
async def comments(storage: Storage, rooms: Rooms) -> AsyncIterator[Comments]:
    made = Comments(storage, rooms)
    await made.ensure_indexes()
    yield made


async def written(storage: Storage, rooms: Rooms, text: str = TEXT) -> str:
    document = await new_document(storage)
    async with rooms.open(document) as room:
        room.edit([TextEdit(0, 0, text)], "user:ann")
        await room.durable()
    return document


async def where(rooms: Rooms, thread: Thread) -> str:
    """The text that it is on."""
    assert thread.anchors is not None
    async with rooms.open(thread.document) as room:
        start, end = resolve(room.doc, [Anchor.decode(anchor) for anchor in thread.anchors])
        assert start is not None
        assert end is not None
        return slice_utf16(room.text, start, max(start, end))


async def test_a_thread_keeps_its_place(storage: Storage, rooms: Rooms, comments: Comments) -> None:
    document = await written(storage, rooms)
    thread = await comments.begin("w", document, 7, 10, "ann", "  Why two?  ", expected="two")
    assert (thread.quote, thread.messages[0].text) == ("two", "Why two?")
    async with rooms.open(document) as room:
        room.edit([TextEdit(0, 4, "zero and half "), TextEdit(10, 10, "!")], "user:bob")
        room.flush()
        assert "two! three" in room.text
    assert await where(rooms, thread) == "two"
    assert await comments.of_document(document) == [thread]
    assert await comments.open_in("w") == [thread]


async def test_what_was_selected_must_be_there(storage: Storage, rooms: Rooms, comments: Comments) -> None:
    document = await written(storage, rooms)
    with pytest.raises(TextChanged):
        await comments.begin("w", document, 0, 3, "ann", "?", expected="two")
    for text in ("", " \n ", "x" * (pure.LONGEST + 1), "a\0b"):
        with pytest.raises(CannotComment):
            await comments.begin("w", document, 0, 3, "ann", text)
    assert await comments.of_document(document) == []


async def test_text_that_is_about_to_arrive_is_waited_for(
    storage: Storage, rooms: Rooms, comments: Comments, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await written(storage, rooms)
    ann = Client()
    update = ann.insert(0, "just now ")
    [(left, right)] = range_anchors(ann.doc, [(0, 4)])
    anchors = (left.encode(), right.encode())
    monkeypatch.setattr("collab.commenting.comments.PATIENCE", 0.05)
    with pytest.raises(TextChanged):
        await comments.begin_at("w", document, anchors, "ann", "Now?")
    monkeypatch.setattr("collab.commenting.comments.PATIENCE", 10.0)
    beginning = asyncio.create_task(comments.begin_at("w", document, anchors, "ann", "Now?"))
    await asyncio.sleep(0.05)
    async with rooms.open(document) as room:
        room.apply(update, "user:ann")
        assert (await beginning).quote == "just"


async def test_answers_resolving_and_one_s_own(storage: Storage, rooms: Rooms, comments: Comments) -> None:
    document = await written(storage, rooms)
    thread = await comments.begin("w", document, 0, 3, "ann", "First")
    resolved = await comments.resolve("w", thread.id, "bob", done=True)
    assert (resolved.resolved_by, await comments.open_in("w")) == ("bob", [])
    assert (await comments.resolve("w", thread.id, "cleo", done=True)).resolved_by == "bob"
    answered = await comments.answer("w", thread.id, "bob", "Second")
    assert (answered.resolved_by, answered.resolved_at) == (None, None)
    first, second = (message.id for message in answered.messages)
    with pytest.raises(NotYours):
        await comments.edit("w", thread.id, first, "bob", "Mine")
    with pytest.raises(NotYours):
        await comments.remove("w", thread.id, first, "bob")
    edited = await comments.edit("w", thread.id, second, "bob", "Second thoughts")
    assert [message.text for message in edited.messages] == ["First", "Second thoughts"]
    assert edited.messages[1].edited_at is not None
    left = await comments.remove("w", thread.id, first, "ann")
    assert left is not None
    assert [message.text for message in left.messages] == ["Second thoughts"]
    assert await comments.remove("w", thread.id, second, "bob") is None
    with pytest.raises(ThreadNotFound):
        await comments.answer("w", thread.id, "bob", "More")
    with pytest.raises(ThreadNotFound):
        await comments.find("elsewhere", thread.id)


async def test_of_those_who_answer_at_once_nobody_is_lost(storage: Storage, rooms: Rooms, comments: Comments) -> None:
    document = await written(storage, rooms)
    thread = await comments.begin("w", document, 0, 3, "ann", "Who?")
    said = [f"I, {number}" for number in range(12)]
    await asyncio.gather(*(comments.answer("w", thread.id, "bob", text) for text in said))
    [found] = await comments.of_document(document)
    assert sorted(message.text for message in found.messages[1:]) == sorted(said)
    assert found.revision == 12


async def test_threads_go_along_when_a_text_goes_on_under_another_id(
    storage: Storage, rooms: Rooms, comments: Comments
) -> None:
    document, heir = await written(storage, rooms), await written(storage, rooms, "now: " + TEXT + "three\n")
    once = await comments.begin("w", document, 4, 10, "ann", "Once")
    twice = await comments.begin("w", document, 11, 16, "ann", "There is another one")
    await comments.move(document, heir)
    await comments.move(document, heir)
    moved = {thread.id: thread for thread in await comments.of_document(heir)}
    assert await where(rooms, moved[once.id]) == "😀 two"
    assert moved[twice.id].anchors is None
    assert await comments.of_document(document) == []


PEOPLE = st.sampled_from(["ann", "bob"])
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("answer"), PEOPLE),
        st.tuples(st.just("edit"), PEOPLE, st.integers(0, 3)),
        st.tuples(st.just("remove"), PEOPLE, st.integers(0, 3)),
        st.tuples(st.just("resolve"), PEOPLE),
        st.tuples(st.just("reopen"), PEOPLE),
    ),
    max_size=20,
)


@given(STEPS)
def test_nobody_changes_what_others_have_said(steps: list[tuple[str, str, int]]) -> None:
    first = Message("0", "ann", now(), "0")
    thread: Thread | None = Thread("t", "w", "d", None, "", (first,))
    said = {"0": ("ann", "0")}
    for number, (what, who, *which) in enumerate(steps, start=1):
        if thread is None:
            return
        message = thread.messages[which[0] % len(thread.messages)].id if which else ""
        try:
            match what:
                case "answer":
                    thread = pure.answered(thread, Message(str(number), who, now(), str(number)))
                    said[str(number)] = (who, str(number))
                    assert thread.resolved_at is None
                case "edit":
                    thread = pure.edited(thread, message, who, f"{number}!", now())
                    said[message] = (who, f"{number}!")
                case "remove":
                    thread = pure.without(thread, message, who)
                    assert said.pop(message)[0] == who
                case "resolve":
                    before = thread
                    thread = pure.resolved(thread, who, now())
                    assert thread.resolved_by == (before.resolved_by or who)
                case "reopen":
                    thread = pure.reopened(thread)
        except NotYours:
            assert said[message][0] != who
        left = {one.id: (one.by, one.text) for one in thread.messages} if thread else {}
        assert left == said
        assert thread is None or Thread.of(thread.record()) == thread
    if thread is not None:
        with pytest.raises(MessageNotFound):
            pure.edited(thread, "nowhere", "ann", "x", now())
