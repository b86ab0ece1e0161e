"""Many edits of one text as updates that do not know of each other.

Each is what `edits.edit_update` gives for it alone, so any of them may be applied and any other never. Done one by one,
every edit costs a copy of the document. Here one copy serves all: the edits are carried out on it from the back, each
in a transaction of its own, and since nothing before an edit has changed yet, each names only characters of the
document. What comes out is then put under the client id that is meant for it.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from pycrdt import Doc, Text

from collab.replicas.edits import TextEdit, edit_update, fork, recorded
from collab.yjs.codec import read_var_uint, write_var_uint
from collab.yjs.offsets import utf16_to_utf8


def separate_updates(doc: Doc[Any], edits: Sequence[TextEdit], clients: Sequence[int]) -> list[bytes]:
    """For each of `edits` of the document's present text the Yjs v1 update that carries it out under its own client id.

    An insertion has its characters under clocks from 0 on. `doc` stays as it is. Raises as `edits.edit_update`.
    """
    order = sorted(range(len(edits)), key=lambda number: (edits[number].start, edits[number].end))
    for before, behind in pairwise(order):
        if edits[behind].start < edits[before].end:
            raise ValueError(f"edits overlap at {edits[behind].start}")
    replica = fork(doc)
    text = replica.get("text", type=Text)
    places = [place for number in order for place in (edits[number].start, edits[number].end)]
    offsets = utf16_to_utf8(str(text), places)
    updates = [b"\x00\x00"] * len(edits)
    touched: int | None = None
    with recorded(replica) as made:
        for position in range(len(order) - 1, -1, -1):
            number = order[position]
            edit = edits[number]
            if edit.end == touched:
                # The neighbour behind it is changed already; this one would name what stands there now.
                updates[number] = edit_update(doc, [edit], clients[number])
            elif edit.start != edit.end or edit.text:
                start, end = offsets[2 * position], offsets[2 * position + 1]
                with replica.transaction():
                    if start != end:
                        del text[start:end]
                    if edit.text:
                        text.insert(start, edit.text)
                updates[number] = _under(clients[number], made[-1])
            touched = edit.start
    return updates


def _under(client: int, update: bytes) -> bytes:
    """An update of at most one struct, put under `client` from clock 0 on.

    The encoding begins with the counts of clients and of structs, the client and its clock (Yjs `encoding.js`).
    """
    sections, at = read_var_uint(update, 0)
    if sections == 0:
        return update
    structs, at = read_var_uint(update, at)
    if (sections, structs) != (1, 1):
        raise ValueError(f"{structs} structs in {sections} sections for one insertion")
    _, at = read_var_uint(update, at)
    _, at = read_var_uint(update, at)
    rewritten = bytearray(b"\x01\x01")
    write_var_uint(rewritten, client)
    write_var_uint(rewritten, 0)
    return bytes(rewritten + update[at:])
