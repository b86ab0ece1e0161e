"""`make torture`: plans, one after the other, for as long as you like. A failing one is saved and can be replayed."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import random
import shutil
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.support.server import ROOT
from tests.support.yjs import Clients, yjs_clients
from tests.torture.cluster import Nursery, nursery
from tests.torture.plan import Plan, make_plan
from tests.torture.runner import Ordeal

FAILED = ROOT / ".torture"


async def main() -> int:
    options = _parser().parse_args()
    figures: Counter[str] = Counter()
    failures = 0
    async with yjs_clients("people.mjs") as clients:
        with nursery() as forks:
            if options.replay:
                plan = Plan.load(options.replay)
                for _ in range(options.times):
                    failures += not await attempt(plan, forks, clients, figures)
            else:
                seed = random.randrange(1 << 32) if options.seed is None else options.seed
                print(f"the first seed is {seed}")
                until = time.monotonic() + 60 * options.minutes
                while time.monotonic() < until:
                    failures += not await attempt(make_plan(seed), forks, clients, figures)
                    seed += 1
    print(report(figures), f"{failures} failed", sep=", ")
    return min(1, failures)


async def attempt(plan: Plan, forks: Nursery, clients: Clients, figures: Counter[str]) -> bool:
    """Whether it went well. If not, the plan, the servers' logs and all data are kept in `.torture`."""
    folder = Path(tempfile.mkdtemp(prefix="torture-"))
    ordeal = Ordeal(plan, folder, forks, clients)
    began = time.monotonic()
    try:
        await ordeal.run()
    except Exception as error:
        kept = FAILED / f"{plan.seed}"
        shutil.rmtree(kept, ignore_errors=True)
        shutil.move(folder, kept)
        plan.save(kept / "plan.json")
        print(f"seed {plan.seed}: {type(error).__name__}: {error}\n  {kept / 'plan.json'}", flush=True)
        return False
    finally:
        figures.update(ordeal.figures)
    shutil.rmtree(folder, ignore_errors=True)
    print(f"seed {plan.seed}: {plan.shape}, {time.monotonic() - began:.1f} s, {report(ordeal.figures)}", flush=True)
    return True


def report(figures: Counter[str]) -> str:
    return ", ".join(f"{number} {name}" for name, number in figures.items())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--seed", type=int, help="of the first plan; the next ones count on from it")
    parser.add_argument("--replay", type=Path, help="a saved plan instead of new ones")
    parser.add_argument("--times", type=int, default=1, help="how often it is replayed")
    return parser


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        raise SystemExit(asyncio.run(main()))
