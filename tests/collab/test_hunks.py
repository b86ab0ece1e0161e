"""Differences as JSON, and that making it keeps the interpreter for no long call."""

import json
import re
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from collab.history import hunks as module
from collab.history.hunks import PORTION, hunks
from collab.replicas import differences
from collab.replicas.differences import line_differences, lines_of

texts = st.text(st.sampled_from(list('ab\n"é😀')), max_size=40)


@given(texts, texts)
def test_every_difference(old: str, new: str) -> None:
    with patch.object(module, "PORTION", 2):
        told = json.loads(hunks(old, new))["hunks"]
    assert told == [
        {
            "old_start": found.old_start + 1,
            "old_end": found.old_start + 1 + len(found.removed),
            "new_start": found.new_start + 1,
            "new_end": found.new_start + 1 + len(found.added),
            "removed": found.removed,
            "added": found.added,
        }
        for found in line_differences(old, new)
    ]


@given(texts)
def test_lines_are_the_same_whatever_is_cut_at_a_time(text: str) -> None:
    with patch.object(differences, "PORTION", 3):
        assert lines_of(text) == re.findall(r"[^\n]*\n|[^\n]+", text)


def test_no_call_writes_very_many_lines() -> None:
    written = []

    def counted(value: object) -> str:
        written.append(len(value) if isinstance(value, list) else 0)
        return json.dumps(value)

    with patch.object(module, "_json", counted):
        told = json.loads(hunks("\n" * 100_000, ""))
    assert len(told["hunks"][0]["removed"]) == sum(written) == 100_000
    assert max(written) <= PORTION
