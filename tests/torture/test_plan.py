"""Plans are plain data that a seed decides, and any part of one is a plan."""

from pathlib import Path

import pytest

from tests.torture.plan import Plan, make_plan
from tests.torture.shrinking import shrink


@pytest.mark.parametrize("seed", range(20))
def test_a_seed_always_makes_the_same_plan(seed: int, tmp_path: Path) -> None:
    plan = make_plan(seed)
    assert plan == make_plan(seed)
    assert plan != make_plan(seed + 1)
    plan.save(tmp_path / "plan.json")
    assert Plan.load(tmp_path / "plan.json") == plan


async def test_what_a_plan_fails_without_is_left_out() -> None:
    plan = make_plan(1)
    needed = (plan.steps[3], plan.steps[40], plan.steps[-1])

    async def fails(smaller: Plan) -> bool:
        steps = iter(smaller.steps)
        return all(any(step is one for step in steps) for one in needed)

    assert (await shrink(plan, fails)).steps == needed
