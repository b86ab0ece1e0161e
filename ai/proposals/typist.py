"""The assistant as a peer that types: a replica and a Yjs client id of its own, and a place to go on at."""

from typing import Any

from pycrdt import Doc, Text, TextEvent, TransactionEvent

from ai.deciding.decision_updates import Insertion
from collab.replicas.edits import fork
from collab.yjs.offsets import utf16_length


class Typist:
    """Types into `doc` from byte `place` of its UTF-8 text on (pycrdt counts bytes), under `client`.

    The id must be new for every typist: a second run under one id would write other characters under known clocks,
    and replicas that meet the two in different order differ for ever.
    """

    def __init__(self, doc: Doc[Any], place: int, client: int) -> None:
        self._doc = fork(doc, client)
        self._text = self._doc.get("text", type=Text)
        self._place = place
        self._typing = False
        self._update = b""
        self._length = 0
        self.client = client
        self._following = self._text.observe(self._follow)
        self._collecting = self._doc.observe(self._collect)

    @property
    def typed(self) -> Insertion:
        """All that was typed, whether or not people have deleted some of it since."""
        return Insertion(self.client, self._length)

    def close(self) -> None:
        """Type no more. An observer that stays would keep the copy of the document in memory for ever."""
        self._text.unobserve(self._following)
        self._doc.unobserve(self._collecting)

    def receive(self, update: bytes) -> None:
        """Take an update of the document, of anybody's."""
        self._doc.apply_update(update)

    def type(self, text: str) -> bytes:
        """Type `text` right behind what was typed last, wherever that is by now; returns the Yjs v1 update."""
        self._typing = True
        try:
            self._text.insert(self._place, text)
        finally:
            self._typing = False
        self._place += len(text.encode())
        self._length += utf16_length(text)
        return self._update

    def _collect(self, event: TransactionEvent) -> None:
        if self._typing:
            self._update = event.update

    def _follow(self, event: TextEvent) -> None:
        """Keep the place where others have inserted and deleted.

        Incremental, because resolving an anchor costs as much as the document is long, twenty times a second.
        """
        if self._typing:
            return
        before, moved = 0, 0
        delta: list[dict[str, Any]] = event.delta  # type: ignore[attr-defined]  # pycrdt has it and does not type it
        for operation in delta:
            if "retain" in operation:
                before += operation["retain"]
            elif "delete" in operation:
                moved -= min(operation["delete"], max(0, self._place - before))
                before += operation["delete"]
            elif before < self._place:  # what is inserted right at the place stays behind it
                moved += len(operation["insert"].encode())
        self._place += moved
