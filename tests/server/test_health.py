"""What ``/readyz`` says of a part is what is so now, also of a part that only keeps silent."""

import asyncio
import time
from pathlib import Path

from collab.rooms.rooms import Rooms
from server.health import PATIENCE, Health
from storage import open_storage
from tests.services.launchers import Redis


async def test_a_redis_that_hangs_is_found_out_at_the_first_look(redis_service: Redis, tmp_path: Path) -> None:
    async with open_storage(
        mongo_url=None, object_store_url=None, redis_url=redis_service.url, data_dir=tmp_path / "data"
    ) as storage:
        rooms = Rooms(storage)
        health = Health(storage, rooms)
        assert (await health.look())["bus"] == "ok"
        await asyncio.to_thread(redis_service.pause)
        try:
            began = time.monotonic()
            parts = await health.look()
            # Half a second more for a machine that is busy with other things.
            assert time.monotonic() - began < PATIENCE + 0.5
        finally:
            await asyncio.to_thread(redis_service.resume)
        assert parts["bus"] == "does not answer: changes reach other processes late"
        assert "bus" in health.since
        assert {parts[name] for name in ("database", "object_store", "log")} == {"ok"}
        assert (await health.look())["bus"] == "ok"
        assert health.since == {}
        await rooms.close()
