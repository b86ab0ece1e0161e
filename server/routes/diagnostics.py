"""What is wrong with a text."""

from typing import Literal, Self

from fastapi import APIRouter
from pydantic import BaseModel, Field

from ai.checking import CannotCheck, Diagnostic, Severity, checker_of
from server.access import Viewer
from server.bodies import Route
from server.problems import Problem
from server.services import ServicesDep

router = APIRouter(prefix="/api/workspaces/{workspace}", tags=["files"], route_class=Route)


class TextToCheck(BaseModel):
    path: str = Field(min_length=1, max_length=900)
    """Tells the language; there need not be such a file."""
    text: str
    """As the asker has it: places in the answer are places in this."""


class FixEdit(BaseModel):
    start: int
    end: int
    text: str


class FixShown(BaseModel):
    message: str
    edits: list[FixEdit]
    """In the order of the text, none inside of another."""


class DiagnosticShown(BaseModel):
    start: int
    """UTF-16 code units."""
    end: int
    severity: Severity
    message: str
    source: Literal["ruff", "json", "yaml"]
    code: str | None
    url: str | None
    """Where the rule is explained."""
    fixes: list[FixShown]

    @classmethod
    def of(cls, diagnostic: Diagnostic) -> Self:
        return cls.model_validate(diagnostic, from_attributes=True)


class Checked(BaseModel):
    checked: bool
    """False for a text that nobody here can check; it may be right or wrong."""
    diagnostics: list[DiagnosticShown]


@router.post("/diagnostics")
async def check(body: TextToCheck, member: Viewer, services: ServicesDep) -> Checked:
    """What is wrong with the text, 200 places at most. Nothing of it is run, kept or changed."""
    try:
        found = await services.checks.diagnose(member.user.id, body.path, body.text)
    except CannotCheck as error:
        raise Problem(422, str(error)) from None
    return Checked(checked=checker_of(body.path) is not None, diagnostics=[DiagnosticShown.of(one) for one in found])
