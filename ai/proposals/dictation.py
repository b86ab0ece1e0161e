"""Text that arrives bit by bit is typed into a document at a bounded rate, as a hunk that people decide at the end."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

from ai.deciding.decision_updates import Insertion, deletion
from ai.pool.attempt import Fenced, JobFailed, Run
from ai.proposals.deltas import Deltas
from ai.proposals.hunks import Hunk, HunkState
from ai.proposals.pace import INTERVAL
from ai.proposals.suggestions import Suggestion
from ai.proposals.typist import Typist
from ai.proposals.typist_cursor import TypistCursor
from ai.toolbox import Toolbox
from collab.replicas.edits import fresh_client_id
from collab.replicas.positions import Anchor, resolve
from collab.rooms.arriving import needed_for, until_known
from collab.rooms.room import Room
from collab.yjs.offsets import slice_utf16, utf16_length, utf16_to_utf8

MOST_PER_STROKE = 200
"""Characters typed at once, every `INTERVAL`: some 4,000 a second, well above what models write."""

SAVE_INTERVAL = 0.5
"""Seconds between writes of the hunk while it grows."""

PATIENCE = 5.0
"""Seconds for the text to arrive that the place to write at is in, when another process has taken the request."""

PLACE_GONE = "The place to write at is not there any more."


class FileTrashed(JobFailed):
    """Somebody has deleted the file while it was written."""


class Dictation:
    """`place`: {document, path, anchors: [bytes, bytes] around the empty range to write at, at, created: whether the

    file was made for it}. Call `begin`, `sit_down`, `type` and `settle` in this order; `hear` and `end` at any time.
    """

    def __init__(self, run: Run, tools: Toolbox, suggestion: Suggestion, place: Mapping[str, Any], room: Room) -> None:
        self._run = run
        self._tools = tools
        self._suggestion = suggestion
        self._place = place
        self._room = room
        self._author = f"job:{run.job.id}"
        self._waiting = ""
        self._arrived = asyncio.Event()
        self._over = False
        self._saved_at = 0.0
        self._deltas = Deltas()
        self._hunk: Hunk | None = None
        self._typist: Typist | None = None
        self.typed = ""

    # ---- what is to be typed

    def hear(self, text: str) -> None:
        if text:
            self._waiting += text
            self._arrived.set()

    def end(self) -> None:
        """Nothing more will be heard."""
        self._over = True
        self._arrived.set()

    # ---- typing it

    async def begin(self, earlier: Hunk | None = None) -> Hunk:
        """The hunk, with the client id of this attempt in it, stored before the first character is typed.

        What earlier attempts typed is deleted. They are fenced off: none of them types after its lease has run out.
        An `earlier` hunk that people may have decided is returned as it is.

        Raises:
            JobFailed, Fenced
        """
        anchors = [Anchor.decode(bytes(anchor)) for anchor in self._place["anchors"]]
        try:
            async with asyncio.timeout(PATIENCE):
                await until_known(self._room, needed_for(anchors))
        except TimeoutError as error:
            raise JobFailed(PLACE_GONE) from error
        client = fresh_client_id(self._room.state)
        if earlier is None:
            self._hunk = self._blank(client)
            if not await self._tools.suggestions.add_hunks([self._hunk]):
                raise Fenced(self._run.job.id)
            return self._hunk
        if earlier.state is not HunkState.STREAMING:
            return earlier
        await self._room.idle()
        clocks = self._clocks(earlier)
        self._delete(clocks)
        self._hunk = replace(self._blank(client), id=earlier.id, typed=(*clocks, (client, 0)))
        await self._tools.suggestions.rewrite_hunk(self._hunk)
        return self._hunk

    def _blank(self, client: int) -> Hunk:
        first, last = self._place["anchors"]
        return Hunk(
            id=uuid4().hex,
            suggestion=self._suggestion.id,
            workspace=self._suggestion.workspace,
            document=self._place["document"],
            path=self._place["path"],
            mode="write",
            attempt=self._run.job.attempt,
            ord=self._run.job.revived_at,
            start=self._place["at"],
            end=self._place["at"],
            anchors=(bytes(first), bytes(last)),
            base="",
            proposed="",
            state=HunkState.STREAMING,
            typed=((client, 0),),
            created=bool(self._place.get("created")),
            around=(bytes(first), bytes(last)),
        )

    def sit_down(self) -> tuple[str, str]:
        """Take the place to write at, which follows what others type; the text before and behind it, for the prompt.

        Raises:
            JobFailed
        """
        assert self._hunk is not None
        text = self._room.text
        found = resolve(self._room.doc, [Anchor.decode(anchor) for anchor in self._hunk.anchors])
        places = [place for place in found if place is not None]
        if not places:
            raise JobFailed(PLACE_GONE)
        client, _ = self._hunk.typed[-1]
        self._typist = Typist(self._room.doc, utf16_to_utf8(text, [places[0]])[0], client)
        # Nothing waited since the typist's replica was taken.
        self._stop_following = self._room.audience.observe(self._typist.receive)
        return slice_utf16(text, 0, places[0]), slice_utf16(text, places[0], utf16_length(text))

    def get_up(self) -> None:
        if self._typist is not None:
            self._stop_following()
            self._typist.close()
            self._typist = None

    async def type(self) -> None:
        """Type what is heard, until the end of it. Raises Fenced, JobFailed and what `Room.apply` raises."""
        assert self._hunk is not None
        assert self._typist is not None
        typist = self._typist
        with TypistCursor(self._room, typist.client, Anchor.decode(self._hunk.anchors[0])) as cursor:
            while piece := await self._next_piece():
                await self._room.ready()
                self._run.check_held()
                self._room.apply(typist.type(piece), self._author)
                self.typed += piece
                self._run.shown = True
                cursor.move(typist.typed.anchors[1])
                if time.monotonic() - self._saved_at > SAVE_INTERVAL:
                    # Its text lives on in the trash, and would take all the rest in, unseen and paid for.
                    if await self._tools.files.path_of(self._hunk.document) is None:
                        raise FileTrashed("The file is gone.")
                    await self._save(self._hunk, typist.typed)
                await asyncio.sleep(INTERVAL)

    async def _next_piece(self) -> str:
        """The next characters to type; empty when all is typed and nothing more will be heard."""
        while not self._waiting and not self._over:
            self._arrived.clear()
            await self._arrived.wait()
        piece, self._waiting = self._waiting[:MOST_PER_STROKE], self._waiting[MOST_PER_STROKE:]
        return piece

    async def _save(self, hunk: Hunk, typed: Insertion) -> None:
        self._saved_at = time.monotonic()
        await self._room.copyable()
        grown = replace(self._standing(hunk, typed), typed=(*hunk.typed[:-1], (typed.client, typed.length)))
        await self._tools.suggestions.rewrite_hunk(grown)
        delta = self._deltas.of([grown], [], time.monotonic())
        await self._tools.announcements.suggestion_delta(hunk.workspace, hunk.suggestion, delta)

    def _standing(self, hunk: Hunk, typed: Insertion) -> Hunk:
        """`hunk` around what was typed, where it stands now."""
        self._room.flush()
        first, last = typed.anchors
        start, end = resolve(self._room.doc, [first, last])
        if start is None or end is None:
            raise LookupError("a room knows what was typed in it")
        text = self.typed or slice_utf16(self._room.text, start, end)
        return replace(hunk, start=start, end=end, anchors=(first.encode(), last.encode()), proposed=text)

    def _clocks(self, hunk: Hunk) -> tuple[tuple[int, int], ...]:
        """How much stands under each client id of `hunk`. The room knows it; the record is behind by what was saved."""
        return tuple((client, self._room.state.get(client, 0)) for client, _ in hunk.typed)

    def _delete(self, typed: Sequence[tuple[int, int]]) -> None:
        if any(length for _, length in typed):
            self._run.check_held()
            self._room.apply(deletion(dict(typed)), self._author)

    async def settle(self, hunk: Hunk | None = None) -> None:
        """Leave what was typed to people; nothing typed leaves no hunk. `hunk`: of another attempt."""
        hunk = hunk or self._hunk
        assert hunk is not None
        await self._room.idle()
        *earlier, (client, length) = self._clocks(hunk)
        # Once more: an update of a worker that was cut off from the others may have come through since.
        self._delete(earlier)
        await self._room.durable()
        if length == 0:
            await self._tools.suggestions.remove_streaming([hunk.id])
            return
        await self._room.copyable()
        settled = self._standing(hunk, Insertion(client, length))
        typed = (*earlier, (client, length))
        await self._tools.suggestions.rewrite_hunk(replace(settled, state=HunkState.PENDING, typed=typed))

    async def take_back(self, hunk: Hunk) -> None:
        """Delete what another attempt had typed of `hunk`, and the hunk."""
        await self._room.idle()
        self._delete(self._clocks(hunk))
        await self._room.durable()
        await self._tools.suggestions.remove_streaming([hunk.id])

    async def supersede(self, hunk: Hunk) -> bool:
        """Take back a pending `hunk` of a job that failed and is tried again; False when somebody has just decided it.

        Raises:
            JobFailed
        """
        try:
            async with asyncio.timeout(PATIENCE):
                await until_known(self._room, dict(hunk.typed))
        except TimeoutError as error:
            raise JobFailed(PLACE_GONE) from error
        return bool(await self._tools.decisions.supersede(self._suggestion, [hunk]))
