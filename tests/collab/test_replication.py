import pytest
from hypothesis import given
from hypothesis import strategies as st

from collab.rooms import replication
from collab.yjs.codec import MalformedFrame

names = st.text(alphabet="0123456789abcdef.", max_size=40)
numbers = st.integers(0, 2**53 - 1)
updates = st.binary(max_size=200)
messages = st.one_of(
    st.builds(replication.Logged, names, numbers, numbers, updates),
    st.builds(replication.Unlogged, names, updates, st.lists(st.tuples(numbers, names), max_size=3).map(tuple)),
    st.builds(replication.Heartbeat, names, numbers),
    st.builds(replication.PresenceStates, names, updates),
    st.builds(replication.PresenceQuery, names),
    st.builds(replication.Gone, names),
    st.builds(replication.Trashed, names),
    st.builds(replication.GivenUp, names),
)


@given(messages)
def test_every_message_comes_back_as_it_was(message: replication.Replica) -> None:
    assert replication.decode(replication.encode(message)) == message


@given(messages, st.integers(0, 300))
def test_a_cut_message_is_refused(message: replication.Replica, cut: int) -> None:
    data = replication.encode(message)
    with pytest.raises(MalformedFrame):
        replication.decode(data[: min(cut, len(data) - 1)])


@given(st.binary(max_size=60))
def test_anything_else_is_refused_or_read_but_never_crashes(data: bytes) -> None:
    try:
        replication.decode(data)
    except MalformedFrame:
        return
