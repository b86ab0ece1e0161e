"""From a stream of new text to hunk records: what is shown, what is stored, and when people may decide it."""

import random
from dataclasses import replace

import pytest
from pycrdt import Doc, Text

from ai.proposals.hunks import Hunk, HunkState
from ai.proposals.proposal import Proposal, Region, Unsaved
from collab.replicas.positions import Anchor, resolve
from collab.yjs.offsets import utf16_length

BLANK = Hunk("", "s", "w", "d", "a.txt", "edit", 1, 0, 0, 0, (b"", b""), "", "", HunkState.STREAMING)
HEAD = "# head 😀\n"
BASE = "one\ntwo\nthree\nfour\nfive\nsix\n"


def proposal() -> tuple[Proposal, Region, Doc]:
    replica: Doc = Doc(client_id=1)
    replica.get("text", type=Text).insert(0, HEAD + BASE + "tail\n")
    made = Proposal(replica, BLANK)
    region = made.region(utf16_length(HEAD), BASE)
    assert region is not None
    return made, region, replica


class Watcher:
    """Somebody who is told every change, and the database."""

    def __init__(self) -> None:
        self.shown: dict[str, Hunk] = {}
        self.stored: dict[str, Hunk] = {}

    def show(self, made: Proposal) -> None:
        changed, removed = made.take_unshown()
        for name in removed:
            self.shown.pop(name, None)
        self.shown |= {hunk.id: hunk for hunk in changed}

    def store(self, unsaved: Unsaved) -> None:
        for name in unsaved.removed:
            assert self.stored.pop(name).state is HunkState.STREAMING
        for hunk in unsaved.changed:
            assert self.stored[hunk.id].state is HunkState.STREAMING, "a decidable hunk was written again"
            self.stored[hunk.id] = hunk
        for hunk in unsaved.added:
            assert hunk.id not in self.stored
            self.stored[hunk.id] = hunk


def carried_out(hunks: dict[str, Hunk]) -> str:
    text = BASE
    for hunk in sorted(hunks.values(), key=lambda hunk: hunk.ord, reverse=True):
        start, end = hunk.start - utf16_length(HEAD), hunk.end - utf16_length(HEAD)
        assert BASE[start:end] == hunk.base
        text = text[:start] + hunk.proposed + text[end:]
    return text


def test_hunks_stand_where_their_anchors_say_in_a_document_with_wide_characters() -> None:
    made, region, replica = proposal()
    region.push(BASE.replace("two", "TWO 😀").replace("five", "FIVE"))
    region.finish()
    watcher = Watcher()
    watcher.store(made.take_unsaved())
    assert [hunk.base for hunk in watcher.stored.values()] == ["two", "five"]
    for hunk in watcher.stored.values():
        assert resolve(replica, [Anchor.decode(anchor) for anchor in hunk.anchors]) == [hunk.start, hunk.end]


def test_a_hunk_is_shown_as_pending_only_after_it_has_been_handed_out_for_storing() -> None:
    base = "".join(f"line {number}\n" for number in range(100))
    replica: Doc = Doc(client_id=1)
    replica.get("text", type=Text).insert(0, base)
    made = Proposal(replica, BLANK)
    region = made.region(0, base)
    assert region is not None
    region.push(base.replace("line 2\n", "LINE 2\n")[:600])
    watcher = Watcher()
    watcher.show(made)
    assert {hunk.state for hunk in watcher.shown.values()} == {HunkState.STREAMING}
    watcher.store(made.take_unsaved())
    watcher.show(made)
    assert {hunk.state for hunk in watcher.shown.values()} == {HunkState.PENDING}


def test_a_hunk_that_nobody_was_told_of_leaves_without_a_word() -> None:
    made, region, _ = proposal()
    region.push("one\ntwo\nth")
    region.push("ree\nfour\nfive\nsix\n")
    region.finish()
    assert made.take_unshown() == ([], [])
    assert not made.take_unsaved()
    assert made.empty


@pytest.mark.parametrize("seed", range(40))
def test_who_watches_and_the_database_end_with_the_new_text(seed: int) -> None:
    draw = random.Random(seed)
    lines = BASE.splitlines(keepends=True)
    for _ in range(draw.randint(1, 4)):
        place = draw.randrange(len(lines))
        match draw.randrange(3):
            case 0:
                lines[place] = lines[place].upper()
            case 1:
                lines.insert(place, f"new {draw.randrange(100)}\n")
            case _ if len(lines) > 1:
                del lines[place]
    new = "".join(lines)
    made, region, _ = proposal()
    watcher = Watcher()
    rest = new
    while rest:
        cut = draw.randint(1, 6)
        region.push(rest[:cut])
        rest = rest[cut:]
        if draw.random() < 0.5:
            watcher.show(made)
        if draw.random() < 0.2:
            watcher.store(made.take_unsaved())
            watcher.show(made)
    region.finish()
    watcher.store(made.take_unsaved())
    watcher.show(made)
    assert watcher.shown == watcher.stored
    assert all(hunk.state is HunkState.PENDING for hunk in watcher.stored.values())
    assert carried_out(watcher.stored) == new


def test_an_answer_that_broke_off_leaves_what_came_in_full_lines() -> None:
    made, region, _ = proposal()
    region.push("one\nTWO\nthree\nfo")
    made.stop()
    watcher = Watcher()
    watcher.store(made.take_unsaved())
    assert carried_out(watcher.stored) == BASE.replace("two", "TWO")
    assert [replace(hunk, id="").state for hunk in watcher.stored.values()] == [HunkState.PENDING]


def test_regions_do_not_overlap_and_their_hunks_stand_where_they_are() -> None:
    made, region, _ = proposal()
    start = utf16_length(HEAD)
    assert made.region(start + 4, "two\n") is None
    assert made.region(0, HEAD + "o") is None
    other = made.region(0, "# head 😀\n")
    tail = made.region(start + len(BASE), "tail\n")
    assert other is not None
    assert tail is not None
    tail.push("end\n")
    region.push(BASE.replace("two", "2"))
    other.push("# top 😀\n")
    for each in (tail, region, other):
        each.finish()
    watcher = Watcher()
    watcher.store(made.take_unsaved())
    found = sorted((hunk.start, hunk.base, hunk.proposed) for hunk in watcher.stored.values())
    assert found == [(2, "head", "top"), (start + 4, "two", "2"), (start + len(BASE), "tail", "end")]
