"""One worker process: it takes jobs, and edits documents as one more peer, but nobody connects to it."""

import asyncio
import os
import signal
from typing import Literal

import structlog

from server.collecting import collect_regularly
from server.commands.failure import CommandFailed
from server.core import open_core, running
from server.settings import Settings, warn_of_unknown

log = structlog.get_logger(__name__)


Only = Literal["answers", "analysis", "events"]
"""What one process does: work on jobs, look at what requests are about before that (`ai.prompting.manager`), or see to
what is to happen when something has happened (`server.consuming`)."""


async def work(settings: Settings, only: Only | None = None) -> None:
    """Work until SIGINT or SIGTERM; what is unfinished then goes to another worker. None does all kinds of work."""
    warn_of_unknown(os.environ)
    if settings.redis_url is None:
        raise CommandFailed(
            "A worker of its own needs Redis: set SCRIPTORIUM_REDIS_URL, here and for `scriptorium serve`. "
            "Without it, `scriptorium serve` does the work itself."
        )
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with open_core(settings) as core, running(collect_regularly()):
        log.info("working", only=only)
        assistant = core.assistant
        work = {
            None: core.work,
            "answers": assistant.answer,
            "analysis": assistant.manage,
            "events": core.see_to_events,
        }[only]
        working = asyncio.create_task(work())
        waiting = asyncio.create_task(stopping.wait())
        await asyncio.wait({working, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        working.cancel()
        [ended] = await asyncio.gather(working, return_exceptions=True)
        if isinstance(ended, Exception):
            raise ended
    log.info("stopped")
