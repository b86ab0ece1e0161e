"""Makes a failing plan smaller."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace

from tests.torture.plan import Plan


async def shrink(plan: Plan, fails: Callable[[Plan], Awaitable[bool]]) -> Plan:
    """``plan`` without the steps that it fails without: halves first, then ever smaller pieces.

    What fails by chance alone is only as small in the end as ``fails`` is patient.
    """
    size = len(plan.steps) // 2
    while size:
        start = 0
        while start < len(plan.steps):
            smaller = replace(plan, steps=plan.steps[:start] + plan.steps[start + size :])
            if await fails(smaller):
                plan = smaller
            else:
                start += size
        size //= 2
    return plan
