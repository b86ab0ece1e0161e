"""A minute of `make torture`: plans that are always the same, and one that nobody has seen before."""

import secrets
from collections import Counter
from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from tests.conftest import required
from tests.services.launchers import find_program
from tests.support.yjs import Clients, yjs_clients
from tests.torture.cluster import Nursery, nursery
from tests.torture.plan import make_plan
from tests.torture.runner import attempt

SEEDS = [3, 5, 11, 17, 21, 23]
SECONDS = 3.0


@pytest.fixture(scope="module")
def forks() -> Iterator[Nursery]:
    with nursery() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def people() -> AsyncIterator[Clients]:
    async with yjs_clients("people.mjs") as clients:
        yield clients


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("seed", [*SEEDS, None])
async def test_nothing_is_lost_and_nothing_diverges(seed: int | None, forks: Nursery, people: Clients) -> None:
    plan = make_plan(secrets.randbits(32) if seed is None else seed, seconds=SECONDS)
    if plan.shape == "together":
        for program in ("redis-server", "versitygw"):
            required(lambda program=program: find_program(program))  # type: ignore[misc]
    print(f"seed {plan.seed}")
    assert await attempt(plan, forks, people, Counter()) is None
