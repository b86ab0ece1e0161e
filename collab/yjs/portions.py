"""Cuts an update into smaller ones that can be integrated one after the other, with time for others in between.

How long an update takes to integrate cannot be told from its size: a struct is compared with everything that was
inserted behind its origin, and each range that is cut out of a long string copies the rest of the string. Honest
clients hardly notice. But references can be forged so that 64 KB take 20 s, nothing in an update's header tells these
from honest ones, and the CRDT library cannot be interrupted. What can be bounded is how much it is given at once.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice

from collab.yjs.codec import write_var_uint
from collab.yjs.update import UpdateHeader, encode_delete_set, integrable

LONGEST = 32 * 1024
"""Bytes of a portion, unless it is a single struct: a string may be cut up by what follows in the same portion."""


def order(header: UpdateHeader, state: Mapping[int, int]) -> list[tuple[int, int]]:
    """As `collab.yjs.update.integrable`, all at once, without the steps that get nowhere: for a thread, since it takes
    some microseconds for each client.

    Raises:
        InvalidUpdate: structs wait for each other in a circle.
    """
    steps = []
    reached = dict(state)
    for client, clock in integrable(header, state):
        if clock > reached.get(client, 0):
            reached[client] = clock
            steps.append((client, clock))
    return steps


def portions(
    update: bytes,
    header: UpdateHeader,
    state: Mapping[int, int],
    order: Iterable[tuple[int, int]],
    most: Callable[[], int],
) -> Iterator[bytes]:
    """Updates of at most ``most()`` structs or delete ranges each, which together are ``update``; what has a gap on top
    of ``state``, with which ``order`` was found, is left out. ``most`` is asked anew for each, after those before it
    were integrated.
    """
    portion = _Portion(update, most())
    reached = dict(state)
    at = dict.fromkeys(header.ranges, 0)
    for client, end in order:
        structs = header.structs.get(client, [])
        while at[client] < len(structs) and structs[at[client]][0] < end:
            if portion.ends_before(client, structs[at[client]]):
                yield portion.encode()
                portion = _Portion(update, most())
            portion.add(client, structs[at[client]])
            at[client] += 1
        reached[client] = max(end, reached.get(client, 0))
    if portion.count:
        yield portion.encode()
    deletes = (
        (client, clock, min(length, reached.get(client, 0) - clock))
        for client, ranges in header.deletes.items()
        for clock, length in ranges
        if clock < reached.get(client, 0)
    )
    while chunk := list(islice(deletes, most())):
        ranges: dict[int, list[tuple[int, int]]] = {}
        for client, clock, length in chunk:
            ranges.setdefault(client, []).append((clock, length))
        yield encode_delete_set(ranges)


class _Portion:
    """Structs of several clients, of each an unbroken run."""

    def __init__(self, update: bytes, most: int) -> None:
        self._update = update
        self._most = most
        self._runs: dict[int, list[tuple[int, int, int]]] = {}
        self._length = 0
        self.count = 0

    def ends_before(self, client: int, struct: tuple[int, int, int]) -> bool:
        """Whether it is full, or something is left out between this struct and the last one of its client."""
        if self.count == self._most or (self.count and self._length + struct[2] - struct[1] > LONGEST):
            return True
        return client in self._runs and self._runs[client][-1][2] != struct[1]

    def add(self, client: int, struct: tuple[int, int, int]) -> None:
        self._runs.setdefault(client, []).append(struct)
        self._length += struct[2] - struct[1]
        self.count += 1

    def encode(self) -> bytes:
        buffer = bytearray()
        write_var_uint(buffer, len(self._runs))
        for client, structs in self._runs.items():
            write_var_uint(buffer, len(structs))
            write_var_uint(buffer, client)
            write_var_uint(buffer, structs[0][0])
            buffer += self._update[structs[0][1] : structs[-1][2]]
        return bytes(buffer + b"\x00")
