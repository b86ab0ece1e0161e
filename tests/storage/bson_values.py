"""Strategies for documents, filters and updates of the part of MongoDB that the embedded database knows."""

from datetime import UTC, datetime
from typing import Any

from bson import Int64, ObjectId
from hypothesis import strategies as st

NAMES = ["a", "b", "c"]
PATHS = [*NAMES, "a.b", "b.a", "a.b.c"]

instants = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)).map(
    lambda time: time.replace(microsecond=time.microsecond // 1000 * 1000, tzinfo=UTC)
)
numbers = st.one_of(
    st.integers(-3, 3),
    st.sampled_from([0.5, -1.0, 2.0, 1e300, -1e300]),
    st.sampled_from([2**31, -(2**31), 2**53, 2**53 + 1]).map(Int64),
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    numbers,
    st.sampled_from(["", "x", "xy", "é", "😀", "\x00", "x\x00y"]),
    st.binary(max_size=3),
    st.sampled_from([ObjectId("0" * 24), ObjectId("f" * 24)]),
    instants,
)


def documents(values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(NAMES), values, max_size=3)


values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | documents(inner), max_leaves=6)
