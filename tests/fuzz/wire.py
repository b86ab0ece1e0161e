"""Fuzz target `wire`: everything that reads bytes before any document is asked, on arbitrary bytes.

Each reader either returns something that encodes to the same meaning, or raises the one exception that it documents.
"""

from collab.limits import Limits
from collab.rooms import replication
from collab.rooms.presence import Presence
from collab.steps import at_a_stretch
from collab.yjs.codec import (
    Awareness,
    Barrier,
    MalformedFrame,
    QueryAwareness,
    SyncStep1,
    SyncStep2,
    Update,
    decode_frame,
    encode_awareness,
    encode_barrier,
    encode_sync_step_1,
    encode_sync_step_2,
    encode_update,
)
from collab.yjs.known import Known
from collab.yjs.surrogates import may_hold_pairs, mend
from collab.yjs.update import (
    InvalidUpdate,
    Kind,
    UpdateHeader,
    decode_state_vector,
    encode_delete_set,
    encode_state_vector,
    missing,
    read_keystroke,
    read_steps,
)
from tests.fuzz.people import Peer


def run(data: bytes) -> None:
    """One input: the first byte says what the rest is."""
    if data:
        (_frame, _update_of_a_text, _update_of_a_tree, _state_vector, _presence, _bus)[data[0] % 6](data[1:])


def _frame(data: bytes) -> None:
    try:
        message = decode_frame(data)
    except MalformedFrame:
        return
    match message:
        case SyncStep1(state_vector):
            again = encode_sync_step_1(state_vector)
        case SyncStep2(update):
            again = encode_sync_step_2(update)
        case Update(update):
            again = encode_update(update)
        case Awareness(payload):
            again = encode_awareness(payload)
        case Barrier(token):
            again = encode_barrier(token)
        case QueryAwareness():
            again = b"\x03"
    assert again == data, "one encoding each"


def _read(data: bytes, kind: Kind) -> UpdateHeader | None:
    try:
        return at_a_stretch(read_steps(data, kind))
    except InvalidUpdate:
        return None


def _update_of_a_text(data: bytes) -> None:
    header = _read(data, "text")
    keystroke = read_keystroke(data)
    assert keystroke is None or keystroke == header
    if header is None:
        return
    assert header.paired == [] or may_hold_pairs(data)
    if header.deletes:
        alone = encode_delete_set(header.deletes)
        again = _read(alone, "text")
        assert again is not None
        assert again.deletes == header.deletes
    _take(data, header, "text")
    mended = _read(mend(data), "text")
    assert mended is not None
    assert mended.ranges == header.ranges


def _update_of_a_tree(data: bytes) -> None:
    header = _read(data, "tree")
    if header is not None:
        _take(data, header, "tree")


def _take(data: bytes, header: UpdateHeader, kind: Kind) -> None:
    known = Known(kind, b"\x00\x00")
    try:
        if missing(header, known.state) is None:
            known.take(data, header)
    except InvalidUpdate:
        return


def _state_vector(data: bytes) -> None:
    try:
        state = decode_state_vector(data)
    except MalformedFrame:
        return
    assert encode_state_vector(state) == data


def _presence(data: bytes) -> None:
    presence, peer = Presence(Limits()), Peer("eve")
    try:
        presence.receive(peer, data, peer.identity)
    except MalformedFrame:
        return
    changes = presence.take_changes()
    if changes is not None:
        Presence(Limits()).merge("elsewhere", changes.payload, 0.0)


def _bus(data: bytes) -> None:
    try:
        message = replication.decode(data)
    except MalformedFrame:
        return
    assert replication.encode(message) == data
