"""Changes to the shared document of a tree, as Yjs updates.

Each field is set by itself, and only those that change: that is why a rename and a move at the same time both survive.
Nothing is ever taken out of the map: a deleted node keeps its place, and restoring it is one field less.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pycrdt import Doc, Map

from collab.edits import fork
from collab.tree import Kind


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


def tree_nodes(doc: Doc[Any]) -> dict[str, Any]:
    """The content of `nodes` as plain data, for `tree.legal_tree`."""
    # By way of JSON, which takes a sixth of the time of `Map.to_py`: 85 ms for 20,000 nodes.
    nodes: dict[str, Any] = json.loads(str(doc.get("nodes", type=Map)))
    return nodes


def tree_update(doc: Doc[Any], changes: Sequence[NodeChange], client_id: int) -> bytes:
    """The update that carries out ``changes`` in the tree ``doc``, which stays untouched, under ``client_id``.

    New nodes alone are written without looking at ``doc``: an import of a thousand files into a large tree does not
    copy the tree. Anything else costs one copy of it.

    Raises:
        KeyError: a node to change is not in the tree.
    """
    only_new = all(change.new for change in changes)
    replica: Doc[Any] = Doc(client_id=client_id) if only_new else fork(doc, client_id)
    nodes: Map[Any] = replica.get("nodes", type=Map)
    updates: list[bytes] = []
    replica.observe(lambda event: updates.append(event.update))
    with replica.transaction():
        for change in changes:
            if change.new:
                nodes[change.node] = Map(dict(change.fields))
                continue
            node = nodes[change.node]
            for field, value in change.fields.items():
                if field not in node or node[field] != value:
                    node[field] = value
            if change.restored and "deleted_at" in node:
                del node["deleted_at"]
    return updates[0] if updates else b"\x00\x00"
