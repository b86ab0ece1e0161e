"""Workspaces take turns, however many searches each of them has."""

import asyncio

from collab.searching.turns import Turns


async def test_workspaces_come_in_turn() -> None:
    turns, came = Turns(1), list[str]()

    async def searching(workspace: str) -> None:
        for _ in range(3):
            async with turns.of(workspace):
                came.append(workspace)
                await asyncio.sleep(0)

    await asyncio.gather(*(searching(workspace) for workspace in ("w", "w", "w", "other")))
    assert came[:6] == ["w", "other"] * 3
    assert came[6:] == ["w"] * 6


async def test_nothing_is_kept_of_a_workspace() -> None:
    turns = Turns(1)
    async with turns.of("w"):
        pass
    assert len(turns._workspaces) == 0
