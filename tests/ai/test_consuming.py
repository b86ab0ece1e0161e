"""A consumer of events is one module, and adding one touches nothing else."""

import sys
from pathlib import Path
from types import ModuleType

import pytest

from ai import consumers
from ai.consuming import declared_in
from storage.event_tail import Event
from tests.ai.group import Group

ONE = """
from ai.consuming import consumer


@consumer("counting", "scriptorium.document.*", stale_after=60)
async def count(event, assistant):
    assistant.append(event.id)
"""
SEVERAL = """
from ai.consuming import batch_consumer


@batch_consumer("summing", "external.sale", "external.refund", most=5)
async def add(events, assistant):
    assistant.append(sum(event.id for event in events))
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    folder = tmp_path / "made_up"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "counting.py").write_text(ONE)
    (folder / "summing.py").write_text(SEVERAL)
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("made_up", "made_up.counting", "made_up.summing"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    import made_up  # type: ignore[import-not-found]

    module: ModuleType = made_up
    return module


async def test_modules_are_found_with_what_they_declare(package: ModuleType) -> None:
    counting, summing = declared_in(package)
    assert (counting.group, counting.types, counting.most, counting.stale_after) == (
        "counting",
        {"scriptorium.document.*"},
        1,
        60,
    )
    assert (summing.group, summing.types, summing.most, summing.stale_after) == (
        "summing",
        {"external.sale", "external.refund"},
        5,
        None,
    )
    given: list[int] = []
    events = [Event(number, "w", "external.sale", None, {}) for number in (1, 2, 3)]  # type: ignore[arg-type]
    await counting.take(events, given)  # type: ignore[arg-type]
    await summing.take(events, given)  # type: ignore[arg-type]
    assert given == [1, 2, 3, 6]


async def test_those_of_the_assistant_are_worked_for(group: Group) -> None:
    declared = declared_in(consumers)
    assert len({each.group for each in declared}) == len(declared) > 0
    assert set(group.assistant.consumers.waiting) == {each.group for each in declared}
