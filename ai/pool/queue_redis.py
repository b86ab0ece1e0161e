"""Wakes workers across processes: one Redis stream, one consumer group, each worker a consumer.

Built on FastStream's pull interface rather than its handlers, for two reasons. A handler takes wake-ups that its busy
worker cannot use while another worker idles. And a handler's subscriber stops for good when Redis is flushed, because
the group is gone; here the failed read creates the group anew, and the worker looks into MongoDB meanwhile.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog
from faststream.redis import RedisBroker, StreamSub
from faststream.redis.message import RedisStreamMessage
from redis.exceptions import RedisError

log = structlog.get_logger(__name__)

STREAM = "scriptorium.jobs"
GROUP = "workers"

ABANDONED = 3.0
"""Seconds after which a wake-up that its worker has not answered goes to another worker: that one died claiming."""

LONGEST = 10_000
"""Wake-ups that the stream keeps; older ones are of no use, since workers also look into MongoDB."""

GROUP_GONE = ("NOGROUP", "UNBLOCKED")
"""What Redis answers a reader of a stream that was flushed before the read, and during it."""

HANGS = 1.0
"""Seconds beyond the wait that Redis may take to answer."""

UNREACHABLE = (RedisError, OSError, TimeoutError)


class RedisQueue:
    """See `ai.pool.queue.Queue`. `consumer` names this worker, or this process when it only wakes others.

    `stream` and `group` are those of one kind of consumers, all of which do the same work.
    """

    def __init__(self, url: str, consumer: str, stream: str = STREAM, group: str = GROUP) -> None:
        self._stream = stream
        self._broker = RedisBroker(url, logger=logging.getLogger(__name__), socket_connect_timeout=1.0)
        self._fresh = self._broker.subscriber(stream=StreamSub(stream, group=group, consumer=consumer))
        self._abandoned = self._broker.subscriber(
            stream=StreamSub(stream, group=group, consumer=consumer, min_idle_time=round(ABANDONED * 1000))
        )
        self._joined = False
        self._next_reclaim = 0.0
        self._away = False

    async def wake(self) -> None:
        try:
            async with asyncio.timeout(HANGS):
                await self._broker.connect()
                await self._broker.publish(b"", stream=self._stream, maxlen=LONGEST)
        except UNREACHABLE as error:
            self._note_away(error)

    @asynccontextmanager
    async def waiting(self, timeout: float) -> AsyncIterator[None]:
        message = await self._next(timeout)
        yield
        if message is not None:
            try:
                await message.ack()
            except UNREACHABLE as error:  # then it is heard twice, which costs one look into MongoDB
                self._note_away(error)

    async def _next(self, timeout: float) -> RedisStreamMessage | None:
        try:
            # A server that hangs would otherwise keep the worker from looking into MongoDB.
            async with asyncio.timeout(timeout + HANGS):
                if not self._joined:
                    await self._join()
                message = await self._reclaimed() or await self._fresh.get_one(timeout=timeout)
        except UNREACHABLE as error:
            self._joined = False
            if not any(sign in str(error) for sign in GROUP_GONE):
                self._note_away(error)
                await asyncio.sleep(timeout)
            return None
        self._away = False
        return message

    async def _join(self) -> None:
        await self._broker.connect()
        await self._fresh.start()
        await self._abandoned.start()
        self._joined = True

    async def _reclaimed(self) -> RedisStreamMessage | None:
        if time.monotonic() < self._next_reclaim:
            return None
        message = await self._abandoned.get_one()
        if message is None:  # while there are some, the next look comes at once
            self._next_reclaim = time.monotonic() + ABANDONED
        return message

    def _note_away(self, error: BaseException) -> None:
        if not self._away:
            self._away = True
            log.warning("Redis does not answer; workers look for jobs every two seconds", error=str(error))

    async def close(self) -> None:
        await self._broker.stop()
