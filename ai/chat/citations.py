"""The numbers by which an answer cites passages. Pure."""

import re
from collections.abc import Collection

# What is code stays as it is, and so does what Markdown reads as a link.
_CODE = r"```[\s\S]*?(?:```|\Z)|~~~[\s\S]*?(?:~~~|\Z)|`[^`\n]*`"
_CITED = r"[ \t]?\[([1-9]\d{0,2}(?:, ?[1-9]\d{0,2})*)\](?![(:])"
_PARTS = re.compile(f"{_CODE}|{_CITED}")


def without_citations(text: str, numbers: Collection[int]) -> str:
    """`text` without what cites only passages of these numbers: in a file they would be numbers of nothing."""

    def kept(found: re.Match[str]) -> str:
        cited = found[1]
        known = cited is not None and all(int(number) in numbers for number in cited.split(","))
        return "" if known else found[0]

    return _PARTS.sub(kept, text) if numbers else text
