"""A document together with what is known of it: the one place where updates enter a `Doc` that others rely on."""

from __future__ import annotations

from typing import Any

from pycrdt import Doc, Map, Text, merge_updates

from collab.known import Known, Taken
from collab.surrogates import mend
from collab.update import Kind, UpdateHeader, missing


class Replica:
    """Admitting and integrating are two steps: a room admits updates one by one and integrates them merged."""

    def __init__(self, kind: Kind, content: bytes | None = None) -> None:
        """``content``: an update of all that the document holds, as we once encoded it ourselves."""
        self.kind = kind
        self._load(content)

    def _load(self, content: bytes | None) -> None:
        self.doc: Doc[Any] = Doc()
        # The root first, so that integrating never has to guess its type.
        if self.kind == "text":
            self.text = self.doc.get("text", type=Text)
        else:
            self.nodes: Map[Any] = self.doc.get("nodes", type=Map)
        if content is not None:
            self.doc.apply_update(content)
        self.known = Known(self.kind, content or b"\x00\x00")

    @property
    def state(self) -> dict[int, int]:
        """Yjs client id → clock, of all that was admitted."""
        return self.known.state

    def gap(self, header: UpdateHeader) -> str | None:
        """What the update rests on and the document lacks, or None. Raises InvalidUpdate for circular waits."""
        return missing(header, self.known.state)

    def admit(self, update: bytes, header: UpdateHeader) -> Taken:
        """What to integrate of an update without a gap; later updates are held against it from now on.

        Raises:
            InvalidUpdate: it contradicts the document; nothing has changed.
        """
        return self.known.take(update, header)

    def integrate(self, update: bytes, *, cuts: bool) -> None:
        """Bring in what was admitted. ``cuts``: it cuts surrogate pairs, which yrs gets wrong (`collab.surrogates`).

        Raises:
            pycrdt's PanicException (a BaseException): the document must not be used any more.
        """
        if cuts:
            self._load(mend(merge_updates(self.doc.get_update(), update)))
        else:
            self.doc.apply_update(update)
