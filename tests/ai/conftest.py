from collections.abc import AsyncIterator

import pytest

from storage import Storage
from tests.ai.group import Group, open_group


@pytest.fixture
async def group(storage: Storage) -> AsyncIterator[Group]:
    """On each backend, without a worker: `async with group.working()` runs one."""
    async with open_group(storage) as opened:
        yield opened
