"""What a group can choose for its assistant: endpoints, recipes, and whether its file would make sense."""

from typing import Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field

from ai.pool.attempt import JobFailed
from server.access import Editor, Viewer
from server.bodies import Route
from server.routes.assistant_shapes import AssistantFileState, Shown
from server.services import ServicesDep

router = APIRouter(tags=["assistant"], route_class=Route)

_OF_WORKSPACE = "/api/workspaces/{workspace}/ai"


class PriceShown(BaseModel):
    """Of a million tokens, in the currency of whoever runs the server."""

    input: float
    output: float


class ModelShown(BaseModel):
    name: str
    price: PriceShown | None


class EndpointShown(BaseModel):
    name: str
    models: list[ModelShown]
    """The first one answers where a group names none."""
    knows_top_k: bool
    local: bool
    """Whether it is the built-in assistant, which sends nothing anywhere."""


class RecipeShown(BaseModel):
    name: str
    kind: Literal["edit", "write", "chat"]
    instruction: str
    """With each placeholder in braces."""
    placeholders: list[str]
    built_in: bool


class FileText(BaseModel):
    text: str = Field(max_length=100_000)


@router.get(_OF_WORKSPACE + "/endpoints", response_model=list[EndpointShown])
async def list_endpoints(member: Viewer, services: ServicesDep) -> list[Shown]:
    """Those that are configured on this server, by the names that `.scriptorium/assistant.yaml` may use."""
    return [endpoint.view() for endpoint in services.assistant.choices.endpoints.values()]


@router.get(_OF_WORKSPACE + "/recipes", response_model=list[RecipeShown])
async def list_recipes(member: Viewer, services: ServicesDep) -> list[Shown]:
    """What the group asks for by one click: the built-in recipes, and those of its file.

    None where nobody can answer, as `ai/status` says then.
    """
    try:
        choice = await services.assistant.choices.of(member.workspace)
    except JobFailed:
        return []
    return [recipe.view() for recipe in choice.recipes]


@router.post(_OF_WORKSPACE + "/config/check")
async def check_file(body: FileText, member: Editor, services: ServicesDep) -> AssistantFileState:
    """How `.scriptorium/assistant.yaml` would be found if it held `text`. Nothing is changed."""
    return AssistantFileState(**(await services.assistant.choices.check(body.text)).view())
