"""Offsets in UTF-16 units, code points and UTF-8 bytes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collab.yjs.offsets import (
    OffsetInsideSurrogatePair,
    OffsetOutsideText,
    codepoint_to_utf16,
    slice_utf16,
    utf16_length,
    utf16_to_codepoint,
    utf16_to_utf8,
)

TEXT = "aé😀b"


def test_the_three_units_of_one_text() -> None:
    assert utf16_length(TEXT) == 5
    assert [codepoint_to_utf16(TEXT, n) for n in range(5)] == [0, 1, 2, 4, 5]
    assert [utf16_to_codepoint(TEXT, n) for n in (0, 1, 2, 4, 5)] == [0, 1, 2, 3, 4]
    assert utf16_to_utf8(TEXT, [0, 1, 2, 4, 5]) == [0, 1, 3, 7, 8]
    assert slice_utf16(TEXT, 1, 4) == "é😀"


def test_an_offset_inside_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(OffsetInsideSurrogatePair):
        utf16_to_codepoint(TEXT, 3)
    with pytest.raises(OffsetInsideSurrogatePair):
        utf16_to_utf8(TEXT, [3])
    with pytest.raises(OffsetInsideSurrogatePair):
        slice_utf16(TEXT, 3, 4)
    with pytest.raises(OffsetInsideSurrogatePair):
        slice_utf16(TEXT, 0, 3)


@pytest.mark.parametrize("text", [TEXT, "abcde", ""])
def test_an_offset_outside_the_text_is_refused(text: str) -> None:
    for offset in (-1, 6):
        with pytest.raises(OffsetOutsideText):
            utf16_to_codepoint(text, offset)
        with pytest.raises(OffsetOutsideText):
            codepoint_to_utf16(text, offset)
        with pytest.raises(OffsetOutsideText):
            utf16_to_utf8(text, [offset])
    with pytest.raises(OffsetOutsideText):
        slice_utf16(text, 2, 1)


@settings(deadline=None)
@given(st.text(st.sampled_from("ab\né\u0301\u4e2d😀𝒳")), st.data())
def test_the_units_agree(text: str, data: st.DataObject) -> None:
    points = sorted(data.draw(st.lists(st.integers(0, len(text)))))
    units = [codepoint_to_utf16(text, point) for point in points]
    assert units == [len(text[:point].encode("utf-16-le")) // 2 for point in points]
    assert [utf16_to_codepoint(text, unit) for unit in units] == points
    assert utf16_to_utf8(text, units) == [len(text[:point].encode()) for point in points]
    if len(points) > 1:
        assert slice_utf16(text, units[0], units[-1]) == text[points[0] : points[-1]]
