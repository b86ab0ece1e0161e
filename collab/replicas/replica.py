"""A document together with what is known of it: the one place where updates enter a `Doc` that others rely on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

import structlog
from pycrdt import Doc, Map, Text, get_update, merge_updates

from collab.faults import is_refusal
from collab.replicas.building import build_in_turns, empty
from collab.replicas.trial import PER_BYTE, Structs
from collab.yjs.claims import Claim, claim_of
from collab.yjs.known import NOTHING, Known, Taken
from collab.yjs.surrogates import mend
from collab.yjs.update import Gap, Kind, UpdateHeader, encode_state_vector, missing, read_update

log = structlog.get_logger(__name__)

TURN = 0.02
"""Seconds that integrating may keep the loop busy at a stretch, as far as that can be told beforehand."""

PER_ITEM = 2e-7
"""Seconds, measured: the most that a struct costs for each item it is compared with."""

MOST = 400
"""Structs at a stretch in a document where nothing else is: they are compared with each other."""

MANY = 1_000
"""Client ids from which a document's own library encodes its state vector; for fewer that costs more than it saves."""

HOLDS_UP = 30_000
"""Structs from which building a document takes 10 to 50 ms. They are estimated: mostly it has a half or a third."""

BYTES_PER_ITEM = 8
"""Of the encoding of a document, without its text: an item takes 5 to 30."""


class Replica:
    """Admitting and integrating are two steps: a room admits updates one by one and integrates them merged."""

    def __init__(
        self,
        kind: Kind,
        content: bytes | None = None,
        *,
        state: bytes | None = None,
        paired: bool | None = None,
        structs: Structs | None = None,
    ) -> None:
        """``content``: an update of all that the document holds, as we once encoded it ourselves.

        ``state``, its state vector, and ``paired``, what `may_hold_pairs` says of it, spare finding them out.
        ``structs`` tells whether it is bearable to build (`collab.replicas.trial`).
        """
        self.kind = kind
        self.added = 0
        """Structs and delete ranges, since whoever reads it set it back."""
        self.structs = structs or Structs.unknown(content or NOTHING)
        self.set_aside: list[bytes] = []
        """Of what was deferred, what the CRDT library does not take."""
        self._load(content, state, paired)

    def _load(self, content: bytes | None, state: bytes | None = None, paired: bool | None = None) -> None:
        # Whoever only wants to read gets bytes; a `Doc` made of them takes ten times as long.
        self._content = content or NOTHING
        self._deferred: list[bytes] = []
        self.torn = False
        """Whether what is deferred cuts surrogate pairs, which yrs gets wrong (`collab.yjs.surrogates`)."""
        self._doc: Doc[Any] | None = None
        self._items = 0
        self.known = Known(self.kind, self._content, state, paired)

    @property
    def doc(self) -> Doc[Any]:
        """Not to be kept: another may take its place."""
        if self._doc is None:
            if self.torn:
                self.mended(mend(self._merged()))
            try:
                doc = _made_of(self.kind, (self._content, *self._deferred))
            except BaseException as error:
                if not is_refusal(error):
                    raise
                doc = self._without_what_breaks()
            self._become(doc)
        assert self._doc is not None
        return self._doc

    async def build_ahead(self) -> list[bytes]:
        """Makes `doc`, which is not `built`, with turns for others in between, while nothing else happens to the
        document. Returns portions of which the same can be built.

        At a stretch, what the CRDT library does not take is set aside, and what cuts surrogate pairs is mended
        (`collab.replicas.mending` does that aside).
        """
        content, deferred = self._content, list(self._deferred)
        if not self.torn:
            try:
                doc, portions = await build_in_turns(self.kind, (content, *deferred))
            except BaseException as error:
                if not is_refusal(error):
                    raise
            else:
                if self._doc is None and self._content is content and len(self._deferred) == len(deferred):
                    self._become(doc)
                    return portions
        return [self.doc.get_update()]

    async def built_in_turns(self) -> None:
        """`build_ahead`, where `doc` would hold up the loop."""
        if self.holds_up:
            await self.build_ahead()

    def _become(self, doc: Doc[Any]) -> None:
        self._doc = doc
        if self.kind == "text":
            self._text: Text = doc.get("text", type=Text)
        else:
            self._nodes: Map[Any] = doc.get("nodes", type=Map)
        self._items += (sum(map(len, (self._content, *self._deferred))) - self._bytes()) // BYTES_PER_ITEM
        self._content, self._deferred = NOTHING, []

    @property
    def built(self) -> bool:
        """Whether `doc` costs nothing."""
        return self._doc is not None

    @property
    def holds_up(self) -> bool:
        """Whether it can be built, and `doc` would hold up the loop for long unless `build_ahead` makes it."""
        many = self.structs.proven + self.structs.fresh > HOLDS_UP
        return self._doc is None and many and not self.doubtful

    @property
    def at_hand(self) -> bool:
        """Whether `doc` holds nobody up: it is built, or that is soon done."""
        return self._doc is not None or not (self.doubtful or self.holds_up)

    @property
    def doubtful(self) -> bool:
        """Whether building it, or a copy of it, needs a trial first."""
        return self.kind == "text" and self.structs.fresh > 0 and self.structs.doubtful(self._size())

    def _without_what_breaks(self) -> Doc[Any]:
        """Sets aside what the CRDT library does not take of the deferred updates, and whatever rests on it: a document
        must not be lost for one entry of its log. What is known has to begin again without their clocks.
        """
        self.known = Known(self.kind, self._content)
        doc = _made_of(self.kind, [self._content])
        sound = [self._content]
        for update in self._deferred:
            header = read_update(update, self.kind)
            try:
                if missing(header, self.known.state):
                    raise ValueError("rests on what was set aside")
                doc.apply_update(update)
                self.known.take(update, header)
                sound.append(update)
            except BaseException as error:
                if not is_refusal(error):
                    raise
                doc = _made_of(self.kind, sound)
                self.set_aside.append(update)
                digest = hashlib.sha256(update).hexdigest()
                log.error("set an update aside, it stays in the log", why=str(error), sha256=digest, bytes=len(update))
        return doc

    @property
    def text(self) -> Text:
        """The root of a text."""
        if self._doc is None:
            _ = self.doc
        return self._text

    @property
    def nodes(self) -> Map[Any]:
        """The root of a tree."""
        if self._doc is None:
            _ = self.doc
        return self._nodes

    def encode_state(self) -> bytes:
        """The state vector of all that was integrated."""
        if self._doc is not None and len(self.known.state) > MANY:
            return self._doc.get_state()  # a sixth of the time
        return encode_state_vector(self.known.state)

    def encode(self, state_vector: bytes) -> bytes:
        """A Yjs v1 update of all that was integrated and that ``state_vector`` lacks."""
        if self.torn:
            self.mended(mend(self._merged()))
        everything = state_vector == b"\x00"
        if self._doc is not None or not (everything or self.doubtful):
            return self.doc.get_update(state_vector)
        try:
            whole = self._merged()
        except BaseException as error:
            if not is_refusal(error):
                raise
            return self.doc.get_update(state_vector)
        return whole if everything else get_update(whole, state_vector)

    def _merged(self) -> bytes:
        # Not kept: in one piece, one part that breaks could not be told from the others.
        return merge_updates(self._content, merge_updates(*self._deferred)) if self._deferred else self._content

    def _size(self) -> int:
        """Bytes of the text, at most."""
        if self._doc is not None:
            return len(self._text)
        return len(self._content) + sum(map(len, self._deferred))

    def untried(self) -> tuple[bytes, list[bytes]]:
        """Of what is not built: an update as a `Doc` encodes it, and what is to come on top of it."""
        return self._content, list(self._deferred)

    def tried(self, fresh: int, content: bytes, squashed: bytes, deferred: int) -> None:
        """A trial has made ``squashed`` of ``content`` and so many updates on top, with so many fresh structs. Of that
        the document is built now, if it still is what it was: of what it was made of that takes as long as the trial.
        """
        self.structs = self.structs.tried(fresh)
        if self._doc is None and self._content is content:
            self._content = squashed
            del self._deferred[:deferred]

    def _bytes(self) -> int:
        return len(self.text) if self.kind == "text" else 0

    @property
    def portion(self) -> int:
        """How many structs and delete ranges may be integrated at a stretch, if they are as costly as can be here."""
        if self.at_hand:
            size, items = self._bytes(), self._items
        else:
            size = self._size()
            items = self._items + size // BYTES_PER_ITEM
        most = TURN / (PER_ITEM * items + PER_BYTE * size + 1e-6)
        return max(1, min(MOST, int(most)))

    @property
    def state(self) -> dict[int, int]:
        """Yjs client id → clock, of all that was admitted."""
        return self.known.state

    def gap(self, header: UpdateHeader) -> Gap | None:
        """What the update rests on and the document lacks, or None. Raises InvalidUpdate for circular waits."""
        return missing(header, self.known.state)

    def claim(self, update: bytes, header: UpdateHeader) -> Claim | None:
        """What the update says at clocks that are known already (`collab.yjs.claims`); before it is admitted."""
        return claim_of(update, header, self.known.state)

    def admit(self, update: bytes, header: UpdateHeader, *, logged: bool = False) -> Taken:
        """What to integrate of an update without a gap; later updates are held against it from now on.

        ``logged``: by another process, see `Known.take`.

        Raises:
            InvalidUpdate: it contradicts the document; nothing has changed.
        """
        taken = self.known.take(update, header, logged=logged)
        self._items += header.parts
        return taken

    def integrate(self, update: bytes, parts: int) -> None:
        """Bring in what was admitted and cuts nothing, of so many structs and delete ranges.

        Raises:
            pycrdt's PanicException (a BaseException): the document must not be used any more.
        """
        self._count(parts)
        self.doc.apply_update(update)

    def defer(self, update: bytes, parts: int, *, cuts: bool) -> None:
        """As `integrate`, but at the first look into the document: for what storage has on top of a snapshot.

        ``cuts``: it cuts surrogate pairs. The document is then made anew at the first look, or by
        `collab.replicas.mending`.
        """
        if self._doc is not None and not cuts:
            self.integrate(update, parts)
            return
        if self._doc is not None:
            self._content, self._doc = self._doc.get_update(), None
        self._deferred.append(update)
        self._count(parts)
        self.torn = self.torn or cuts

    def _count(self, parts: int) -> None:
        self.added += parts
        self.structs = self.structs.more(parts)

    def mended(self, content: bytes) -> None:
        """Go on with ``content``, which `collab.yjs.surrogates.mend` has made of all there is."""
        self._load(content)


def _made_of(kind: Kind, updates: Iterable[bytes]) -> Doc[Any]:
    doc = empty(kind)
    for update in updates:
        doc.apply_update(update)
    return doc
