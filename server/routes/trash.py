"""What was deleted, and its way back."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel

from collab.tree.rule import Kind
from collab.tree.trash import TrashEntry
from server.access import Editor, Viewer
from server.bodies import Route
from server.routes.people import Person
from server.services import ServicesDep

router = APIRouter(prefix="/api/workspaces/{workspace}/trash", tags=["files"], route_class=Route)


class Deleted(BaseModel):
    id: str
    path: str
    """Where it was, and where it goes back to as far as nothing has taken its place."""
    kind: Kind
    size: int | None
    deleted_at: datetime | None
    deleted_by: Person | None
    """Null when a client deleted it over the sync socket."""

    @classmethod
    def of(cls, entry: TrashEntry, by: Person | None) -> "Deleted":
        return cls(
            id=entry.id,
            path=entry.path,
            kind=entry.kind,
            size=entry.size,
            deleted_at=entry.deleted_at,
            deleted_by=by,
        )


class Restored(BaseModel):
    id: str
    path: str
    kind: Kind


@router.get("")
async def trash(member: Viewer, services: ServicesDep) -> list[Deleted]:
    """Newest first. A folder stands for all that was in it when it was deleted."""
    entries = await services.files.trash.list(member.workspace)
    users = {entry.by: entry.by.removeprefix("user:") for entry in entries if entry.by and entry.by.startswith("user:")}
    known = await services.identity.users.many(list(users.values()))
    people = {by: Person.of(known[user]) for by, user in users.items() if user in known}
    return [Deleted.of(entry, people.get(entry.by or "")) for entry in entries]


@router.post("/{id}/restore")
async def restore(id: str, member: Editor, services: ServicesDep) -> Restored:
    """Back to where it was, with what it held; under a numbered name where something else has its name by now.

    Folders around it that are in the trash themselves are made anew.
    """
    node = await services.files.trash.restore(member.workspace, id, member.author)
    return Restored(id=node.id, path=node.path, kind=node.kind)
