"""Who sits in a fuzzed room: those who send anything, and one who does no wrong and must not notice."""

from typing import Any

from pycrdt import Doc, Map, Text

from collab.codec import SyncStep1, SyncStep2, Update, decode_frame, encode_sync_step_2
from collab.connection import Connection, Identity
from collab.room import Room
from collab.update import Kind

AWARENESS_FRAME, BARRIER_FRAME = 1, 102


class Peer:
    """The far end of a connection; keeps what it was told."""

    def __init__(self, user: str, *, can_write: bool = True) -> None:
        self.author = f"user:{user}"
        self.identity = Identity(user, user.title(), "#123456", "editor" if can_write else "viewer")
        self.can_write = can_write
        self.closed: tuple[int, str] | None = None

    def send(self, frame: bytes) -> None:
        pass

    def close(self, code: int, reason: str) -> None:
        self.closed = self.closed or (code, reason)


class Bystander(Peer):
    """Speaks the protocol correctly and writes now and then."""

    def __init__(self, kind: Kind) -> None:
        super().__init__("bystander")
        self.doc: Doc[Any] = Doc()
        self._kind = kind
        self._text = self.doc.get("text", type=Text) if kind == "text" else None
        self._nodes = self.doc.get("nodes", type=Map) if kind == "tree" else None
        self._outbox: list[bytes] = []
        self.frames: list[bytes] = []
        self.answers: list[bytes] = []
        self.connection: Connection | None = None

    def join(self, room: Room) -> None:
        self.connection = Connection(room, self)

    def send(self, frame: bytes) -> None:
        self.frames.append(frame)
        if frame[0] == AWARENESS_FRAME:
            return
        if frame[0] == BARRIER_FRAME:
            self.answers.append(frame[2:])
            return
        match decode_frame(frame):
            case SyncStep1(state_vector):
                self._outbox.append(encode_sync_step_2(self.doc.get_update(state_vector)))
            case SyncStep2(update) | Update(update):
                self.doc.apply_update(update)

    async def pump(self) -> None:
        """Answer what was asked."""
        assert self.connection is not None
        while self._outbox:
            await self.connection.receive(self._outbox.pop(0))

    def write(self, at: int) -> bytes:
        """The update of a small edit somewhere."""
        before = self.doc.get_state()
        if self._text is not None:
            size = len(self._text)
            # pycrdt counts bytes; in front of everything and behind everything are never inside a character.
            self._text.insert(0 if at % 2 else size, "by\n")
        else:
            assert self._nodes is not None
            self._nodes[f"by{at}"] = Map({"name": f"n{at}", "parent": None})
        return self.doc.get_update(before)

    @property
    def content(self) -> Any:
        if self._text is not None:
            return str(self._text)
        assert self._nodes is not None
        return dict(self._nodes.to_py() or {})
