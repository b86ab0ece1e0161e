"""A minute of `make torture`: plans that are always the same, and one that nobody has seen before."""

import secrets
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from tests.conftest import required
from tests.services.launchers import find_program
from tests.support.yjs import Clients, yjs_clients
from tests.torture import __main__ as torture
from tests.torture import runner
from tests.torture.cluster import Nursery, nursery
from tests.torture.plan import Plan, Step, make_plan
from tests.torture.runner import Lost, Ordeal, attempt

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


@pytest.mark.asyncio(loop_scope="module")
async def test_a_plan_that_fails_is_kept_and_can_be_replayed(
    forks: Nursery,
    people: Clients,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    plan = replace(make_plan(5), shape="alone", servers=1, steps=({"do": "wait", "ms": 1}, {"do": "wait", "ms": 2}))
    done: list[Step] = []
    do = Ordeal._do

    async def watched(ordeal: Ordeal, step: Step) -> None:
        done.append(step)
        await do(ordeal, step)

    async def finds_fault(ordeal: Ordeal) -> None:
        raise Lost("a word")

    @asynccontextmanager
    async def those(program: str) -> AsyncIterator[Clients]:
        yield people

    monkeypatch.setattr(runner, "FAILED", tmp_path)
    monkeypatch.setattr(Ordeal, "_end", finds_fault)
    kept = tmp_path / "5" / "plan.json"
    wrong = await attempt(plan, forks, people, Counter())
    assert wrong == f"Lost: a word\n  saved as {kept}"
    assert Plan.load(kept) == plan
    assert list((tmp_path / "5").rglob("*.log"))

    monkeypatch.setattr(torture, "nursery", lambda: nullcontext(forks))
    monkeypatch.setattr(torture, "yjs_clients", those)
    monkeypatch.setattr(sys, "argv", ["torture", "--replay", str(kept), "--times", "2"])
    monkeypatch.setattr(Ordeal, "_do", watched)
    assert await torture.main() == 1
    assert done == [*plan.steps, *plan.steps]
    assert f"saved as {kept}" in capsys.readouterr().out
