"""What changes of a person reaches their open sockets within 2 seconds, on every process: rights, and the name.

The process that changes it says so on the bus; since the bus may lose a message, every process also looks for
itself, once a second where there are several. One round looks up everything that its open sockets rest on in a few
queries, however many sockets there are.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace

import structlog
from pymongo.errors import PyMongoError

from collab.faults import is_fault
from collab.files.files import Files
from server.callers import Member
from server.identity import Identity
from server.problems import Problem
from storage.bus import Bus
from storage.errors import STORAGE_AWAY

log = structlog.get_logger(__name__)

CHANNEL = "access"

INTERVAL = 1.0
"""Seconds between two rounds, where the bus may lose what other processes say."""

LATE = 30.0
"""Seconds from a change within which somebody who was signed in before it may still be opening a socket."""

INTERVAL_ALONE = 15.0
"""The same in the only process, which hears of every change that it makes; sessions also end by themselves."""


async def watch_deleted(files: Files, bus: Bus) -> None:
    """Where there are several processes, for ever: send away who is in a file that another one has deleted.

    Also while the bus is connected. Whoever deletes the file says so once, and nobody here can know that it was lost:
    a Redis that hangs leaves connections open, and what does not fit into the other one's queue is dropped there.
    """
    while bus.spans_processes:
        await asyncio.sleep(INTERVAL)
        try:
            await files.trees.send_away_from_deleted()
        except STORAGE_AWAY as error:
            log.warning("cannot look for deleted files", error=str(error))
        except BaseException as error:
            if not is_fault(error):
                raise
            log.exception("looking for deleted files failed")


@dataclass(slots=True, eq=False)
class _Watched:
    member: Member
    changed: Callable[[Member], None]
    revoked: Callable[[Problem], None]


class Watch:
    def __init__(self, identity: Identity, bus: Bus) -> None:
        self._identity = identity
        self._bus = bus
        self._watched: dict[_Watched, None] = {}
        self._look = asyncio.Event()
        self._changed_at = float("-inf")

    def watch(
        self, member: Member, changed: Callable[[Member], None], revoked: Callable[[Problem], None]
    ) -> Callable[[], None]:
        """Call ``changed`` or ``revoked`` when what ``member`` came in with changes; the result stops it.

        ``changed`` is given the member as they are now, with another name or role.
        """
        watched = _Watched(member, changed, revoked)
        self._watched[watched] = None
        if asyncio.get_running_loop().time() - self._changed_at < LATE:
            self._look.set()  # the round for that change may have been before this one came
        return lambda: self._watched.pop(watched, None) and None

    async def announce(self) -> None:
        """Tell every process that somebody's rights or name have changed, after the change is stored."""
        self._somebody_changed()  # without waiting to hear it from a bus that may be away
        self._bus.publish(CHANNEL, b"")

    async def run(self) -> None:
        """Look, for ever, whatever fails: who is in now would otherwise keep their rights until the process ends."""
        unsubscribe = await self._bus.subscribe(CHANNEL, lambda _: self._somebody_changed())
        try:
            while True:
                self._look.clear()
                try:
                    certain = await self._check() if self._watched else True
                except BaseException as error:
                    if not is_fault(error):
                        raise
                    log.exception("checking the rights of open sockets failed")
                    certain = False
                alone = certain and not self._bus.spans_processes
                try:
                    await asyncio.wait_for(self._look.wait(), INTERVAL_ALONE if alone else INTERVAL)
                except TimeoutError:
                    continue
        finally:
            await unsubscribe()

    def _somebody_changed(self) -> None:
        self._changed_at = asyncio.get_running_loop().time()
        self._look.set()

    async def _check(self) -> bool:
        """False when the database does not say, or somebody could not be told: they are looked at again soon."""
        watched = list(self._watched)
        members = [w.member for w in watched]
        sessions = {m.credential.id for m in members if m.credential.kind == "session"}
        tokens = {m.credential.id for m in members if m.credential.kind == "token"}
        try:
            living = await self._identity.sessions.living(list(sessions)) if sessions else set()
            living |= await self._identity.tokens.living(list(tokens)) if tokens else set()
            roles = await self._identity.members.roles({(m.workspace, m.user.id) for m in members})
            users = await self._identity.users.many(list({m.user.id for m in members}))
        except PyMongoError as error:
            # Nobody can be shown to have lost anything, and editing goes on while the database is away.
            log.warning("cannot check the rights of open sockets", error=str(error))
            return False
        certain = True
        for w in watched:
            if w not in self._watched:
                continue  # left meanwhile
            role = roles.get((w.member.workspace, w.member.user.id))
            try:
                if w.member.credential.id not in living:
                    w.revoked(Problem(401, "You were signed out."))
                elif role is None:
                    w.revoked(Problem(403, "You are no longer a member of this workspace."))
                else:
                    member = replace(w.member, user=users.get(w.member.user.id, w.member.user), role=role)
                    if member != w.member:
                        w.changed(member)
                        w.member = member  # not before: until it has been told, it is told again
            except BaseException as error:
                # What is wrong with one socket must keep nobody else in.
                if not is_fault(error):
                    raise
                log.exception("an open socket was not told of a change", user=w.member.user.id)
                certain = False
        return certain
