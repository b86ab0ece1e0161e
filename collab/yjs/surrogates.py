"""Characters that take two UTF-16 units, which Yjs may cut in two and yrs may not.

A careless client inserts or deletes in the middle of such a character (its diff sees two emoji that begin alike). Yjs
then puts U+FFFD in place of each half, on every replica. yrs keeps the character whole and counts wrong from there on:
its text is another, and its clocks no longer fit. So what is cut is mended first, into what Yjs makes of it.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import chain

from collab.yjs.codec import write_var_bytes, write_var_uint
from collab.yjs.update import PairedString, UpdateHeader, read_update

_LOOKS_PAIRED = re.compile(rb"[\xf0-\xf4][\x80-\xbf]{3}")
_PAIRED_LEADS = range(0xF0, 0xF5)
BYTES_PER_LEAD = 150
"""So many bytes does the expression go through in the time in which one place is looked at by itself."""
_HALF = "\ufffd".encode("utf-16-le")


def may_hold_pairs(update: bytes) -> bool:
    """False when the update surely has no such character: the quick answer for most, without reading it."""
    # From one such byte to the next, as long as they are few: most texts have none, but clocks have some in nearly
    # every large document, and the expression alone takes 50 ms to go through one of 10 MB.
    few = len(update) // BYTES_PER_LEAD
    for at in chain.from_iterable(_places(update, bytes((lead,))) for lead in _PAIRED_LEADS):
        few -= 1
        if few < 0:
            return _LOOKS_PAIRED.search(update) is not None
        if _LOOKS_PAIRED.match(update, at):
            return True
    return False


def _places(update: bytes, lead: bytes) -> Iterator[int]:
    at = update.find(lead)
    while at >= 0:
        yield at
        at = update.find(lead, at + 1)


class SurrogatePairs:
    """Where in a document's clocks the pairs are."""

    def __init__(self) -> None:
        self._strings: dict[int, tuple[list[int], list[bytes]]] = {}

    def add(self, strings: Iterable[PairedString]) -> None:
        """Strings behind all those of the same client that were added before, as clocks ascend."""
        for string in strings:
            clocks, high_bytes = self._strings.setdefault(string.client, ([], []))
            clocks.append(string.clock)
            high_bytes.append(string.high_bytes)

    def inside(self, client: int, clock: int) -> bool:
        """Whether a pair begins in front of this clock and ends behind it."""
        if client not in self._strings:
            return False
        clocks, high_bytes = self._strings[client]
        index = bisect_right(clocks, clock) - 1
        if index < 0:
            return False
        unit = clock - clocks[index]
        return unit < len(high_bytes[index]) and 0xDC <= high_bytes[index][unit] < 0xE0

    def cut_by(self, header: UpdateHeader) -> bool:
        """Whether an update cuts one of the pairs when it is integrated."""
        return bool(self._strings) and any(self.inside(client, clock) for client, clock in _cuts(header))


def _cuts(header: UpdateHeader) -> Iterator[tuple[int, int]]:
    yield from header.cuts
    for client, ranges in header.deletes.items():
        for clock, length in ranges:
            yield client, clock
            yield client, clock + length


def mend(update: bytes, also: Iterable[tuple[int, int]] = ()) -> bytes:
    """An update of the whole of a text, with U+FFFD for each half of the pairs that it cuts. Its lengths stay.

    ``also``: (client, clock) in front of which it is going to be cut.
    """
    header = read_update(update, "text")
    cuts: dict[int, set[int]] = {}
    for client, clock in chain(_cuts(header), also):
        cuts.setdefault(client, set()).add(clock)
    mended = bytearray()
    at = 0
    for string in header.paired:
        halves = [
            unit
            for unit, high_byte in enumerate(string.high_bytes)
            if 0xDC <= high_byte < 0xE0 and string.clock + unit in cuts.get(string.client, ())
        ]
        if not halves:
            continue
        units = bytearray(update[string.start : string.end].decode().encode("utf-16-le"))
        for unit in halves:
            units[2 * unit - 2 : 2 * unit + 2] = _HALF * 2
        prefix = bytearray()
        write_var_uint(prefix, string.end - string.start)
        mended += update[at : string.start - len(prefix)]
        write_var_bytes(mended, units.decode("utf-16-le").encode())
        at = string.end
    return bytes(mended + update[at:])
