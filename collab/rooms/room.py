"""A room: one shared document in the memory of one process.

The room is a cache (the log and the snapshot own the text), and the place where updates meet: they are validated one
by one, merged, applied once and sent to everybody as one frame encoded once (DESIGN section 3.3). A room never edits
its own document: every edit, also the server's and the assistant's, arrives as an update under a client id of its own,
so that (document, client id) always names one author.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Container, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from time import thread_time
from typing import TYPE_CHECKING, Any

import structlog
from pycrdt import Doc

from collab.aside import Aside, TookTooLong
from collab.durable.entries import LogEntry, NewClient
from collab.durable.outbox import BYTES_PER_CLIENT, Outbox
from collab.durable.snapshots import Loaded
from collab.faults import is_fault
from collab.limits import Limits
from collab.refusals import DocumentTooLarge, Overloaded, RoomClosed, RoomRebuilding, UpdateGap
from collab.replicas.building import StandIn
from collab.replicas.edits import TextEdit, edit_update, fresh_client_id
from collab.replicas.mending import mend_aside
from collab.replicas.replica import TURN
from collab.replicas.trial import PER_BYTE, squash
from collab.rooms import replication
from collab.rooms.audience import Audience
from collab.rooms.incoming import Gathered, Incoming, merged
from collab.rooms.peer import Sender
from collab.rooms.size import Size
from collab.rooms.window import FlushWindow
from collab.yjs.claims import Claims
from collab.yjs.known import NOTHING
from collab.yjs.offsets import slice_utf16, utf16_length
from collab.yjs.update import Gap, InvalidUpdate, Kind, UpdateHeader, encode_state_vector, read_update

if TYPE_CHECKING:
    from collab.durable.commits import GroupCommit

log = structlog.get_logger(__name__)

COSTLY = 0.005
"""Seconds of CPU for one flush, a hundred times what is usual, from which its sender is charged with them."""

SUSPICION = 10.0
"""Seconds without merging after several clients together sent something costly."""

UNSUSPICIOUS = 16
"""Structs and delete ranges that are integrated together at least, however many the document has, as long as nothing
was costly: merging what many people type makes everything cheap."""

SILENCE = 30.0
"""Seconds without a heartbeat after which a writer elsewhere is gone: it says three at least in that time."""

MOST_CLIENTS = 100_000
"""Client ids under which one document was written: as many visits of people who typed. Who opens it has them compared,
which must not hold up the others."""

RENEWED = "this document goes on under a new id"
"""Why it was closed, so that whoever was in it looks for that."""

TRIALS = 3
"""For one copy. People write on meanwhile; what they did in the last of so many is let pass."""

FEW_CLIENTS = 16
"""Client ids that an update may bring for nothing: everybody brings one, who was away for days some more."""

COST_PER_CLIENT = 1e-4
"""Seconds of CPU for each beyond them: the log keeps a record of who writes under it."""


class Room:
    """Every method must be called on the event loop that made the room. Positions are UTF-16 code units."""

    def __init__(
        self,
        document: str,
        loaded: Loaded,
        *,
        writer: str,
        commits: GroupCommit,
        publish: Callable[[bytes], None],
        heard: Callable[[], bool],
        missed: Callable[[Room], None],
        resumed: Callable[[Room], None],
        claimed: Callable[[Room], None],
        rebuild: Callable[[Room], None],
        aside: Aside,
        costly: Callable[[Room], None],
        committed: Callable[[Room], None],
        limits: Limits,
    ) -> None:
        """``missed``: read the log, others have written what is not here; ``resumed``: what came over the bus while the
        room was not `sound` was not taken; ``claimed``: compare `claims` with what is here; ``costly``: building it
        takes too long.
        """
        self.document = document
        self.workspace = loaded.workspace
        self.kind: Kind = loaded.kind
        self.audience = Audience(writer=writer, publish=publish, heard=heard, limits=limits)
        self.deleters: set[str] = set()
        """Who has deleted something and nothing more in one update: for versions, which empty it. All else that people
        do leaves their client id in the text; this leaves nothing."""
        self.writer = writer
        self._commits = commits
        self._publish = publish
        self._heard = heard
        self._missed = missed
        self._resumed = resumed
        self._claimed = claimed
        self._rebuild = rebuild
        self._aside = aside
        self._costly = costly
        self._trial: asyncio.Task[None] | None = None
        self._held_up: asyncio.Task[None] | None = None
        self.dropped = False
        """Whether something was accepted and not taken after all, so that the text is not all that there is, and nobody
        can be told any more that theirs is saved."""
        self._own_refused = 0
        """Edits of the server itself that were accepted, and not taken after a rebuild."""
        self.unbearable = False
        """Whether it was given up, most often because building it takes too long."""
        self.claims = Claims()
        """What other processes say at clocks that were known here."""
        self.contradicted = False
        """Whether others were shown something else under the same clocks, so that what is here is not what all have."""
        self._committed = committed
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._adopt(loaded)
        self._incoming = Gathered()
        self._at_once = UNSUSPICIOUS
        self._one_by_one = False
        """Whether what waits to be integrated was once refused when it was merged."""
        self._window = FlushWindow()
        self._flush_timer: asyncio.TimerHandle | None = None
        self._outbox = Outbox(commits.backlog)
        self._heard_logged = 0
        self._heard_at: dict[str, float] = {}
        """Writer elsewhere → when it last said something, until it has been silent for `SILENCE`."""
        self.announced: dict[str, int] = {}
        """Writer → newest number that it said the log has."""
        self._suspects: list[Incoming] = []
        self._after_rebuild: list[Callable[[], None]] = []
        self._halfway = 0
        """Edits that are shown in turns, and not yet wholly."""
        self._complete = asyncio.Event()
        self.sound = asyncio.Event()
        """Clear while the document is being rebuilt or mended, or while its first edit waits for a trial."""
        self.sound.set()
        self.closed = False

    def _adopt(self, loaded: Loaded) -> None:
        self._replica = loaded.replica
        self.spoilt = loaded.spoilt
        """Whether an entry of the log was left out because it can never be taken."""
        self.covered = loaded.covered
        self.entries = loaded.entries
        self.log_size = loaded.log_size
        self.snapshot_size = loaded.snapshot_size
        self._forget_copies()
        self._size = Size(loaded.snapshot_size + loaded.log_size, self._limits.text_document)

    def _forget_copies(self) -> None:
        self._cached_text: str | None = None
        self._cached_encoding: bytes | None = None
        self._cached_deletions: bytes | None = None

    # ---- reading

    @property
    def doc(self) -> Doc[Any]:
        """For reading alone, and not to be kept: a rebuild puts another in its place."""
        return self._replica.doc

    @property
    def state(self) -> dict[int, int]:
        """Yjs client id → clock, of all that was accepted."""
        return self._replica.state

    @property
    def whole(self) -> bool:
        """False when something of the log is missing here for good."""
        return not self.spoilt and not self._replica.set_aside

    @property
    def doubtful(self) -> bool:
        """Whether building the document, or a copy of it, needs a trial first (`copyable`)."""
        return self._replica.doubtful

    @property
    def built(self) -> bool:
        """Whether `doc` and `text` cost nothing more than to look at them."""
        return self._replica.built

    @property
    def holds_up(self) -> bool:
        """Whether the first look at `doc` holds up the loop, for as long as nobody has awaited `readable`."""
        return self._replica.holds_up

    @property
    def added(self) -> int:
        """`Replica.added`, of what the log has and of what it lacks."""
        return self._replica.added

    def folded(self, entries: int, size: int, added: int) -> None:
        """So much of the log, which has so many structs, is in the snapshot now."""
        self.entries = max(0, self.entries - entries)
        self.log_size = max(0, self.log_size - size)
        self.snapshot_size = max(self.snapshot_size, size)
        self._replica.added = max(0, self._replica.added - added)

    async def copyable(self) -> None:
        """Return when building the document, or a copy of it, takes a bearable time. Make the copy before anything is
        awaited: people write on.

        Raises:
            RoomClosed: it does not, and goes on under a new id.
        """
        for _ in range(TRIALS):
            await self.idle()
            if self.unbearable:
                raise RoomClosed(self.document)
            if self._replica.doubtful:
                await self._trial_made()
            elif self._replica.holds_up:
                self.sound.clear()
                await self._build()
            else:
                return
        # Who writes faster than trials are made would keep everybody else from ever getting a copy.
        await self.idle()
        self.sound.clear()
        await self._try_out()
        if self.unbearable:
            raise RoomClosed(self.document)

    @property
    def unread(self) -> bool:
        """Whether taking an update would hold up the loop, for as long as nobody has awaited `learned`."""
        return self._replica.known.unread

    async def learned(self) -> None:
        """Return when all is known that updates are held against: not so right after opening (`Known.read_ahead`), and
        who only reads need not wait for it."""
        with suppress(InvalidUpdate):  # as `accept` says of each update
            await self._replica.known.read_ahead()

    async def ready(self) -> None:
        """Return while edits are taken: not while the document is rebuilt, tried or mended."""
        while not self.sound.is_set():  # whoever came back first may have had it cleared again
            await self.sound.wait()

    async def idle(self) -> None:
        """As `ready`, when all that was admitted has been integrated, too."""
        await self.ready()
        self.flush()
        while not self.sound.is_set():
            await self.ready()
            self.flush()

    async def _trial_made(self) -> None:
        if self._trial is None or self._trial.done():
            self._trial = self._loop.create_task(self._make_trial())
        await asyncio.shield(self._trial)

    async def _make_trial(self) -> None:
        self.flush()
        replica, fresh = self._replica, self._replica.structs.fresh
        try:
            content, deferred = (self.encode_whole(), []) if replica.built or replica.torn else replica.untried()
            size = len(content) + sum(map(len, deferred))
            squashed = await self._aside.attempt_twice(size, squash, content, deferred)
        except TookTooLong:
            self._costly(self)
        except BaseException as error:  # the CRDT library refuses it, or the machine has no room for a process
            if not is_fault(error):
                raise
            log.error("a document could not be tried", document=self.document, why=str(error))
            replica.structs = replica.structs.tried(fresh)
        else:
            replica.tried(fresh, content, squashed, len(deferred))

    def give_up(self) -> None:
        """The document takes too long to build, or contradicts itself: nobody may go on writing here."""
        self.unbearable = True
        self.close(4410, RENEWED)

    async def readable(self) -> None:
        """As `copyable`, for who reads `text` or `nodes`: once the document is built, they can be had, unless it is
        being rebuilt: until then the half of an update may stand in it."""
        await self.idle()
        if not self._replica.built:
            await self.copyable()

    def _hold(self, work: Coroutine[Any, Any, None]) -> None:
        """Nothing is taken until ``work`` is done."""
        self.sound.clear()
        self._held_up = self._loop.create_task(work)

    async def _try_out(self) -> None:
        """What has come is integrated after a trial: that takes building the document, and nothing has until now."""
        try:
            while self._replica.doubtful and not self.unbearable:
                await self._trial_made()
        finally:
            self._go_on()

    async def _build(self) -> None:
        """Nothing is taken meanwhile, and others get their turns."""
        try:
            await self._replica.build_ahead()
        finally:
            self._go_on()

    @property
    def text(self) -> str:
        """The present shared text."""
        self.flush()
        if self._cached_text is None:
            self._cached_text = str(self._replica.text)
        return self._cached_text

    @property
    def length(self) -> int:
        """Of the present shared text, in UTF-16 code units."""
        return utf16_length(self.text)

    @property
    def nodes(self) -> dict[str, Any]:
        """The raw content of a tree document's root map, of any shape: `collab.tree.rule` makes it legal."""
        self.flush()
        return dict(self._replica.nodes.to_py() or {})

    @property
    def clients(self) -> Container[int]:
        """Yjs client ids that have written here."""
        return self.state

    @property
    def sequence(self) -> int:
        """The number of this process's newest update here."""
        return self._outbox.sequence

    @property
    def logged_sequence(self) -> int:
        """The number of this process's newest update here that the log has."""
        return self._outbox.logged

    def encode_since(self, state_vector: bytes, known: Mapping[int, int]) -> bytes:
        """A Yjs v1 update of all that is here and that ``state_vector``, decoded ``known``, lacks.

        One encoding serves a herd: of fresh clients, who know nothing, or of those who come back and know everything.
        """
        state = self.state
        if state.keys().isdisjoint(known):
            return self.encode_whole()
        if all(clock <= known.get(client, 0) for client, clock in state.items()):
            return self.encode_deletions()
        self.flush()
        if halved := self._replica.known.halved(known):
            state_vector = encode_state_vector({**known, **halved})
        return self._replica.encode(state_vector)

    def encode_whole(self) -> bytes:
        """A Yjs v1 update of everything."""
        self.flush()
        if self._cached_encoding is None:
            self._cached_encoding = self._replica.encode(b"\x00")
        return self._cached_encoding

    def encode_deletions(self) -> bytes:
        """A Yjs v1 update of all that was ever deleted here, without any struct."""
        if self._cached_deletions is None:
            self._cached_deletions = self._replica.encode(self.encode_state_vector())
        return self._cached_deletions

    def encode_state_vector(self) -> bytes:
        self.flush()
        return self._replica.encode_state()

    def gap(self, header: UpdateHeader) -> Gap | None:
        """What an update rests on and the room lacks, or None. Raises InvalidUpdate for circular waits."""
        return self._replica.gap(header)

    # ---- writing

    def apply(self, update: bytes, author: str, *, growth: int | None = None) -> None:
        """Take ``update``, written by ``author``. It is durable after `durable`.

        ``growth``: bytes by which the text becomes longer, where that is known.

        Raises:
            InvalidUpdate: malformed, or content that this kind of document does not admit. Nothing changed.
            UpdateGap: it rests on unknown text. Nothing changed.
            DocumentTooLarge, Overloaded, RoomClosed: nothing changed.
        """
        self.accept(update, read_update(update, self.kind), author, None, growth=growth)
        self.flush()

    async def apply_in_turns(self, updates: Iterable[bytes], author: str, *, growth: int) -> None:
        """As `apply` for one edit in many updates, with turns for others in between: they see it come about.

        The log gets all of it in one entry, or a crash would leave half of a replaced text. So whoever waits for the
        log here waits for the last of them. What is raised on the way there leaves what was taken.
        """
        with self.gathering():
            for update in updates:
                await self.ready()
                self.apply(update, author, growth=growth)
                growth = 0  # the first of them has stood for all
                await asyncio.sleep(0)

    @contextmanager
    def gathering(self) -> Iterator[None]:
        """What is shown meanwhile goes to the log in one entry."""
        with self.in_turns():
            self._outbox.gather()
            try:
                yield
            finally:
                self._outbox.gathered()
                self._commits.mark(self)

    @contextmanager
    def in_turns(self) -> Iterator[None]:
        """An edit is shown in turns meanwhile, see `complete`."""
        self._halfway += 1
        self._complete.clear()
        try:
            yield
        finally:
            self._halfway -= 1
            if not self._halfway:
                self._complete.set()

    @property
    def halfway(self) -> bool:
        """Whether an edit is being shown in turns."""
        return self._halfway > 0

    async def complete(self) -> None:
        """Return when no edit is halfway that is shown in turns: for whoever makes a copy of the text."""
        while self._halfway:
            await self._complete.wait()

    def edit(self, edits: Sequence[TextEdit], author: str) -> bytes:
        """Carry out ``edits`` of the present text, under a fresh client id of ``author``; returns the update.

        Raises:
            ValueError: a position outside the text or inside a surrogate pair; overlapping edits.
            As `apply`.
        """
        text = self.text
        update = edit_update(self.doc, edits, fresh_client_id(self.state))
        growth = sum(len(edit.text.encode()) - len(slice_utf16(text, edit.start, edit.end).encode()) for edit in edits)
        self.apply(update, author, growth=growth)
        return update

    def accept(
        self,
        update: bytes,
        header: UpdateHeader,
        author: str,
        sender: Sender | None,
        *,
        growth: int | None = None,
    ) -> None:
        """`apply` for a header that is already read; sent on with the next flush."""
        self.check(update, header, growth)
        if self._replica.gap(header):
            raise UpdateGap(self.document)
        if self.kind == "tree" and header.ranges:
            self._check_tree(update, sender)
            if not self.sound.is_set():  # measuring has flushed
                raise RoomRebuilding(self.document)
        state = self._replica.state
        seen = tuple(client for client in header.ranges if client not in state)
        self._admit(update, header, sender, announce=True, seen=seen)
        if sender is None and not header.ranges:
            self.deleters.add(author)
        for client in seen:
            self._outbox.first_seen(client, author)
        if len(seen) > FEW_CLIENTS and sender is not None:
            sender.cost += len(seen) * COST_PER_CLIENT
        if self._incoming.parts >= self._least_portion() and self._incoming.parts >= self.portion():
            self.flush()
        elif self._flush_timer is None:
            self._schedule_flush()

    def portion(self) -> int:
        """How many structs and delete ranges are integrated at a stretch, see `collab.yjs.portions`."""
        return max(self._replica.portion, self._least_portion())

    def _least_portion(self) -> int:
        return max(1, min(self._at_once, int(TURN / (PER_BYTE * self._size.most + 1e-9))))

    def check(self, update: bytes, header: UpdateHeader, growth: int | None = None) -> None:
        """Raises what `accept` would of the room's own condition: RoomClosed, DocumentTooLarge and so on."""
        if self.closed:
            raise RoomClosed(self.document)
        if not self.sound.is_set():
            raise RoomRebuilding(self.document)
        self._check_size(update, header, growth)

    def _check_size(self, update: bytes, header: UpdateHeader, growth: int | None) -> None:
        if len(header.ranges) > FEW_CLIENTS and len(header.ranges) + len(self.state) > MOST_CLIENTS:
            raise DocumentTooLarge(f"a document holds what was written under {MOST_CLIENTS} client ids at most")
        if self.kind == "text" and header.ranges:
            # The update's own length bounds what it inserts. That is too strict for who replaces half of a large text,
            # who says so; finding it out would take a copy of the document.
            measure = self._text_size if self._replica.at_hand else None
            if not self._size.admit(len(update) if growth is None else growth, measure):
                raise DocumentTooLarge(f"a text document holds at most {self._limits.text_document} bytes")
        if self.overloaded(len(update) + len(header.ranges) * BYTES_PER_CLIENT):
            raise Overloaded("storage is away and the memory for waiting edits is full")

    def _text_size(self) -> int:
        return len(self._replica.text) + sum(len(item.update) for item in self._incoming.items)

    def _check_tree(self, update: bytes, sender: Sender | None) -> None:
        # Of what comes over a socket: the server's own changes, deleting among them, go on in a tree that is full.
        measure = None if sender is None else lambda: len(self.encode_whole())
        if not self._size.admit(len(update), measure):
            raise DocumentTooLarge(f"a tree takes at most {self._limits.text_document} bytes")

    def _admit(
        self,
        update: bytes,
        header: UpdateHeader,
        sender: Sender | None,
        *,
        announce: bool,
        seen: tuple[int, ...] = (),
        failures: int = 0,
    ) -> None:
        taken = self._replica.admit(update, header)
        if taken.update != NOTHING:  # as the answer to step 1 of everybody who joins
            unlogged = taken.update
            self._incoming.add(Incoming(unlogged, header.parts, taken.cuts, sender, announce, unlogged, seen, failures))
        else:
            self._outbox.forget(seen)

    # ---- flushing: merge, apply once, one frame for all

    def _schedule_flush(self) -> None:
        if delay := self._window.delay(self._loop.time()):
            self._flush_timer = self._loop.call_later(delay, self.flush)
        else:
            # Now, rather than at the end of this turn of the loop: a turn of its own costs as much as the update does,
            # and what has arrived together with it finds the window open and is merged there.
            self.flush()

    def flush(self) -> None:
        """Apply and send what has gathered."""
        if self._flush_timer is not None:
            self._flush_timer.cancel()
            self._flush_timer = None
        while self._incoming and self.sound.is_set():
            if not self._replica.built or any(item.cuts for item in self._incoming.items):  # then it has to be built
                if self.unbearable:
                    self._drop()
                    return
                if self._replica.doubtful:
                    self._hold(self._try_out())
                    return
            if self._replica.holds_up:
                self._hold(self._build())
                return
            self._flush_next()

    def _flush_next(self) -> None:
        waiting = self._incoming.take(1 if self._one_by_one else None)
        self._one_by_one = self._one_by_one and bool(self._incoming)
        try:
            incoming = merged(waiting)
        except BaseException as error:
            if not is_fault(error):
                raise
            self._suspect(waiting)
            self._rebuild_without(error)
            return
        if incoming.cuts:
            self._hold(self._mend(incoming, waiting))
            return
        began = thread_time()
        if not self._integrate(incoming):
            self._suspect(waiting)
            return
        if (seconds := thread_time() - began) > COSTLY:
            self._charge(incoming.sender, seconds)
        self._window.flushed(self._loop.time(), len(waiting))
        self._show(incoming)

    def _drop(self) -> None:
        """Nobody was shown it, or told that it is saved."""
        self.dropped = self.dropped or bool(self._incoming)
        for item in self._incoming.take():
            self._outbox.forget(item.seen)

    def _show(self, incoming: Incoming) -> None:
        if incoming.unlogged is not None:
            self._to_log(incoming.unlogged, incoming.seen, announce=incoming.announce)
        self.audience.show(incoming.update, but=incoming.sender)

    def _charge(self, sender: Sender | None, seconds: float) -> None:
        """Who sent what took long pays for it. If that were several, each will be looked at by itself for a while."""
        if sender is not None:
            sender.cost += seconds
        elif self._at_once > 1:
            self._at_once = 1
            self._loop.call_later(SUSPICION, self._trust)

    def _trust(self) -> None:
        self._at_once = UNSUSPICIOUS

    def _integrate(self, incoming: Incoming) -> bool:
        """False when the CRDT library panicked: the document is then rebuilt from the log."""
        self._forget_copies()
        try:
            self._replica.integrate(incoming.update, incoming.parts)
        except BaseException as error:
            if not is_fault(error):
                raise
            self._rebuild_without(error)
            return False
        return True

    def _rebuild_without(self, error: BaseException) -> None:
        log.error("the CRDT library does not take an update; rebuilding", document=self.document, error=str(error))
        self.sound.clear()
        self._rebuild(self)

    def distrust(self) -> None:
        """Take nothing more before it is rebuilt: others have something else. Nothing may wait to be flushed
        (`idle`)."""
        self.sound.clear()

    def _suspect(self, parts: Sequence[Incoming]) -> None:
        """One of ``parts`` made the library panic. What waits behind them may rest on it, and `rebuilt` lets go of what
        waits: it is looked at too.
        """
        if len(parts) == 1:
            parts[0].failures += 1
        self._suspects += [*parts, *self._incoming.take()]

    async def _mend(self, incoming: Incoming, parts: Sequence[Incoming]) -> None:
        """Integrate ``incoming``, of ``parts``, which cuts surrogate pairs: the document is made anew, aside."""
        self._forget_copies()
        try:
            self._replica.defer(incoming.update, incoming.parts, cuts=True)
            if (seconds := await mend_aside(self._replica, self._aside)) > COSTLY:
                self._charge(incoming.sender, seconds)
            for item in self._incoming.items:  # they wait one by one, and what is known was made of what was mended
                self._replica.known.take(item.update, read_update(item.update, self.kind))
        except BaseException as error:
            if not is_fault(error):
                raise
            self._suspect(parts)
            self._rebuild_without(error)
            return
        try:
            self._show(incoming)
        finally:
            self._go_on()

    async def rebuilt(self, loaded: Loaded) -> None:
        """Go on with ``loaded`` after a panic: add what the log does not have yet, and drop who caused the panic.

        Updates that were merged with the culprit are tried one at a time on a copy, so that only the culprit's
        connection pays (1007). Until that is done nothing is taken; others get their turns.
        """
        self.sound.clear()  # as it is not when this is done once more, since what follows upon it has raised
        self._adopt(loaded)
        torn_off = False
        for update in list(self._outbox.unlogged()):  # while this lasts, the log gets some of it
            try:
                torn_off = not self._bring_in(update) or torn_off
            except InvalidUpdate as error:  # as whoever reads the log will find
                log.error("left out what the log is to get", document=self.document, why=str(error))
                self.spoilt = True
            await asyncio.sleep(0)
        if self._replica.torn:
            await mend_aside(self._replica, self._aside)
        # One copy for all, until one of them breaks it: of a large text each takes a tenth of a second.
        copy = StandIn(self.kind, await self._replica.build_ahead())
        # Not let go before the end: when this raises, it is done once more. What waits then was admitted by the time
        # before, and is among the suspects, unless all of them had been looked at.
        waiting = self._incoming.take()
        self._suspects = self._suspects or waiting
        refused: list[Incoming] = []
        for item in self._suspects:
            if item.unlogged is None:
                continue  # in `loaded`
            if (why := await self._take_again(item, copy)) is not None:
                self._refuse(item, *why)
                refused.append(item)
            await asyncio.sleep(0)
        self._suspects = []
        # Whoever wrote it may have come again meanwhile, and was told by our step 1 that it is here. Their answer to
        # that may wait already, so it does not do to ask again.
        senders, authors = {item.sender for item in refused}, {item.author for item in refused}
        for connection in list(self.audience.connections):
            if connection not in senders and (torn_off or connection.peer.author in authors):
                connection.peer.close(1012, "the document was rebuilt")
        self._one_by_one = bool(self._incoming)  # or those that are refused only together would be so for ever
        self._go_on()

    async def _take_again(self, item: Incoming, copy: StandIn) -> tuple[int, str] | None:
        """After a rebuild. Why it is refused, as a close code and a reason; None when it was admitted.

        ``copy``: of the document, with what was taken again before. What cuts surrogate pairs is not tried on it:
        mending does that aside.
        """
        try:
            header = read_update(item.update, self.kind)
            if self._replica.gap(header):
                return 1012, "the document was rebuilt"  # it rested on the culprit's text
            if item.failures > 1 or not (item.cuts or await copy.takes(item.update)):  # or it would be rebuilt for ever
                return 1007, "malformed update"
            told = item.announce
            self._admit(item.update, header, item.sender, announce=told, seen=item.seen, failures=item.failures)
        except InvalidUpdate:  # another process has written something else under its clocks meanwhile
            copy.discard()
            return 1007, "malformed update"
        if not item.cuts:
            copy.keep(item.update)
        return None

    def _refuse(self, item: Incoming, code: int, reason: str) -> None:
        self._outbox.forget(item.seen)
        if item.sender is not None:
            item.sender.peer.close(code, reason)
        elif item.announce:
            self._own_refused += 1

    def abandon(self) -> None:
        """It will not be rebuilt: what it still holds is kept by whoever wrote it, and takes it elsewhere."""
        self.audience.send_away(1012, "the document could not be rebuilt")
        for item in self._suspects:
            self._incoming.add(item)
        self._suspects = []
        self._drop()
        self._go_on()

    def _go_on(self) -> None:
        self.sound.set()
        self.flush()
        self._resumed(self)
        calls, self._after_rebuild = self._after_rebuild, []
        for call in calls:
            self.when_durable(call)

    def _bring_in(self, update: bytes) -> bool:
        """False when it rests on what could not be read any more: it waits in the log for that."""
        header = read_update(update, self.kind)
        if self._replica.gap(header):
            return False
        self._hold_against(update, header)
        taken = self._replica.admit(update, header, logged=True)
        self._replica.defer(taken.update, header.parts, cuts=taken.cuts)
        return True

    # ---- the log

    def _to_log(self, update: bytes, seen: tuple[int, ...], *, announce: bool) -> None:
        self._outbox.add(update, seen, announce=announce)
        self._commits.mark(self)
        if self._commits.away_from(self):
            self.log_is_away()
            self._outbox.condense()

    def take_unlogged(self) -> tuple[LogEntry, list[NewClient]] | None:
        """See `collab.durable.commits.Committing`."""
        if self._incoming:
            self.flush()
        if (leaving := self._outbox.take()) is None:
            return None
        if self._outbox.waiting:
            self._commits.mark(self)
            self._commits.hurry()
        entry = LogEntry(self.document, self.writer, leaving.first, leaving.last, leaving.update)
        return entry, [NewClient(self.document, client, author) for client, author in leaving.authors.items()]

    def logged(self, entry: LogEntry) -> None:
        """See `collab.durable.commits.Committing`: tell the other processes, answer the barriers."""
        self._outbox.arrived()
        self.covered[self.writer] = entry.last
        self.entries += 1
        self.log_size += len(entry.update)
        if self._heard():
            self._publish(replication.encode(replication.Logged(self.writer, entry.first, entry.last, entry.update)))
        for call in self._outbox.due():
            call()
        self._committed(self)

    def log_is_away(self) -> None:
        """Of `Committing`: others hear of what waits now, marked as unlogged, rather than never."""
        for update, authors in self._outbox.take_unannounced():
            self._publish(replication.encode(replication.Unlogged(self.writer, update, authors)))

    def announce_again(self) -> None:
        """As `log_is_away`, also for what was announced before: it may not have arrived."""
        if self._commits.away_from(self):
            self._outbox.announce_again()
            self.log_is_away()

    def when_durable(self, call: Callable[[], None]) -> None:
        """Call ``call`` once all that was accepted or shown here so far is in the log (at once when it already is)."""
        self.flush()
        if not self.sound.is_set():  # what has been accepted gets its number afterwards
            self._after_rebuild.append(call)
        elif self._outbox.when_logged(call):
            call()
        else:
            self._commits.hurry()

    def withdraw(self, calls: Collection[Callable[[], None]]) -> None:
        """Nobody waits any more for what `when_durable` was given."""
        if calls:
            self._after_rebuild = [call for call in self._after_rebuild if call not in calls]
            self._outbox.withdraw(calls)

    async def durable(self) -> None:
        """Return once all that was accepted or shown here so far is in the log. Waits as long as the log is away.

        Raises:
            RoomClosed: some of it was not taken after all, since the document takes too long to build or could not be
                rebuilt.
            RoomRebuilding: nor was something of the server itself, since the CRDT library refused it, or that on which
                it rests.
        """
        waiting: asyncio.Future[None] = self._loop.create_future()
        refused = self._own_refused

        def settle() -> None:
            if waiting.done():  # whoever waited may have been cancelled
                return
            if self.dropped:
                waiting.set_exception(RoomClosed(self.document))
            elif self._own_refused != refused:
                waiting.set_exception(RoomRebuilding(self.document))
            else:
                waiting.set_result(None)

        self.when_durable(settle)
        await waiting

    # ---- other processes (`collab.rooms.following`)

    def covers(self, numbers: dict[str, int]) -> bool:
        """Process → number; whether everything up to there is here."""
        return all(last <= self.covered.get(process, 0) for process, last in numbers.items())

    def hear(self, writer: str) -> None:
        """``writer`` has said something over the bus."""
        self._heard_at[writer] = self._loop.time()

    def note(self, process: str, last: int) -> None:
        """The log has what ``process`` wrote, up to the number ``last``."""
        self.announced[process] = max(last, self.announced.get(process, 0))

    def forget_writers(self, known: Container[str]) -> None:
        """Of the past: each opening elsewhere was one. Whoever is silent and not ``known`` to the log or the snapshot
        would be read again, should it ever say something.
        """
        for numbers in (self.covered, self.announced):
            for writer in [one for one in numbers if one not in known and one not in self._heard_at]:
                if writer != self.writer:
                    del numbers[writer]

    def take_logged(self, update: bytes, header: UpdateHeader) -> None:
        """Take what the log has, and `gap` does not mind, whatever the limits; sent on with the next flush, together
        with what our own people type meanwhile: one frame for both.
        """
        self._hold_against(update, header)
        taken = self._replica.admit(update, header, logged=True)
        if taken.update == NOTHING:
            return
        self._size.grow(len(taken.update))
        self._incoming.add(Incoming(taken.update, header.parts, taken.cuts, None, announce=False, unlogged=None))
        if self._flush_timer is None:
            self._schedule_flush()

    def _hold_against(self, update: bytes, header: UpdateHeader) -> None:
        """What another process says at clocks that are known here is to be compared with what is here, before long: a
        client id may have said two things to two of us."""
        if (claim := self._replica.claim(update, header)) is not None:
            self.claims.add(claim)
            self._claimed(self)

    def show_unlogged(self, update: bytes, header: UpdateHeader, authors: tuple[tuple[int, str], ...]) -> None:
        """Take what another process has shown while the log is away: it goes to the log from here as well. Nothing else
        may wait to be flushed (`idle`).
        """
        self._hold_against(update, header)
        seen = {who: author for who, author in authors if who in header.ranges and who not in self.state}
        self._admit(update, header, None, announce=False, seen=tuple(seen))
        for client, author in seen.items():
            self._outbox.first_seen(client, author)
        self._size.grow(len(update))
        self.flush()

    def overloaded(self, size: int) -> bool:
        """Whether there is no memory for an update of ``size`` bytes that waits for a log that is away. There is for a
        first one, however large, or it would be refused for ever."""
        waiting = self._commits.backlog.bytes + self._incoming.unlogged
        return waiting > 0 and waiting + size > self._limits.backlog

    # ---- its life

    def heartbeat(self, *, everything: bool) -> None:
        """Repeat our newest number if it is new since the last heartbeat, or anyway when ``everything`` is repeated."""
        logged = self._outbox.logged
        if everything or logged != self._heard_logged:
            self._heard_logged = logged
            self._publish(replication.encode(replication.Heartbeat(self.writer, logged)))
        if everything:
            self.audience.publish_presence()
        self.audience.expire_presence()
        if everything and self._fallen_silent():
            self._missed(self)  # a process has died, perhaps between the log and the bus; or its room left memory

    def _fallen_silent(self) -> bool:
        now = self._loop.time()
        silent = [writer for writer, at in self._heard_at.items() if now - at > SILENCE]
        for writer in silent:
            del self._heard_at[writer]
        return bool(silent)

    def close(self, code: int, reason: str) -> None:
        """Close every connection, and take nothing more. What was accepted still goes to the log."""
        self.closed = True
        self.flush()
        self.audience.send_away(code, reason)

    def dismiss(self) -> None:
        """Close every connection, because the file went to the trash; the room itself goes on."""
        self.flush()
        self.audience.send_away(4410, "this file was deleted")

    def stop_timers(self) -> None:
        """The room leaves memory."""
        if self._flush_timer is not None:
            self._flush_timer.cancel()
        self.audience.stop()
