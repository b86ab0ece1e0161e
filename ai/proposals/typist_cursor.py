"""The assistant's cursor in a document, as everybody sees it while the assistant types there."""

import asyncio
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from ai.proposals.suggestions import ASSISTANT
from collab.replicas.positions import Anchor
from collab.rooms.room import Room

RENEWAL = 10.0
"""Seconds after which an unchanged state is repeated; stock clients drop one that they have not heard of for 30 s."""


@dataclass(frozen=True, slots=True)
class _Identity:
    user: str = ASSISTANT["id"]
    name: str = ASSISTANT["name"]
    color: str = "#7d5d00"  # gilt, as everywhere; no person has it
    role: str = "assistant"


class TypistCursor:
    """Shown from entering to leaving the context. `client` is the Yjs client id that the assistant types under."""

    def __init__(self, room: Room, client: int, at: Anchor) -> None:
        self._room = room
        self._client = client
        self._at = at
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> Self:
        self.move(self._at)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._room.audience.presence.detach(self)
        self._room.audience.schedule_presence()

    def move(self, at: Anchor) -> None:
        """To the place of `at`. The room sends no more than twenty states a second, the latest of each."""
        self._at = at
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(RENEWAL, lambda: self.move(self._at))
        place = _as_json(at)
        state: dict[str, Any] = {"cursor": {"anchor": place, "head": place}}
        self._room.audience.presence.announce(self, self._client, state, _Identity())
        self._room.audience.schedule_presence()


def _as_json(anchor: Anchor) -> dict[str, Any]:
    """As Yjs writes a relative position as JSON: at an item, or in the root when there is none."""
    if anchor.client is None or anchor.clock is None:
        return {"type": None, "tname": "text", "item": None, "assoc": anchor.assoc}
    item = {"client": anchor.client, "clock": anchor.clock}
    return {"type": None, "tname": None, "item": item, "assoc": anchor.assoc}
