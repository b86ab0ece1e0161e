"""Parts of files: a player asks for what it is about to play (RFC 9110, section 14)."""

import re

from server.problems import Problem

_ONE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def byte_range(header: str | None, size: int) -> tuple[int, int] | None:
    """The bytes, from the first up to and without the last, that a ``Range`` header asks for of ``size``.

    None when all of them are to be sent: without such a header, or with one that is not understood, or asks for several
    ranges at once, which nobody needs. Problem 416 when there are no such bytes.
    """
    match = _ONE_RANGE.fullmatch(header.replace(" ", "")) if header else None
    if match is None or match.group(1) == match.group(2) == "":
        return None
    first, last = match.groups()
    if first == "":
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < start:
            return None
    if start >= end:
        raise Problem(416, f"The file has {size} bytes.", headers={"Content-Range": f"bytes */{size}"})
    return start, end
