"""People on two processes type before, after and inside pending text at random while others decide on it.

Seeded, so a failure can be played again: `pytest tests/ai/test_decisions_random.py -k seed3`. The document's own text
is ASCII and people type Greek and emoji, so that it can be told at the end what belongs to whom, whatever moved where.
"""

import asyncio
import random
from dataclasses import dataclass, field

import pytest

from ai.proposals.hunks import HunkState
from collab.replicas.edits import TextEdit
from collab.yjs.offsets import utf16_length
from tests.ai.group import ANN, BOB, Group, Process, eventually
from tests.ai.proposals import propose

HUNKS = 8
STEPS = 40
SEEDS = range(5)


@dataclass
class Slot:
    """A piece of the document that a hunk is about, between fixed words."""

    base: str
    proposed: str
    hunk: str = ""
    damaged: str | None = None
    """The base without the character that somebody has deleted."""


@dataclass
class Play:
    draw: random.Random
    document: str
    processes: list[Process]
    slots: list[Slot]
    suggestion: str = ""
    typed: list[str] = field(default_factory=list)

    async def type(self) -> None:
        async with self.draw.choice(self.processes).rooms.open(self.document) as room:
            text = room.text
            place = self.draw.randint(0, len(text))
            piece = "".join(self.draw.choices("αβγ😀δ", k=self.draw.randint(1, 4)))
            room.edit([TextEdit(utf16_length(text[:place]), utf16_length(text[:place]), piece)], "user:bob")
            self.typed.append(piece)

    async def damage(self) -> None:
        """Delete one character of a base that is still to be decided."""
        slot = self.draw.choice(self.slots)
        async with self.draw.choice(self.processes).rooms.open(self.document) as room:
            text = room.text
            if slot.damaged is None and slot.base and text.count(slot.base) == 1:
                place = utf16_length(text[: text.index(slot.base)])
                room.edit([TextEdit(place, place + 1, "")], "user:bob")
                slot.damaged = slot.base[1:]

    async def decide(self) -> None:
        process, by = self.draw.choice(self.processes), self.draw.choice((ANN, BOB))
        decision = self.draw.choice(["accept", "accept", "reject", "undo"])
        slots = self.draw.sample(self.slots, k=self.draw.randint(1, 3))
        await process.decide(self.suggestion, decision, *(slot.hunk for slot in slots), by=by)

    async def step(self) -> None:
        await asyncio.sleep(self.draw.random() * 0.02)
        act = self.draw.choices([self.type, self.damage, self.decide], weights=[6, 1, 3])[0]
        await act()


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: f"seed{seed}")
async def test_a_hunk_lands_exactly_on_its_base_or_is_stale_and_nobodys_text_is_lost(group: Group, seed: int) -> None:
    draw = random.Random(seed)
    slots = [Slot(f"base{n}.", draw.choice(["", f"PROPOSED{n}!", f"<{n}>"])) for n in range(HUNKS)]
    slots[3] = Slot("", "INSERTED!")
    words = [f"word{n}|" for n in range(HUNKS + 1)]
    text, edits = words[0], []
    for slot, word in zip(slots, words[1:], strict=True):
        edits.append(TextEdit(len(text), len(text) + len(slot.base), slot.proposed))
        text += slot.base + word
    document = await group.file("a.md", text)
    other = await group.another()
    await other.text(document)
    play = Play(draw, document, [group, other], slots)
    play.suggestion, ids = await propose(group, document, *edits)
    for slot, hunk in zip(slots, ids, strict=True):
        slot.hunk = hunk

    for _ in range(STEPS // 4):
        await asyncio.gather(*(play.step() for _ in range(4)))

    async def converged() -> bool:
        return await group.text(document) == await other.text(document)

    await eventually(converged)
    final = await group.text(document)
    greek = sorted(character for character in final if not character.isascii())
    assert greek == sorted("".join(play.typed)), "somebody's text was lost"
    states = {hunk.id: hunk.state for hunk in await group.hunks(play.suggestion)}
    expected = words[0]
    for slot, word in zip(slots, words[1:], strict=True):
        match states[slot.hunk]:
            case HunkState.ACCEPTED:
                expected += slot.proposed
            case HunkState.UNDONE:
                # Somebody may have damaged the text after it was restored.
                expected += slot.base if slot.base in _ascii(final) else slot.damaged or slot.base
            case _:
                expected += slot.base if slot.damaged is None else slot.damaged
        expected += word
    assert _ascii(final) == expected


def _ascii(text: str) -> str:
    return "".join(character for character in text if character.isascii())
