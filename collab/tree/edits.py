"""Changes to the shared document of a tree, as Yjs updates.

Each field is set by itself, and only those that change: that is why a rename and a move at the same time both survive.
Nothing is ever taken out of the map: a deleted node keeps its place, and restoring it is one field less.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pycrdt import Doc, Map, merge_updates

from collab.replicas.edits import fork
from collab.tree.rule import Kind
from collab.yjs.codec import read_var_uint, write_var_uint


@dataclass(frozen=True, slots=True)
class NodeChange:
    node: str
    fields: Mapping[str, str | None]
    """Field → new value; the root as `parent` is None."""
    new: bool = False
    restored: bool = False
    """`deleted_at` is taken away."""


def create(node: str, name: str, parent: str | None, kind: Kind) -> NodeChange:
    return NodeChange(node, {"name": name, "parent": parent, "kind": kind}, new=True)


def rename(node: str, name: str) -> NodeChange:
    return NodeChange(node, {"name": name})


def move(node: str, parent: str | None) -> NodeChange:
    return NodeChange(node, {"parent": parent})


def delete(node: str, at: datetime) -> NodeChange:
    return NodeChange(node, {"deleted_at": at.astimezone(UTC).isoformat(timespec="milliseconds")})


def restore(node: str, name: str, parent: str | None) -> NodeChange:
    """Back from the trash: under a name and in a folder that the caller has found free and visible."""
    return NodeChange(node, {"name": name, "parent": parent}, restored=True)


class TreeDraft:
    """A replica of a tree on which changes are drafted, so that they come as an update like anybody else's.

    Copying a tree of twenty thousand nodes for each change held up everybody for 60 ms; this copy is made once and
    follows the tree. But a Yjs client id must name one author for ever, and a `Doc` has one id for its whole life. So
    what is drafted here is written under client 0, which no document may hold, and goes out under the caller's id.
    The draft then receives it like any other update, and holds the same change twice. That is harmless: of values set
    at the same time the one of the smallest client id loses, so a value of client 0 is never the present one as soon
    as the other is there, and nothing will ever rest on it.
    """

    def __init__(self, doc: Doc[Any]) -> None:
        self._replica = fork(doc, 0)
        self._nodes: Map[Any] = self._replica.get("nodes", type=Map)

    def follow(self, update: bytes) -> None:
        """Take an update that the tree got; also those made here, before the next is made."""
        self._replica.apply_update(update)

    def update(self, changes: Sequence[NodeChange], client_id: int) -> bytes:
        """The update that carries out ``changes`` under ``client_id``, which has written nothing else.

        Raises:
            KeyError: a node to change is not in the tree.
        """
        fields = [self._differing(change) for change in changes if not change.new]
        new = [change for change in changes if change.new]
        made = new_nodes(new, client_id)
        if not any(fields):
            return made
        updates: list[bytes] = []
        subscription = self._replica.observe(lambda event: updates.append(event.update))
        with self._replica.transaction():
            for node, values in zip((change.node for change in changes if not change.new), fields, strict=True):
                for field, value in values.items():
                    if value is _REMOVED:
                        del self._nodes[node][field]
                    else:
                        self._nodes[node][field] = value
        self._replica.unobserve(subscription)
        drafted = _under(updates[0], client_id, sum(1 + len(change.fields) for change in new))
        return merge_updates(made, drafted) if new else drafted

    def _differing(self, change: NodeChange) -> dict[str, Any]:
        """What is so already is not written again: it would undo what somebody else sets at the same time."""
        node = self._nodes[change.node]
        values: dict[str, Any] = {
            field: value for field, value in change.fields.items() if field not in node or node[field] != value
        }
        if change.restored and "deleted_at" in node:
            values["deleted_at"] = _REMOVED
        return values


_REMOVED = object()


def new_nodes(changes: Sequence[NodeChange], client_id: int) -> bytes:
    """The update of ``changes`` that all make new nodes: it rests on nothing, so no tree is needed for it."""
    doc: Doc[Any] = Doc(client_id=client_id)
    nodes: Map[Any] = doc.get("nodes", type=Map)
    with doc.transaction():
        for change in changes:
            nodes[change.node] = Map(dict(change.fields))
    return doc.get_update()


def _under(update: bytes, client_id: int, clock: int) -> bytes:
    """``update``, written by client 0, as if ``client_id`` had written it from ``clock`` on."""
    sections, at = read_var_uint(update, 0)
    if sections == 0:  # deletes alone, which name no author
        return update
    structs, at = read_var_uint(update, at)
    _, at = read_var_uint(update, at)
    _, at = read_var_uint(update, at)
    head = bytearray()
    for number in (sections, structs, client_id, clock):
        write_var_uint(head, number)
    return bytes(head) + update[at:]
