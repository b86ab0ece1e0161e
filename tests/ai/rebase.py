"""A text, an answer that changes it, and what may have become of both while people typed and decided.

The text and the answer are ASCII and people type Greek, so that at the end every character says whose it is.
"""

import random
import re
from collections.abc import Iterable, Mapping
from typing import Any

LINES = 40
BASE = "".join(f"line {number} of the text, number {number}.\n" for number in range(LINES))


def answer_of(draw: random.Random) -> str:
    """BASE with lines that are new, gone, or not as they were."""
    lines = BASE.splitlines(keepends=True)
    for at in draw.sample(range(LINES), 12):
        match draw.randrange(4):
            case 0:
                lines[at] = lines[at].replace("text", "TEXT")
            case 1:
                lines[at] = f"A NEW LINE {at}.\n{lines[at]}"
            case 2:
                lines[at] = ""
            case _:
                lines[at] = lines[at].upper()
    return "".join(lines)


def word(draw: random.Random) -> str:
    """What somebody types."""
    return "".join(draw.choices("αβγδε", k=draw.randint(1, 3)))


def check_typed(final: str, typed: Iterable[str]) -> None:
    assert sorted(re.findall("[α-ω]", final)) == sorted("".join(typed)), "somebody's text was lost"


def check(final: str, typed: Iterable[str], hunks: Iterable[Mapping[str, Any]]) -> None:
    """`hunks`: {state, start, base, proposed} of all hunks of an edit of BASE, all of them decided."""
    hunks = list(hunks)
    check_typed(final, typed)
    assert {hunk["state"] for hunk in hunks} <= {"accepted", "rejected", "stale"}
    # The base with exactly the accepted hunks carried out, as if nobody had typed.
    expected = BASE
    for hunk in sorted(hunks, key=lambda hunk: hunk["start"], reverse=True):
        at, end = hunk["start"], hunk["start"] + len(hunk["base"])
        assert BASE[at:end] == hunk["base"], hunk
        if hunk["state"] == "accepted":
            expected = expected[:at] + hunk["proposed"] + expected[end:]
    assert re.sub("[α-ω]", "", final) == expected
    if any(hunk["state"] == "accepted" for hunk in hunks):
        assert expected != BASE
