"""The wire: lib0's variable-length integers and the frames of the y-websocket protocol.

Everything here is bounded and linear, because the bytes come straight from a socket. It is stricter than lib0's own
reader: an integer has one encoding only (no padding), nothing may follow a message, and a length is checked against
what is there before it is believed.

A frame carries exactly one message: y-websocket's client reads the first and ignores what follows, so a second one
would be lost in silence on one side and applied on the other.

Sources: lib0 `encoding.js`/`decoding.js`, y-protocols `sync.js`/`awareness.js`, y-websocket `y-websocket.js`.
"""

from dataclasses import dataclass

MAX_SAFE_INTEGER = 2**53 - 1
"""The largest integer that JavaScript, on the other side, holds exactly."""

MAX_BARRIER_TOKEN = 256
"""Bytes. A token is kept until its answer is due, so it must not be a place to park memory."""

SYNC, AWARENESS, QUERY_AWARENESS, BARRIER = 0, 1, 3, 102
STEP_1, STEP_2, UPDATE = 0, 1, 2


class MalformedFrame(ValueError):
    """Bytes that no correct peer sends. The connection that sent them is closed with 1007."""


def read_var_uint(data: bytes, at: int) -> tuple[int, int]:
    """The unsigned integer at `at` and the position behind it; MalformedFrame when cut off, padded or above 2**53 - 1.

    A plain function that takes and returns the position: the update reader calls it for every field of every struct.
    """
    try:
        byte = data[at]
        at += 1
        if byte < 0x80:
            return byte, at
        value = byte & 0x7F
        shift = 7
        while shift < 56:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                if byte == 0:
                    raise MalformedFrame("integer is padded")
                if value > MAX_SAFE_INTEGER:
                    break
                return value, at
            shift += 7
    except IndexError:
        raise MalformedFrame("integer is cut off") from None
    raise MalformedFrame("integer is above 2**53 - 1")


def write_var_uint(buffer: bytearray, value: int) -> None:
    while value >= 0x80:
        buffer.append(value & 0x7F | 0x80)
        value >>= 7
    buffer.append(value)


def write_var_bytes(buffer: bytearray, value: bytes) -> None:
    write_var_uint(buffer, len(value))
    buffer += value


def write_var_string(buffer: bytearray, value: str) -> None:
    """The length goes before the text in UTF-8 bytes. UnicodeEncodeError for a lone surrogate."""
    write_var_bytes(buffer, value.encode())


class Decoder:
    """Reads lib0 primitives from front to back. MalformedFrame when the bytes do not hold what is read."""

    __slots__ = ("_data", "_end", "position")

    def __init__(self, data: bytes, position: int = 0) -> None:
        self._data = data
        self._end = len(data)
        self.position = position

    @property
    def remaining(self) -> int:
        return self._end - self.position

    @property
    def at_end(self) -> bool:
        return self.position == self._end

    def uint8(self) -> int:
        if self.position >= self._end:
            raise MalformedFrame("byte is missing")
        self.position += 1
        return self._data[self.position - 1]

    def var_uint(self) -> int:
        value, self.position = read_var_uint(self._data, self.position)
        return value

    def var_bytes(self, limit: int) -> bytes:
        """A length-prefixed byte array of at most `limit` bytes."""
        length = self.var_uint()
        if length > limit:
            raise MalformedFrame(f"byte array of {length} bytes, at most {limit} are allowed")
        start = self.position
        if length > self._end - start:
            raise MalformedFrame("byte array is cut off")
        self.position = start + length
        return self._data[start : self.position]

    def var_string(self, limit: int) -> str:
        """A length-prefixed UTF-8 text of at most `limit` bytes."""
        try:
            return self.var_bytes(limit).decode()
        except UnicodeDecodeError as error:
            raise MalformedFrame("text is not UTF-8") from error

    def end(self) -> None:
        if self.position != self._end:
            raise MalformedFrame(f"{self.remaining} bytes too many")


@dataclass(frozen=True, slots=True)
class SyncStep1:
    """Asks for all that is missing from `state_vector` (encoded, see `collab.yjs.update.decode_state_vector`)."""

    state_vector: bytes


@dataclass(frozen=True, slots=True)
class SyncStep2:
    """Answers a SyncStep1 with a Yjs v1 update."""

    update: bytes


@dataclass(frozen=True, slots=True)
class Update:
    """A Yjs v1 update."""

    update: bytes


@dataclass(frozen=True, slots=True)
class Awareness:
    """Presence; the payload is read by `collab.rooms.presence`."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class QueryAwareness:
    """Asks for the presence of everyone."""


@dataclass(frozen=True, slots=True)
class Barrier:
    """Asks for the same frame back once all that came before it is durable."""

    token: bytes


_UPDATE_HEAD = bytes((SYNC, UPDATE))
_AWARENESS_HEAD = bytes((AWARENESS,))

Message = SyncStep1 | SyncStep2 | Update | Awareness | QueryAwareness | Barrier


def update_of(frame: bytes) -> bytes | None:
    """The update in an update frame, nearly all that ever comes; None for any other, which is `decode_frame`'s.

    Raises MalformedFrame.
    """
    return _rest(frame, 2) if frame[:2] == _UPDATE_HEAD else None


def is_awareness(frame: bytes) -> bool:
    """Whether a frame says who is where."""
    return frame[:1] == _AWARENESS_HEAD


def decode_frame(frame: bytes) -> Message:
    """The one message of a frame. MalformedFrame for anything else, also for messages that no client sends (auth).

    The frame's size is the caller's to bound, before this is called.
    """
    kind, at = read_var_uint(frame, 0)
    if kind == SYNC:
        step, at = read_var_uint(frame, at)
        body = _rest(frame, at)
        if step == UPDATE:
            return Update(body)
        if step == STEP_1:
            return SyncStep1(body)
        if step == STEP_2:
            return SyncStep2(body)
        raise MalformedFrame(f"unknown sync step {step}")
    if kind == AWARENESS:
        return Awareness(_rest(frame, at))
    if kind == BARRIER:
        token = _rest(frame, at)
        if len(token) > MAX_BARRIER_TOKEN:
            raise MalformedFrame(f"barrier token of {len(token)} bytes, at most {MAX_BARRIER_TOKEN} are allowed")
        return Barrier(token)
    if kind == QUERY_AWARENESS:
        if at != len(frame):
            raise MalformedFrame(f"{len(frame) - at} bytes too many")
        return QueryAwareness()
    raise MalformedFrame(f"unknown message type {kind}")


def _rest(frame: bytes, at: int) -> bytes:
    """The length-prefixed byte array that starts at `at` and ends with the frame."""
    length, at = read_var_uint(frame, at)
    if length != len(frame) - at:
        raise MalformedFrame(f"byte array of {length} bytes where {len(frame) - at} follow")
    return frame[at:]


def _frame(head: bytes, body: bytes) -> bytes:
    frame = bytearray(head)
    write_var_bytes(frame, body)
    return bytes(frame)


def encode_sync_step_1(state_vector: bytes) -> bytes:
    return _frame(b"\x00\x00", state_vector)


def encode_sync_step_2(update: bytes) -> bytes:
    return _frame(b"\x00\x01", update)


def encode_update(update: bytes) -> bytes:
    return _frame(b"\x00\x02", update)


def encode_awareness(payload: bytes) -> bytes:
    return _frame(b"\x01", payload)


def encode_barrier(token: bytes) -> bytes:
    return _frame(b"\x66", token)
