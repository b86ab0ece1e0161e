"""`make torture`: plans, one after the other, for as long as you like. A failing one is saved and can be replayed."""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from collections import Counter
from pathlib import Path

from tests.support.yjs import Clients, yjs_clients
from tests.torture.cluster import Nursery, nursery
from tests.torture.plan import Plan, make_plan
from tests.torture.runner import attempt
from tests.torture.shrinking import shrink


async def main() -> int:
    """The exit code."""
    options = _parser().parse_args()
    async with yjs_clients("people.mjs") as clients:
        with nursery() as forks:
            torture = _Torture(forks, clients)
            if options.shrink:
                await torture.shrink(Plan.load(options.shrink), options.shrink, options.times)
            elif options.replay:
                for _ in range(options.times):
                    await torture.attempt(Plan.load(options.replay))
            else:
                await torture.attempt_all(options.seed, time.monotonic() + 60 * options.minutes)
    print(f"{_told(torture.figures)}, {torture.failures} failed")
    return 1 if torture.failures else 0


class _Torture:
    def __init__(self, forks: Nursery, clients: Clients) -> None:
        self._forks = forks
        self._clients = clients
        self.figures: Counter[str] = Counter()
        self.failures = 0

    async def attempt_all(self, seed: int | None, until: float) -> None:
        if seed is None:
            seed = random.randrange(1 << 32)
        while time.monotonic() < until:
            await self.attempt(make_plan(seed))
            seed += 1

    async def attempt(self, plan: Plan) -> bool:
        """Whether it went well."""
        began = time.monotonic()
        figures: Counter[str] = Counter()
        wrong = await attempt(plan, self._forks, self._clients, figures)
        self.figures.update(figures)
        self.failures += wrong is not None
        seconds = time.monotonic() - began
        print(f"seed {plan.seed}, {plan.shape}, {seconds:.0f} s: {wrong or _told(figures)}", flush=True)
        return wrong is None

    async def shrink(self, plan: Plan, file: Path, times: int) -> None:
        """Writes each smaller plan that still fails beside ``file``, as soon as it is found."""

        async def fails(smaller: Plan) -> bool:
            for _ in range(times):
                if not await self.attempt(smaller):
                    smaller.save(file.with_name("shrunk.json"))
                    return True
            return False

        smallest = await shrink(plan, fails)
        print(f"{len(smallest.steps)} of {len(plan.steps)} steps are left")


def _told(figures: Counter[str]) -> str:
    return ", ".join(f"{number} {name}" for name, number in figures.items())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, help="of the first plan; the next ones count on from it")
    parser.add_argument("--replay", type=Path, metavar="PLAN", help="a saved plan instead of new ones")
    parser.add_argument("--shrink", type=Path, metavar="PLAN", help="find a smaller plan that fails too")
    parser.add_argument("--times", type=int, default=1, help="how often each is tried, when it fails by chance")
    return parser


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))
