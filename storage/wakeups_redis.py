"""Wake-ups across processes: one Redis stream for each topic, one consumer group for each of its groups.

Built on FastStream's pull interface rather than its handlers, for two reasons. A handler takes wake-ups that its busy
process cannot use while another process idles. And a handler's subscriber stops for good when Redis is flushed, because
the group is gone; here the failed read creates the group anew, and whoever waits looks into the database meanwhile.
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

from storage.wakeups import MOST_WAITING

log = structlog.get_logger(__name__)

ABANDONED = 3.0
"""Seconds after which a wake-up that its process has not answered goes to another one: that one died over it."""

GROUP_GONE = ("NOGROUP", "UNBLOCKED")
"""What Redis answers a reader of a stream that was flushed before the read, and during it."""

HANGS = 1.0
"""Seconds beyond the wait that Redis may take to answer."""

UNREACHABLE = (RedisError, OSError, TimeoutError)


class RedisTopic:
    """See `storage.wakeups.Topic`. `name` is that of the Redis stream, `process` names this one among the consumers."""

    def __init__(self, url: str, name: str, process: str) -> None:
        self._name = name
        self._process = process
        self._broker = RedisBroker(url, logger=logging.getLogger(__name__), socket_connect_timeout=1.0)
        self._groups: dict[str, RedisWakeups] = {}
        self._away = False

    async def wake(self, about: str = "") -> None:
        try:
            async with asyncio.timeout(HANGS):
                await self._broker.connect()
                await self._broker.publish(about.encode(), stream=self._name, maxlen=MOST_WAITING)
        except UNREACHABLE as error:
            self.note_away(error)

    def group(self, name: str) -> "RedisWakeups":
        if name not in self._groups:
            self._groups[name] = RedisWakeups(self, self._broker, self._name, name, self._process)
        return self._groups[name]

    async def close(self) -> None:
        await self._broker.stop()

    def note_away(self, error: BaseException) -> None:
        if not self._away:
            self._away = True
            log.warning("Redis does not answer; what is to be done is looked for", topic=self._name, error=str(error))

    def note_there(self) -> None:
        self._away = False


class RedisWakeups:
    def __init__(self, topic: RedisTopic, broker: RedisBroker, stream: str, group: str, process: str) -> None:
        self._topic = topic
        self._broker = broker
        self._fresh = broker.subscriber(stream=StreamSub(stream, group=group, consumer=process))
        self._abandoned = broker.subscriber(
            stream=StreamSub(stream, group=group, consumer=process, min_idle_time=round(ABANDONED * 1000))
        )
        self._joined = False
        self._next_reclaim = 0.0

    @asynccontextmanager
    async def waiting(self, timeout: float) -> AsyncIterator[str | None]:
        message = await self._next(timeout)
        yield None if message is None else _about(message)
        if message is not None:
            try:
                await message.ack()
            except UNREACHABLE as error:  # then it is heard twice, which costs one look into the database
                self._topic.note_away(error)

    async def _next(self, timeout: float) -> RedisStreamMessage | None:
        try:
            # A server that hangs would otherwise keep the process from looking into the database.
            async with asyncio.timeout(timeout + HANGS):
                if not self._joined:
                    await self._join()
                message = await self._reclaimed() or await self._fresh.get_one(timeout=timeout)
        except UNREACHABLE as error:
            self._joined = False
            if not any(sign in str(error) for sign in GROUP_GONE):
                self._topic.note_away(error)
                await asyncio.sleep(timeout)
            return None
        self._topic.note_there()
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


def _about(message: RedisStreamMessage) -> str:
    return message.body.decode("utf-8", "replace")
