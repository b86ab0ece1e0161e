"""People type before, after and inside of what is being proposed while the model still writes, and decide meanwhile.

Two processes, seeded: `pytest tests/ai/test_rebase_random.py -k seed3`. The document's own text is ASCII and people
type Greek, so that at the end every character says whose it is.
"""

import asyncio
import random
import re

import pytest

from ai.hunks import HunkState
from collab.edits import TextEdit
from tests.ai.group import ANN, BOB, Group, Process, eventually
from tests.doubles.model_server import Script

SEEDS = range(6)
LINES = 40


def base_text() -> str:
    return "".join(f"line {number} of the text, number {number}.\n" for number in range(LINES))


def answer_of(draw: random.Random, base: str) -> str:
    lines = base.splitlines(keepends=True)
    for at in draw.sample(range(LINES), 12):
        match draw.randrange(4):
            case 0:
                lines[at] = lines[at].replace("text", "TEXT")
            case 1:
                lines[at] = f"A NEW LINE {at}.\n{lines[at]}"
            case 2:
                lines[at] = ""
            case _:
                lines[at] = lines[at].upper()
    return "".join(lines)


async def type_somewhere(draw: random.Random, process: Process, document: str, typed: list[str]) -> None:
    async with process.rooms.open(document) as room:
        text = room.text
        place = draw.randint(0, len(text))
        word = "".join(draw.choices("αβγδε", k=draw.randint(1, 3)))
        room.edit([TextEdit(place, place, word)], "user:bob")
        typed.append(word)


async def decide_something(draw: random.Random, process: Process, suggestion: str) -> None:
    hunks = [hunk.id for hunk in await process.hunks(suggestion) if hunk.state is HunkState.PENDING]
    if hunks:
        chosen = draw.sample(hunks, min(len(hunks), draw.randint(1, 3)))
        await process.decide(
            suggestion, draw.choice(["accept", "accept", "reject"]), *chosen, by=draw.choice((ANN, BOB))
        )


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: f"seed{seed}")
async def test_what_streams_lands_on_its_base_or_is_stale_and_nobodys_text_is_lost(group: Group, seed: int) -> None:
    draw = random.Random(seed)
    base = base_text()
    answer = answer_of(draw, base)
    document = await group.file("a.md", base)
    other = await group.another()
    assert await other.text(document) == base
    processes: list[Process] = [group, other]
    group.model.enqueue(Script(answer=answer, delay=0.004))
    asked = await group.edit("a.md", 0, len(base))
    assert asked.suggestion is not None
    typed: list[str] = []

    async def asked_for() -> bool:
        return bool(group.model.requests)

    async with group.working():
        await eventually(asked_for)  # what was typed before that is the model's to change
        while not (await group.assistant.jobs.get(asked.job)).state.final:
            await asyncio.gather(
                *(type_somewhere(draw, draw.choice(processes), document, typed) for _ in range(2)),
                decide_something(draw, draw.choice(processes), asked.suggestion),
            )
            await asyncio.sleep(draw.random() * 0.1)
    for _ in range(5):
        await type_somewhere(draw, draw.choice(processes), document, typed)
    await other.decide(asked.suggestion, "accept", by=ANN)

    async def converged() -> bool:
        return await group.text(document) == await other.text(document)

    await eventually(converged)
    final = await group.text(document)
    assert sorted(re.findall("[α-ω]", final)) == sorted("".join(typed)), "somebody's text was lost"

    hunks = await group.hunks(asked.suggestion)
    assert not {HunkState.STREAMING, HunkState.PENDING} & {hunk.state for hunk in hunks}
    # The base with exactly the accepted hunks carried out, as if nobody had typed.
    expected = base
    for hunk in sorted(hunks, key=lambda hunk: hunk.ord, reverse=True):
        assert base[hunk.ord : hunk.ord + len(hunk.base)] == hunk.base
        if hunk.state is HunkState.ACCEPTED:
            expected = expected[: hunk.ord] + hunk.proposed + expected[hunk.ord + len(hunk.base) :]
    assert re.sub("[α-ω]", "", final) == expected
    if HunkState.ACCEPTED in {hunk.state for hunk in hunks}:
        assert expected != base
