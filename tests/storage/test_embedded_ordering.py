"""The byte encoding of BSON values, against a comparison that is written out."""

import math
from datetime import UTC, datetime, timedelta
from itertools import zip_longest
from typing import Any

import pytest
from bson import Binary, Code, Decimal128, Int64, MaxKey, MinKey, ObjectId
from hypothesis import example, given
from hypothesis import strategies as st

from storage.embedded.errors import CommandError
from storage.embedded.ordering import ABOVE, encode, invert
from tests.storage.bson_values import instants, numbers, values

RANKS: list[tuple[type, ...]] = [
    (MinKey,),
    (type(None),),
    (int, float),
    (str,),
    (dict,),
    (list,),
    (bytes,),
    (ObjectId,),
    (bool,),
    (datetime,),
    (MaxKey,),
]


def rank(value: Any) -> int:
    if isinstance(value, bool):
        return RANKS.index((bool,))
    return next(place for place, types in enumerate(RANKS) if isinstance(value, types))


def compare(one: Any, other: Any) -> int:
    """As MongoDB documents it, slowly."""
    if rank(one) != rank(other):
        return -1 if rank(one) < rank(other) else 1
    if isinstance(one, dict):
        one = [(rank(value), name, value) for name, value in one.items()]
        other = [(rank(value), name, value) for name, value in other.items()]
        for mine, theirs in zip_longest(one, other):
            if mine is None or theirs is None:
                return -1 if mine is None else 1
            if mine[:2] != theirs[:2]:
                return -1 if (mine[0], mine[1].encode()) < (theirs[0], theirs[1].encode()) else 1
            if different := compare(mine[2], theirs[2]):
                return different
        return 0
    if isinstance(one, list):
        for mine, theirs in zip(one, other, strict=False):
            if different := compare(mine, theirs):
                return different
        return (len(one) > len(other)) - (len(one) < len(other))
    if isinstance(one, bytes):
        one, other = (len(one), one), (len(other), other)
    elif isinstance(one, str):
        one, other = one.encode(), other.encode()
    elif isinstance(one, ObjectId):
        one, other = one.binary, other.binary
    elif one is None or isinstance(one, MinKey | MaxKey):
        return 0
    return (one > other) - (one < other)


@given(values, values)
@example(2**53, float(2**53 + 2))
@example("a", "a\x00")
@example("a\x00", "a\x01")
@example({"a": 1}, {"a": 1, "b": None})
def test_encodings_compare_as_the_values_do(one: Any, other: Any) -> None:
    mine, theirs = encode(one), encode(other)
    assert (mine > theirs) - (mine < theirs) == compare(one, other)
    assert (invert(mine) < invert(theirs)) - (invert(mine) > invert(theirs)) == compare(one, other)


@given(values, values)
def test_no_encoding_begins_another(one: Any, other: Any) -> None:
    mine, theirs = encode(one), encode(other)
    assert mine == theirs or not theirs.startswith(mine)
    assert mine < mine + theirs < mine + ABOVE
    assert invert(mine) < invert(mine) + invert(theirs) < invert(mine) + ABOVE


@given(st.integers(-(2**63), 2**63 - 1), st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False))
def test_integers_of_64_bits_and_floats_share_one_order(one: int, other: float) -> None:
    mine, theirs = encode(Int64(one)), encode(other)
    assert (mine > theirs) - (mine < theirs) == (one > other) - (one < other)


@given(numbers)
def test_nan_comes_before_all_numbers(number: float) -> None:
    assert encode(None) < encode(math.nan) < encode(number)
    assert encode(-0.0) == encode(0)


@given(instants)
def test_instants_do_not_depend_on_the_zone(instant: datetime) -> None:
    assert encode(instant) == encode(instant.replace(tzinfo=None))
    assert encode(instant) < encode(instant + timedelta(milliseconds=1))
    assert encode(datetime(1969, 12, 31, tzinfo=UTC)) < encode(instant)


def test_the_kind_of_binary_counts() -> None:
    assert encode(Binary(b"x", 0)) == encode(b"x") < encode(Binary(b"x", 5))
    assert encode(MinKey()) < encode(None)
    assert encode(MaxKey()) > encode(datetime(2100, 1, 1, tzinfo=UTC))


def test_what_cannot_be_compared_is_refused() -> None:
    for value in (Decimal128("1"), Code("x")):
        with pytest.raises(CommandError, match="not supported"):
            encode(value)
