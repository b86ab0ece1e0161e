"""What a trial is made for, and what it tells apart: what people write is bearable to build, what is forged is not."""

from __future__ import annotations

from typing import Any

import pytest
from pycrdt import Doc, Text, merge_updates

from collab.aside import Aside, TookTooLong
from collab.replicas.trial import Structs, build, most_structs
from collab.yjs.update import read_update
from tests.collab.costly import HOSTILE, typed_at_random

pytestmark = pytest.mark.usefixtures("never_here")


def typed_at_one_place_offline(people: int, count: int) -> bytes:
    updates = []
    for person in range(people):
        doc: Doc[Any] = Doc(client_id=1_000 + 37 * person)
        shared = doc.get("text", type=Text)
        for number in range(count):
            shared.insert(0 if person % 2 else number, "o")
        updates.append(doc.get_update())
    return merge_updates(*updates)


async def test_what_people_write_is_bearable_and_what_is_forged_is_not() -> None:
    aside = Aside()
    honest = [typed_at_random(3_000), typed_at_random(1_000, people=5), typed_at_one_place_offline(60, 60)]
    for content in (*honest, b"\0\0"):
        await aside.attempt(len(content), build, content)
    with pytest.raises(TookTooLong):
        await aside.attempt(len(HOSTILE), build, HOSTILE)
    await aside.attempt(len(honest[0]), build, honest[0])
    await aside.close()


def test_a_few_structs_are_no_reason_for_a_trial_and_many_are() -> None:
    assert not Structs().doubtful(0)
    assert not Structs(0, 100).doubtful(0)
    assert Structs(0, 200).doubtful(0)
    assert not Structs(1_000_000, 0).doubtful(0)
    assert Structs(100_000, 1).doubtful(0)
    assert not Structs(0, 200).tried(200).doubtful(0)
    assert Structs(0, 200).tried(200) == Structs(200, 0)
    assert Structs(200, 0).more(7) == Structs(200, 7)
    # Each may cut a string as long as the whole text.
    assert not Structs(0, 9).doubtful(1_000_000)
    assert Structs(0, 1).doubtful(15_000_000)
    # A little more each time, each time without a trial, adds up.
    structs = Structs()
    for _ in range(1_000):
        structs = structs.more(1)
    assert structs.doubtful(0)


@pytest.mark.parametrize("make", [lambda: typed_at_random(500), lambda: typed_at_random(300, 5), lambda: HOSTILE])
def test_no_update_holds_more_structs_than_is_supposed(make: Any) -> None:
    content = make()
    assert read_update(content, "text").parts <= most_structs(content)
