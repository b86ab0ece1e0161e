"""API tokens of whoever asks. Each acts as that person."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from server.access import OwnerOf, SomeoneSignedIn
from server.bodies import Route
from server.callers import Caller
from server.identity import ApiToken
from server.routes.people import Name
from server.services import Services, ServicesDep

router = APIRouter(prefix="/api/tokens", tags=["people"], route_class=Route)


async def _owner(services: Services, id: str) -> str | None:
    token = await services.identity.tokens.get(id)
    return token.user if token else None


class NewToken(BaseModel):
    name: Name


class TokenShown(BaseModel):
    id: str
    name: str
    created_at: datetime

    @classmethod
    def of(cls, token: ApiToken) -> "TokenShown":
        return cls(id=token.id, name=token.name, created_at=token.created_at)


class TokenCreated(TokenShown):
    token: str


@router.get("")
async def list_tokens(caller: SomeoneSignedIn, services: ServicesDep) -> list[TokenShown]:
    return [TokenShown.of(token) for token in await services.identity.tokens.of_user(caller.user.id)]


@router.post("", status_code=201)
async def create_token(body: NewToken, caller: SomeoneSignedIn, services: ServicesDep) -> TokenCreated:
    """The token itself is shown this once."""
    record, token = await services.identity.tokens.create(caller.user.id, body.name)
    return TokenCreated(**TokenShown.of(record).model_dump(), token=token)


@router.delete("/{id}", status_code=204)
async def revoke_token(id: str, _: Annotated[Caller, Depends(OwnerOf("token", _owner))], services: ServicesDep) -> None:
    """Sockets that came in with it close within 2 seconds."""
    await services.identity.tokens.revoke(id)
    await services.watch.announce()
