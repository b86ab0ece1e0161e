"""Conversations with the assistant, which everybody in the workspace reads."""

from fastapi import APIRouter

from server.access import Editor, Viewer
from server.bodies import Route
from server.routes.assistant import OF_WORKSPACE, person_of
from server.routes.assistant_refusals import refusals
from server.routes.conversation_shapes import (
    AskedChat,
    ChatRequest,
    ConversationShown,
    ConversationWhole,
    ProposalRequest,
    Proposed,
    Query,
    Renamed,
    Shown,
)
from server.services import ServicesDep

router = APIRouter(tags=["conversations"], route_class=Route)

_CONVERSATIONS = OF_WORKSPACE + "/conversations"
_MESSAGE = _CONVERSATIONS + "/{id}/messages/{message}"


@router.post(OF_WORKSPACE + "/ai/chat", status_code=202)
async def chat(body: ChatRequest, member: Editor, services: ServicesDep) -> AskedChat:
    """Say something in a conversation, a new one without `conversation`; the answer streams to everybody."""
    with refusals():
        asked = await services.assistant.requests.ask(
            member.workspace,
            body.message,
            body.conversation,
            body.path,
            person_of(member),
            (body.selection.start, body.selection.end) if body.selection else None,
            body.mentions,
        )
    return AskedChat(**asked.view())


@router.get(_CONVERSATIONS, response_model=list[ConversationShown], response_model_exclude_none=True)
async def list_conversations(member: Viewer, services: ServicesDep, q: Query = "") -> list[Shown]:
    """Those with the newest messages, newest first; with `q`, those with all its words in their title or a message."""
    if not q.strip():
        return [c.view() for c in await services.assistant.conversations.of_workspace(member.workspace)]
    found = await services.assistant.conversation_search.find(member.workspace, q)
    return [conversation.view() | {"match": match.view()} for conversation, match in found]


@router.get(_CONVERSATIONS + "/{id}", response_model=ConversationWhole, response_model_exclude_none=True)
async def show_conversation(id: str, member: Viewer, services: ServicesDep, before: str | None = None) -> Shown:
    """With its newest messages; with `before`, the id of a question, those of the questions before it."""
    conversations = services.assistant.conversations
    with refusals():
        conversation = await conversations.get(member.workspace, id)
        limit = await conversations.message_of(id, before) if before is not None else None
        messages = await conversations.messages(id, limit)
        earlier = bool(messages) and not await conversations.begins_with(id, messages[0])
    return conversation.view() | {"messages": [m.view() for m in messages], "earlier": earlier}


@router.patch(_CONVERSATIONS + "/{id}", response_model=ConversationShown, response_model_exclude_none=True)
async def rename_conversation(id: str, body: Renamed, member: Editor, services: ServicesDep) -> Shown:
    with refusals():
        return (await services.assistant.rename_conversation(member.workspace, id, body.title)).view()


@router.delete(_CONVERSATIONS + "/{id}", status_code=204)
async def delete_conversation(id: str, member: Editor, services: ServicesDep) -> None:
    """With all its messages; what is being answered in it is cancelled."""
    with refusals():
        await services.assistant.delete_conversation(member.workspace, id)


@router.post(_MESSAGE + "/retry", status_code=202)
async def ask_again(id: str, message: str, member: Editor, services: ServicesDep) -> AskedChat:
    """Have a question answered once more; `message` is the question or its newest answer, which stays to be read."""
    with refusals():
        asked = await services.assistant.requests.ask_again(member.workspace, id, message, person_of(member))
    return AskedChat(**asked.view())


@router.post(_MESSAGE + "/proposals", status_code=201)
async def propose(id: str, message: str, body: ProposalRequest, member: Editor, services: ServicesDep) -> Proposed:
    """Make an answer, or a code block of it, a suggestion for a file, which any editor decides hunk by hunk.

    409 when there is no one place for it in the file, with why.
    """
    block = None if body.block == "all" else body.block
    with refusals():
        suggestion = await services.assistant.chat_proposals.propose(
            member.workspace, id, message, block, body.path, person_of(member), body.where
        )
    return Proposed(suggestion=suggestion)
