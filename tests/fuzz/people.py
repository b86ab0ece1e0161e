"""Who sits in a fuzzed room: those who send anything, and one who does no wrong and must not notice."""

from typing import Any

from pycrdt import Map

from collab.replicas.replica import Replica
from collab.rooms.connection import Connection
from collab.rooms.peer import Identity
from collab.rooms.room import Room
from collab.yjs.codec import SyncStep1, SyncStep2, Update, decode_frame, encode_sync_step_2
from collab.yjs.update import Kind, read_update

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
    """Speaks the protocol correctly and writes now and then.

    Its document is a `Replica`, because a bare one of the CRDT library does not make what Yjs makes of halves.
    """

    def __init__(self, kind: Kind) -> None:
        super().__init__("bystander")
        self._replica = Replica(kind)
        self._outbox: list[bytes] = []
        self.answers: list[bytes] = []
        self.connection: Connection | None = None

    def join(self, room: Room) -> None:
        self.connection = Connection(room, self)

    @property
    def client_id(self) -> int:
        """Another one after a character was halved: the document is made anew."""
        return self._replica.doc.client_id

    def send(self, frame: bytes) -> None:
        if frame[0] == AWARENESS_FRAME:
            return
        if frame[0] == BARRIER_FRAME:
            self.answers.append(frame[2:])
            return
        match decode_frame(frame):
            case SyncStep1(state_vector):
                self._outbox.append(encode_sync_step_2(self._replica.encode(state_vector)))
            case SyncStep2(update) | Update(update):
                header = read_update(update, self._replica.kind)
                assert self._replica.gap(header) is None
                taken = self._replica.admit(update, header)
                self._replica.defer(taken.update, header.parts, cuts=taken.cuts)

    async def pump(self) -> None:
        """Answer what was asked."""
        assert self.connection is not None
        while self._outbox:
            await self.connection.receive(self._outbox.pop(0))

    def write(self, at: int) -> bytes:
        """The update of a small edit somewhere."""
        doc = self._replica.doc
        before = doc.get_state()
        if self._replica.kind == "text":
            # pycrdt counts bytes; in front of everything and behind everything are never inside a character.
            self._replica.text.insert(0 if at % 2 else len(self._replica.text), "by\n")
        else:
            self._replica.nodes[f"by{at}"] = Map({"name": f"n{at}", "parent": None})
        update = doc.get_update(before)
        self._replica.known.take(update, read_update(update, self._replica.kind))
        return update

    @property
    def content(self) -> Any:
        if self._replica.kind == "text":
            return str(self._replica.text)
        return dict(self._replica.nodes.to_py() or {})
