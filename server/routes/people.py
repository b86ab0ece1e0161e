"""Shapes that several routes share."""

from typing import Annotated

from pydantic import BaseModel, StringConstraints

from server.identity import Role, User, Workspace
from server.identity.users import MAX_NAME

Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_NAME, pattern=r"^[^\x00-\x1f\x7f]*$")
]
"""Of a person, a workspace or a token."""


class Person(BaseModel):
    id: str
    name: str
    color: str

    @classmethod
    def of(cls, user: User) -> "Person":
        return cls(id=user.id, name=user.name, color=user.color)


class JoinedWorkspace(BaseModel):
    id: str
    name: str
    role: Role

    @classmethod
    def of(cls, workspace: Workspace, role: Role) -> "JoinedWorkspace":
        return cls(id=workspace.id, name=workspace.name, role=role)
