import random
from dataclasses import replace
from typing import Any

import pytest

from ai.proposals.deltas import WHOLE_EVERY, Deltas
from ai.proposals.hunks import HunkState
from collab.yjs.offsets import slice_utf16, utf16_length
from tests.ai.corruptions import BLANK


class Page:
    """What somebody shows who hears every delta."""

    def __init__(self) -> None:
        self.hunks: dict[str, dict[str, Any]] = {}

    def hear(self, delta: dict[str, Any]) -> None:
        for gone in delta["removed"]:
            self.hunks.pop(gone, None)
        self.hunks |= {hunk["id"]: hunk for hunk in delta["hunks"]}
        for grown in delta["grown"]:
            hunk = self.hunks[grown["id"]]
            assert utf16_length(hunk["proposed"]) == grown["at"]
            self.hunks[grown["id"]] = hunk | {"proposed": hunk["proposed"] + grown["text"]}


@pytest.mark.parametrize("seed", range(20))
def test_who_hears_every_delta_has_every_hunk(seed: int) -> None:
    draw, deltas, page = random.Random(seed), Deltas(), Page()
    hunks = {name: replace(BLANK, id=name) for name in "abc"}
    for step in range(60):
        changed, removed = [], []
        for name in draw.sample("abc", draw.randint(0, 2)):
            hunk = hunks.get(name, replace(BLANK, id=name))
            match draw.randrange(5):
                case 0 if name in hunks:
                    removed.append(name)
                    del hunks[name]
                    continue
                case 1:
                    hunk = replace(hunk, proposed=draw.choice(["", "x", "😀"]))
                case 2:
                    hunk = replace(hunk, start=hunk.start + 1, end=hunk.end + 1)
                case _:
                    hunk = replace(hunk, proposed=hunk.proposed + draw.choice(["word ", "😀", ""]))
            hunks[name] = hunk
            changed.append(hunk)
        page.hear(deltas.of(changed, removed, step / 4))
        assert {name: page.hunks[name]["proposed"] for name in page.hunks if name in hunks} == {
            name: hunk.proposed for name, hunk in hunks.items() if name in page.hunks
        }
    assert page.hunks == {name: hunk.view() for name, hunk in hunks.items() if name in page.hunks}


def test_a_hunk_that_grows_is_not_told_again() -> None:
    deltas = Deltas()
    text = "word 😀 " * 1_000
    told = 0
    for size in range(0, len(text), 50):
        delta = deltas.of([replace(BLANK, id="a", proposed=text[:size])], [], 0.0)
        told += len(str(delta["grown"])) + sum(len(hunk["proposed"]) for hunk in delta["hunks"])
    assert told < 3 * utf16_length(text) + 12_000
    [pending] = deltas.of([replace(BLANK, id="a", proposed=text, state=HunkState.PENDING)], [], 0.0)["hunks"]
    assert slice_utf16(pending["proposed"], 0, 4) == "word"


def test_a_hunk_that_grows_is_told_whole_now_and_then() -> None:
    deltas = Deltas()
    whole = [
        bool(deltas.of([replace(BLANK, id="a", proposed="x" * n)], [], n / 10)["hunks"])
        for n in range(int(10 * WHOLE_EVERY) * 2)
    ]
    assert whole.count(True) == 2
