"""The wire format: exact bytes, and every malformed frame refused."""

import base64

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collab.yjs import codec
from collab.yjs.codec import (
    MAX_BARRIER_TOKEN,
    MAX_SAFE_INTEGER,
    Awareness,
    Barrier,
    Decoder,
    MalformedFrame,
    QueryAwareness,
    SyncStep1,
    SyncStep2,
    Update,
    decode_frame,
    read_var_uint,
    write_var_bytes,
    write_var_string,
    write_var_uint,
)
from tests.support.yjs import Oracle


def var_uint(value: int) -> bytes:
    buffer = bytearray()
    write_var_uint(buffer, value)
    return bytes(buffer)


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        (0, "00"),
        (127, "7f"),
        (128, "8001"),
        (16383, "ff7f"),
        (2**32 - 1, "ffffffff0f"),
        (MAX_SAFE_INTEGER, "ffffffffffffff0f"),
    ],
)
def test_integers_are_written_as_lib0_writes_them(value: int, encoded: str) -> None:
    assert var_uint(value).hex() == encoded
    assert read_var_uint(bytes.fromhex(encoded), 0) == (value, len(encoded) // 2)


@settings(deadline=None)
@given(st.integers(0, MAX_SAFE_INTEGER), st.binary(max_size=3))
def test_integers_round_trip_inside_other_bytes(value: int, around: bytes) -> None:
    data = around + var_uint(value) + around
    assert read_var_uint(data, len(around)) == (value, len(data) - len(around))


@pytest.mark.parametrize(
    "encoded",
    ["", "80", "ffff", "8000", "808000", "ffffffffffffff1f", "8080808080808010", "ff" * 7, "ff" * 8, "ff" * 65536],
)
def test_integers_cut_off_padded_or_too_large_are_refused(encoded: str) -> None:
    with pytest.raises(MalformedFrame):
        read_var_uint(bytes.fromhex(encoded), 0)


@settings(deadline=None)
@given(st.text(), st.binary(), st.integers(0, 255))
def test_decoder_reads_what_was_written(text: str, data: bytes, byte: int) -> None:
    buffer = bytearray([byte])
    write_var_string(buffer, text)
    write_var_bytes(buffer, data)
    decoder = Decoder(bytes(buffer))
    assert decoder.uint8() == byte
    assert decoder.var_string(len(buffer)) == text
    assert not decoder.at_end
    assert decoder.remaining == len(buffer) - decoder.position
    assert decoder.var_bytes(len(buffer)) == data
    assert decoder.at_end
    decoder.end()


def test_decoder_refuses_lengths_beyond_the_limit_and_beyond_the_data() -> None:
    with pytest.raises(MalformedFrame, match="at most 2"):
        Decoder(b"\x03abc").var_bytes(2)
    with pytest.raises(MalformedFrame, match="cut off"):
        Decoder(b"\x04abc").var_bytes(10)
    with pytest.raises(MalformedFrame, match="UTF-8"):
        Decoder(b"\x03\xed\xa0\x80").var_string(10)
    with pytest.raises(MalformedFrame, match="missing"):
        Decoder(b"").uint8()


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (codec.encode_sync_step_1(b"\x00"), SyncStep1(b"\x00")),
        (codec.encode_sync_step_2(b"\x00\x00"), SyncStep2(b"\x00\x00")),
        (codec.encode_update(b"u" * 300), Update(b"u" * 300)),
        (codec.encode_awareness(b"a"), Awareness(b"a")),
        (codec.encode_barrier(b""), Barrier(b"")),
        (codec.encode_barrier(b"t" * MAX_BARRIER_TOKEN), Barrier(b"t" * MAX_BARRIER_TOKEN)),
        (b"\x03", QueryAwareness()),
    ],
)
def test_frames(frame: bytes, message: codec.Message) -> None:
    assert decode_frame(frame) == message


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\x00",
        b"\x00\x00",
        b"\x00\x03\x00",
        b"\x00\x02\x05abc",
        b"\x00\x02\x01ab",
        b"\x01",
        b"\x01\xff\xff\xff\xff\xff\xff\xff\x0f",
        b"\x02\x00",
        b"\x03\x00",
        b"\x04",
        b"\x65\x00",
        codec.encode_barrier(b"t" * (MAX_BARRIER_TOKEN + 1)),
        codec.encode_update(b"") + codec.encode_update(b""),
    ],
)
def test_malformed_frames_are_refused(frame: bytes) -> None:
    with pytest.raises(MalformedFrame):
        decode_frame(frame)


@settings(deadline=None)
@given(st.binary(max_size=64))
def test_any_bytes_decode_or_are_refused(frame: bytes) -> None:
    try:
        message = decode_frame(frame)
    except MalformedFrame:
        return
    assert message is not None


@settings(deadline=None)
@given(st.lists(st.integers(0, MAX_SAFE_INTEGER) | st.sampled_from([2**k - 1 for k in range(54)])))
def test_integers_are_the_same_in_lib0(yjs: Oracle, values: list[int]) -> None:
    theirs = base64.b64decode(yjs.call("writeVarUints", values=values))
    assert theirs == b"".join(var_uint(value) for value in values)
    decoder = Decoder(theirs)
    assert [decoder.var_uint() for _ in values] == values
    assert decoder.at_end


@settings(deadline=None)
@given(st.text())
def test_strings_are_the_same_in_lib0(yjs: Oracle, value: str) -> None:
    theirs = base64.b64decode(yjs.call("writeVarString", value=value))
    buffer = bytearray()
    write_var_string(buffer, value)
    assert theirs == buffer
    assert Decoder(theirs).var_string(len(theirs)) == value


def test_sync_frames_of_y_protocols(yjs: Oracle) -> None:
    yjs.create("d", 7)
    yjs.insert("d", 0, "héllo" * 100)
    frames = [base64.b64decode(frame) for frame in yjs.call("syncFrames", doc="d")]
    assert [decode_frame(frame) for frame in frames] == [SyncStep1(yjs.vector("d")), SyncStep2(yjs.update("d"))]
    assert frames == [codec.encode_sync_step_1(yjs.vector("d")), codec.encode_sync_step_2(yjs.update("d"))]
