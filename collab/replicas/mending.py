"""Mends what cuts surrogate pairs (`collab.yjs.surrogates`) without holding up the loop: that reads a document struct
by struct, half a second for 80,000 of them."""

from __future__ import annotations

from collections.abc import Sequence
from time import thread_time

import structlog
from pycrdt import Doc, merge_updates

from collab.aside import Aside, AsideFailed
from collab.replicas.replica import Replica
from collab.yjs.surrogates import mend

log = structlog.get_logger(__name__)


async def mend_aside(replica: Replica, aside: Aside) -> float:
    """Make a torn ``replica`` whole, to which nothing else happens meanwhile. Returns the seconds of CPU that it took.

    When the machine has no room for that, it is done at the first look into the replica.

    Raises:
        ValueError, pycrdt's PanicException (a BaseException): the CRDT library does not take it. Nothing has changed.
    """
    content, deferred = replica.untried()
    size = len(content) + sum(map(len, deferred))
    try:
        mended, seconds = await aside.run(size, _mended, content, deferred)
    except (AsideFailed, OSError) as error:
        log.error("a document could not be mended aside", why=str(error))
        return 0.0
    replica.mended(mended)
    await replica.known.read_ahead()
    return seconds


def _mended(content: bytes, deferred: Sequence[bytes]) -> tuple[bytes, float]:
    began = thread_time()
    mended = mend(merge_updates(content, *deferred))
    # Built once, before anybody is shown it: what the library does not take might be in it, and nobody could open the
    # document any more.
    Doc().apply_update(mended)
    return mended, thread_time() - began
