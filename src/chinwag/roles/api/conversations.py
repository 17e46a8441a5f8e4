"""Conversations: list them, read them, write into them, begin groups."""

from contextlib import nullcontext
from typing import Annotated, Any, Final, cast

import msgspec
from litestar import Request, Router, delete, get, post, put
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody, QueryParameter

from chinwag.domain.body import Attach
from chinwag.domain.command import Action, Create, Delete, Edit, Send
from chinwag.domain.ids import AccountId, ClientId, ConversationId, Snowflake
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.accept import Accept
from chinwag.flow.access.admission import Principal
from chinwag.flow.afresh import afresh
from chinwag.flow.ask import ask
from chinwag.flow.clock import Clock
from chinwag.flow.conversations import Conversations
from chinwag.flow.create_group import create_group
from chinwag.flow.history import History
from chinwag.flow.large.changes import changes
from chinwag.flow.large.feeds import Feeds
from chinwag.flow.newest_events import with_newest
from chinwag.flow.states import States
from chinwag.flow.wish import Wish, in_command
from chinwag.ports.directory import Directory
from chinwag.ports.inbox import Inbox
from chinwag.ports.message_store import MessageStore
from chinwag.roles.api.admit import Caller
from chinwag.roles.api.client_id import GivenId
from chinwag.roles.api.heard import WAIT_MOST, Heard
from chinwag.roles.api.making import PLACE, Place
from chinwag.wire.codec import Cursor
from chinwag.wire.conversations import (
    ConversationPage,
    ConversationView,
    CreateGroup,
    CurrentCursor,
    EventPage,
    OneEvent,
    Placed,
    PostMessage,
    PutMessage,
    Receipts,
)
from chinwag.wire.sync import PostChange

PAGE: Final = 50
PAGE_MOST: Final = 200
RECEIPTS: Final = 500

Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_MOST, description="Items in the page at most.")]
Number = Annotated[int, QueryParameter(ge=0, lt=1 << 53, description="A number of the conversation.")]
After = Annotated[str | None, QueryParameter(max_length=128, description="The id of the send before it.")]
MaybeNumber = Annotated[int | None, QueryParameter(ge=0, lt=1 << 53, description="A number of the conversation.")]


class ConversationServices(msgspec.Struct, frozen=True, kw_only=True):
    """The legs of the way that these addresses call."""

    accept: Accept
    conversations: Conversations
    history: History
    states: States
    feeds: Feeds
    inbox: Inbox
    store: MessageStore
    directory: Directory
    heard: Heard
    ids: Snowflake
    clock: Clock
    frame_bytes: int


Services = NamedDependency[ConversationServices]
"""The dependency `services`."""


def conversation_routes(services: ConversationServices) -> Router:
    """Everything about conversations and their messages."""
    return Router(
        path="/v1",
        route_handlers=[
            get_cursor,
            get_conversations,
            post_conversation,
            get_conversation,
            get_messages,
            get_message,
            post_message,
            put_message,
            delete_message,
            get_changes,
            post_change,
            get_receipts,
        ],
        dependencies={"services": Provide(lambda: services, sync_to_thread=False)},
        request_max_body_size=services.frame_bytes,
    )


@get("/cursor", operation_id="getCursor", summary="Where my inbox ends now", tags=["conversations"])
async def get_cursor(services: Services, principal: Caller) -> CurrentCursor:
    """Take it before loading afresh, then apply the events after it: nothing falls between."""
    bounds = await services.inbox.bounds(principal.account)
    position = await afresh(services.inbox, services.store, principal.account, bounds)
    return CurrentCursor(str(Cursor(bounds.epoch, position)))


@get("/conversations", operation_id="listConversations", summary="My conversations", tags=["conversations"])
async def get_conversations(
    services: Services,
    principal: Caller,
    before: Annotated[str | None, QueryParameter(max_length=300, description="`next` of the page before.")] = None,
    limit: Limit = PAGE,
    members: Annotated[
        int | None, QueryParameter(ge=0, le=500, description="Others of each conversation at most; all without it.")
    ] = None,
    events: Annotated[int, QueryParameter(ge=0, le=20, description="Newest events of each conversation at most.")] = 0,
) -> ConversationPage:
    """Those active of late first, the latest before the others; then the rest, in a fixed order. A page may hold fewer
    than asked for, as one ends that has reached 4 MiB: the last one has no `next`. With `members`, of each group
    oneself and those others who read or wrote last; with `events`, the newest events of each, 1 MiB in all at most: so
    one request fills a new device's cache."""
    page = await services.conversations.page(principal.account, before, limit, members)
    return await with_newest(page, principal.account, events, services.history)


@post("/conversations", operation_id="createGroup", summary="Begin a group", tags=["conversations"])
async def post_conversation(
    data: JSONBody[CreateGroup], services: Services, principal: Caller, given_id: GivenId
) -> Placed:
    """Its maker owns it. With an `Idempotency-Key` a retry finds the same group."""
    conversation, answer = await create_group(
        services.accept,
        services.directory,
        services.ids,
        services.clock,
        principal.account,
        principal.device,
        given_id,
        Create(data.title, data.members, data.settings),
    )
    return Placed(conversation, answer.number, answer.sent_at)


@get("/conversations/{conversation:str}", operation_id="getConversation", summary="One of them", tags=["conversations"])
async def get_conversation(conversation: FromPath[str], services: Services, principal: Caller) -> ConversationView:
    """A conversation as I see it; one that I left as it was then."""
    return await services.conversations.view(principal.account, ConversationId(conversation))


@get("/conversations/{conversation:str}/messages", operation_id="listEvents", summary="History", tags=["messages"])
async def get_messages(
    conversation: FromPath[str],
    services: Services,
    principal: Caller,
    before: MaybeNumber = None,
    after: MaybeNumber = None,
    around: MaybeNumber = None,
    at: Annotated[int | None, QueryParameter(ge=0, lt=1 << 53, description="Milliseconds since 1970.")] = None,
    limit: Limit = PAGE,
) -> EventPage:
    """Messages and notices as they are now, in rising order: the newest, or those before, after or around a number, or
    around those sent `at` a moment. At most one may be given. Edits, deletions and reactions are in changes only."""
    if sum(place is not None for place in (before, after, around, at)) > 1:
        raise Refused(Code.BAD_REQUEST, "give one of before, after, around and at")
    name = ConversationId(conversation)
    if after is not None:
        return await services.history.page_after(principal.account, name, after, limit)
    if around is not None:
        return await services.history.page_around(principal.account, name, around, limit)
    if at is not None:
        return await services.history.page_at(principal.account, name, at, limit)
    return await services.history.page_before(principal.account, name, before, limit)


@get(
    "/conversations/{conversation:str}/messages/{number:int}",
    operation_id="getMessage",
    summary="One message",
    tags=["messages"],
)
async def get_message(
    conversation: FromPath[str], number: FromPath[int], services: Services, principal: Caller
) -> OneEvent:
    """A message or notice as it is now: what a link to it leads to."""
    event, head = await services.history.one(principal.account, ConversationId(conversation), number)
    return OneEvent(event, head)


@post("/conversations/{conversation:str}/messages", operation_id="send", summary="Send a message", tags=["messages"])
async def post_message(
    conversation: FromPath[str],
    data: JSONBody[PostMessage],
    services: Services,
    principal: Caller,
    given_id: GivenId,
) -> Placed:
    """The answer says that the message is stored and placed. Without an `Idempotency-Key` a retry makes a copy."""
    body = data.body
    action = Send(in_command(body), data.reply_to, data.after)
    return await asked(services, principal, conversation, given_id, action, body if isinstance(body, Attach) else None)


@put(
    "/conversations/{conversation:str}/messages/{number:int}",
    operation_id="edit",
    summary="Edit my message",
    tags=["messages"],
)
async def put_message(
    conversation: FromPath[str],
    number: FromPath[int],
    data: JSONBody[PutMessage],
    services: Services,
    principal: Caller,
    given_id: GivenId,
) -> Placed:
    """Give it another body of the same type, within the hours that the server allows. The answer names the event that
    says so. With an `Idempotency-Key` a retry changes nothing more."""
    return await asked(services, principal, conversation, given_id, Edit(number, in_command(data.body), data.after))


@delete(
    "/conversations/{conversation:str}/messages/{number:int}",
    operation_id="deleteMessage",
    summary="Delete a message",
    tags=["messages"],
    status_code=200,
)
async def delete_message(
    conversation: FromPath[str],
    number: FromPath[int],
    services: Services,
    principal: Caller,
    given_id: GivenId,
    after: After = None,
) -> Placed:
    """My own, within the hours that the server allows; as owner or admin of the group, at any time that of somebody
    below me or gone. With an `Idempotency-Key` a retry gets the first answer."""
    action = Delete(number, None if after is None else ClientId(after))
    return await asked(services, principal, conversation, given_id, action)


@get("/conversations/{conversation:str}/changes", operation_id="listChanges", summary="Changes", tags=["messages"])
async def get_changes(
    request: Request[Any, Any, Any],
    conversation: FromPath[str],
    services: Services,
    principal: Caller,
    after: Number = 0,
    limit: Limit = PAGE,
    wait: Annotated[
        float, QueryParameter(ge=0, le=WAIT_MOST, description="Seconds to wait if there is nothing in a large group.")
    ] = 0.0,
) -> EventPage:
    """Every event after a number: what a device that has the conversation cached must apply to it. Of a large group
    the answer is `far`, and holds none, if more than 1,000 numbers (or 4 MiB) lie between."""
    name = ConversationId(conversation)
    asked = principal.account, name, after, limit
    if wait <= 0:
        return await changes(services.history, services.states, services.feeds, *asked, 0.0)
    place = cast("Place | None", request.scope.get(PLACE))
    while_waiting = nullcontext if place is None else place.left
    with services.heard.held(principal):
        return await changes(services.history, services.states, services.feeds, *asked, wait, while_waiting)


@post(
    "/conversations/{conversation:str}/changes", operation_id="change", summary="Change a group", tags=["conversations"]
)
async def post_change(
    conversation: FromPath[str],
    data: JSONBody[PostChange],
    services: Services,
    principal: Caller,
    given_id: GivenId,
) -> Placed:
    """Members, roles, title, settings, pins. With an `Idempotency-Key` a retry changes nothing more."""
    return await asked(services, principal, conversation, given_id, data.change)


@get(
    "/conversations/{conversation:str}/messages/{number:int}/receipts",
    operation_id="listReceipts",
    summary="Who has read a message, and when",
    tags=["messages"],
)
async def get_receipts(
    conversation: FromPath[str], number: FromPath[int], services: Services, principal: Caller
) -> Receipts:
    """Members who have the message or have read it."""
    name = ConversationId(conversation)
    return Receipts(await services.history.receipts(AccountId(principal.account), name, number, RECEIPTS))


async def asked(
    services: ConversationServices,
    principal: Principal,
    conversation: str,
    given_id: ClientId | None,
    action: Action,
    attach: Attach | None = None,
) -> Placed:
    """What became of `action`; attach: of a send of media, which. Raises `Refused`."""
    name = ConversationId(conversation)
    key = ClientId(given_id or f"http-{services.ids.next(services.clock())}")
    answer = await ask(services.accept, Wish(principal.account, principal.device, name, key, action, attach))
    return Placed(name, answer.number, answer.sent_at)
