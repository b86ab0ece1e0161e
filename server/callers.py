"""Who is asking."""

from dataclasses import dataclass
from typing import Literal

from server.identity import Role, User


@dataclass(frozen=True, slots=True)
class Credential:
    kind: Literal["session", "token"]
    id: str
    """Of the record; not the secret."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who is signed in."""

    user: User
    credential: Credential

    @property
    def author(self) -> str:
        return f"user:{self.user.id}"


@dataclass(frozen=True, slots=True)
class Member(Caller):
    """Somebody who is signed in and belongs to the workspace in question."""

    workspace: str
    role: Role
