"""People type before, after and inside of what is being proposed while the model still writes, and decide meanwhile.

Two processes, seeded: `pytest tests/ai/test_rebase_random.py -k seed3`.
"""

import asyncio
import random

import pytest

from ai.proposals.hunks import HunkState
from collab.replicas.edits import TextEdit
from tests.ai.group import ANN, BOB, Group, Process, eventually
from tests.ai.rebase import BASE, answer_of, check, word
from tests.doubles.model_server import Script

pytestmark = pytest.mark.thorough

SEEDS = range(6)


async def type_somewhere(draw: random.Random, process: Process, document: str, typed: list[str]) -> None:
    async with process.rooms.open(document) as room:
        place, said = draw.randint(0, room.length), word(draw)
        room.edit([TextEdit(place, place, said)], "user:bob")
        typed.append(said)


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
    document = await group.file("a.md", BASE)
    other = await group.another()
    assert await other.text(document) == BASE
    processes: list[Process] = [group, other]
    group.model.enqueue(Script(answer=answer_of(draw), delay=0.004))
    asked = await group.edit("a.md", 0, len(BASE))
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
    hunks = await group.hunks(asked.suggestion)
    check(await group.text(document), typed, [hunk.record() for hunk in hunks])
