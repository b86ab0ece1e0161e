"""Completions: the next words at one person's cursor, streamed to them alone, and what became of them."""

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from ai.completing.completion_fates import CompletionDecided, CompletionNotFound
from ai.completing.completions import Completion, Stopped, TooManyAtOnce
from ai.models import ModelError
from ai.pool.attempt import JobFailed
from ai.pool.jobs import Person
from ai.pool.retries import WORTH_RETRYING
from ai.spending.budget_book import BudgetSpent
from collab.replicas.positions import InvalidAnchor
from server.access import Editor
from server.bodies import Route
from server.callers import Member
from server.event_stream import EventStream, ServerEvent
from server.identity import Role, includes
from server.problems import Problem
from server.routes.assistant_refusals import refusals
from server.routes.assistant_shapes import Id, Position
from server.services import Services, ServicesDep

router = APIRouter(tags=["assistant"], route_class=Route)

_COMPLETIONS = "/api/workspaces/{workspace}/ai/completions"

_DAY = 86_400_000


def _is_base64(text: str) -> str:
    try:
        b64decode(text, validate=True)
    except NotBase64 as error:
        raise ValueError("an encoded Yjs relative position, in base64") from error
    return text


EncodedAnchor = Annotated[str, StringConstraints(max_length=200), AfterValidator(_is_base64)]


class CompletionRequest(BaseModel):
    path: str
    at: Position
    expected: Annotated[str, StringConstraints(max_length=1_000)] | None = None
    """What the asker sees just in front of `at`. It is waited for; where it does not come, the answer is 409."""


class CompletionPiece(BaseModel):
    """The data of one event; `text` is what follows the piece before."""

    id: str
    text: str
    instead_of: str | None = None
    """The model that does not answer, where the built-in assistant does instead; left out otherwise."""


class CompletionDecision(BaseModel):
    decision: Literal["accept", "reject", "ignore"]
    shown_ms: Annotated[int, Field(ge=0, le=_DAY)]
    """Milliseconds for which it was on the screen. Below 500, a rejection counts as not seen."""
    taken: Annotated[int, Field(ge=1, strict=True)] | None = None
    """How much of the text was accepted, in UTF-16 code units; all of it when left out."""
    anchors: tuple[EncodedAnchor, EncodedAnchor] | None = None
    """Yjs relative positions around what was accepted; left out, it is looked for at the place of the request."""


class CompletionFate(BaseModel):
    id: str
    decision: Literal["accepted", "rejected", "ignored"]
    was_shown: bool


@router.post(
    _COMPLETIONS,
    status_code=200,
    response_class=EventStream,
    responses={
        200: {
            "description": "Events with a piece of the text each, then one of type `done`.",
            "content": {"text/event-stream": {"schema": CompletionPiece.model_json_schema()}},
        }
    },
)
async def complete(body: CompletionRequest, member: Editor, services: ServicesDep) -> EventStream:
    """What could come next at `at`, for the asker alone: nobody else sees it, and nothing of it is in the document.

    Ends when the connection is closed, when the same person asks anew in the same document, and when they may not ask
    any more.
    """
    asker = Person(member.user.id, member.user.name)
    with refusals():
        try:
            completion = await services.assistant.completions.ask(
                member.workspace, body.path, body.at, asker, body.expected
            )
        except BudgetSpent:
            raise
        except JobFailed as error:
            raise Problem(409, str(error)) from None
    return EventStream(_events(services, member, completion))


async def _events(services: Services, member: Member, completion: Completion) -> AsyncGenerator[ServerEvent, None]:
    completions = services.assistant.completions
    began, allowed = False, True

    def look(role: Role | None) -> None:
        nonlocal allowed
        allowed = role is not None and includes(role, "editor")
        if not allowed:
            completions.stop(completion)

    unwatch = services.watch.watch(member, changed=lambda now: look(now.role), revoked=lambda _: look(None))
    try:
        async with aclosing(completions.stream(completion)) as pieces:
            async for text in pieces:
                began = True
                piece = CompletionPiece(id=completion.id, text=text, instead_of=completions.instead_of(completion))
                yield ServerEvent(piece.model_dump(exclude_none=True))
    except TooManyAtOnce as error:
        raise Problem(429, str(error), headers={"Retry-After": "1"}) from None
    except Stopped:
        if not began and not allowed:
            raise Problem(403, "You may not ask the assistant here any more.") from None
        if not began:
            raise Problem(409, "You have asked anew in this file meanwhile.") from None
    except BudgetSpent:
        if not began:
            with refusals():
                raise
    except ModelError as error:
        # What was shown by then may be taken all the same.
        if not began:
            wait = {"Retry-After": str(round(error.retry_after))} if error.retry_after else None
            raise Problem(503 if error.kind in WORTH_RETRYING else 502, error.message, headers=wait) from None
    finally:
        unwatch()
    yield ServerEvent({"id": completion.id, "text": ""}, "done")


@router.post(_COMPLETIONS + "/{id}/decision")
async def decide(id: Id, body: CompletionDecision, member: Editor, services: ServicesDep) -> CompletionFate:
    """Say once what became of a completion of your own."""
    anchors = (b64decode(body.anchors[0]), b64decode(body.anchors[1])) if body.anchors else None
    with refusals():
        try:
            fate = await services.assistant.completions.fates.decide(
                member.workspace,
                id,
                body.decision,
                body.shown_ms,
                Person(member.user.id, member.user.name),
                taken=body.taken,
                anchors=anchors,
            )
        except CompletionNotFound:
            raise Problem(404, "You have no such completion; it may have expired.") from None
        except CompletionDecided as error:
            raise Problem(409, str(error)) from None
        except InvalidAnchor:
            raise Problem(422, "One of the anchors is no encoded Yjs relative position in the text.") from None
    return CompletionFate.model_validate({"id": id, "decision": fate.decision, "was_shown": fate.was_shown})
