"""What a member may do. Each role may do all that the ones before it may."""

from typing import Literal

Role = Literal["viewer", "editor", "owner"]

_RANK: dict[Role, int] = {"viewer": 0, "editor": 1, "owner": 2}


def includes(role: Role, needed: Role) -> bool:
    return _RANK[role] >= _RANK[needed]
