"""What axe-core (Deque, MPL-2.0) finds wrong with a page, by the rules of WCAG 2.2, levels A and AA.

https://github.com/dequelabs/axe-core/blob/develop/doc/API.md
"""

from functools import cache
from pathlib import Path
from typing import Any

from playwright.async_api import Page

AXE = Path(__file__).parents[2] / "client" / "node_modules" / "axe-core" / "axe.min.js"

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]

_RUN = """
rules => axe.run(document, { runOnly: { type: 'tag', values: rules }, resultTypes: ['violations'] })
  .then(({ violations }) => violations.map(({ id, help, nodes }) => ({
    id,
    help,
    nodes: nodes.map(({ target, html, failureSummary }) => ({ target: target.join(' '), html, why: failureSummary })),
  })))
"""


@cache
def _axe() -> str:
    return AXE.read_text()


async def violations(page: Page) -> list[str]:
    """Each as a paragraph: the rule, and every element that breaks it."""
    if not await page.evaluate("() => 'axe' in globalThis"):
        # Not as a script of the page, which its Content-Security-Policy would refuse.
        await page.evaluate(_axe())
    found: list[dict[str, Any]] = await page.evaluate(_RUN, RULES)
    return [_told(one) for one in found]


def _told(violation: dict[str, Any]) -> str:
    nodes = [f"  {node['target']}\n    {node['html'][:300]}\n    {node['why']}" for node in violation["nodes"]]
    return "\n".join([f"{violation['id']}: {violation['help']}", *nodes])
