"""A consumer of events is one module, and adding one touches nothing else."""

import sys
from pathlib import Path
from types import ModuleType

import pytest

from server import consumers
from server.consuming import declared_in
from server.core import open_core
from server.settings import Settings
from storage.event_tail import Event

ONE = """
from server.consuming import consumer


@consumer("counting", "scriptorium.document.*", stale_after=60)
async def count(event, core):
    core.append(event.id)
"""
SEVERAL = """
from server.consuming import batch_consumer


@batch_consumer("summing", "external.sale", "external.refund", most=5)
async def add(events, core):
    core.append(sum(event.id for event in events))
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


async def test_all_that_there_are_are_worked_for(tmp_path: Path) -> None:
    declared = declared_in(consumers)
    assert len({each.group for each in declared}) == len(declared) > 0
    async with open_core(Settings(data_dir=tmp_path)) as core:
        assert set(core.consumers.waiting) == {each.group for each in declared}
