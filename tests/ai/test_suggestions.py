"""The records of suggestions: what a worker may still write that has been followed by another."""

from dataclasses import replace
from typing import Any

from ai.proposals.hunks import Hunk, HunkState
from tests.ai.group import Group
from tests.ai.proposals import propose


async def streaming(group: Group) -> tuple[str, Hunk]:
    document = await group.file("a.md", "one two")
    suggestion, _ = await propose(group, document, ("one", "1"))
    [settled] = await group.hunks(suggestion)
    await group.storage.db["hunks"].update_one({"_id": settled.id}, {"$set": {"state": "streaming"}})
    return suggestion, replace(settled, state=HunkState.STREAMING)


async def test_a_stalled_worker_overwrites_nothing_of_the_one_that_followed_it(group: Group) -> None:
    suggestion, of_first = await streaming(group)
    suggestions = group.assistant.suggestions
    assert await suggestions.begin_attempt(suggestion, 2)
    of_second = replace(of_first, attempt=2, proposed="eins")
    await suggestions.rewrite_hunk(of_second)
    await suggestions.rewrite_hunk(replace(of_first, proposed="un", state=HunkState.PENDING))
    assert await group.hunks(suggestion) == [of_second]
    await suggestions.rewrite_hunk(replace(of_second, state=HunkState.PENDING))
    assert await group.hunks(suggestion) == [replace(of_second, state=HunkState.PENDING)]


async def test_a_stalled_worker_adds_nothing_beside_the_one_that_followed_it(group: Group) -> None:
    suggestion, of_first = await streaming(group)
    suggestions = group.assistant.suggestions
    assert await suggestions.add_hunks([replace(of_first, id="of the first", ord=1)])
    assert await suggestions.begin_attempt(suggestion, 2)
    assert not await suggestions.add_hunks([replace(of_first, id="too late", ord=2)])
    assert await suggestions.add_hunks([replace(of_first, id="of the second", attempt=2, ord=3)])
    assert [hunk.id for hunk in await group.hunks(suggestion)] == [of_first.id, "of the first", "of the second"]


async def test_a_hunk_that_the_following_attempt_has_made_its_own_stays(group: Group) -> None:
    suggestion, of_first = await streaming(group)
    suggestions = group.assistant.suggestions
    await suggestions.remove_streaming([of_first.id])
    records = suggestions._suggestions
    of_second = replace(of_first, attempt=2, proposed="typed by the second")

    class Following:
        """Between the first attempt's write and its look, the second one begins and finds the hunk."""

        def __getattr__(self, name: str) -> Any:
            return getattr(records, name)

        async def find_one(self, *arguments: Any) -> Any:
            suggestions._suggestions = records
            assert await suggestions.begin_attempt(suggestion, 2)
            await suggestions.rewrite_hunk(of_second)
            return await records.find_one(*arguments)

    suggestions._suggestions = Following()  # type: ignore[assignment]
    assert not await suggestions.add_hunks([of_first])
    assert await group.hunks(suggestion) == [of_second]
