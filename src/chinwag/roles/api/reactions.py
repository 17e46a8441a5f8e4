"""What is put on messages: reactions, and pins."""

from typing import Annotated, Final

from litestar import Router, delete, get, put
from litestar.di import Provide
from litestar.params import FromPath, QueryParameter

from chinwag.domain.command import React
from chinwag.domain.emoji import reaction_of
from chinwag.domain.ids import ClientId, ConversationId
from chinwag.flow.access.admission import Principal
from chinwag.roles.api.admit import Caller
from chinwag.roles.api.client_id import GivenId
from chinwag.roles.api.conversations import (
    PAGE,
    After,
    ConversationServices,
    Limit,
    Number,
    Services,
    asked,
)
from chinwag.wire.conversations import Pins, Placed, ReactionCountPage, ReactionPage

COUNTED: Final = 100
"""Messages that one request names at most."""


def reaction_routes(services: ConversationServices) -> Router:
    """Reactions to messages, and pinned messages."""
    return Router(
        path="/v1",
        route_handlers=[get_counts, get_reactions, put_reaction, delete_reaction, get_pins],
        dependencies={"services": Provide(lambda: services, sync_to_thread=False)},
    )


@get(
    "/conversations/{conversation:str}/reactions",
    operation_id="listReactionCounts",
    summary="How many have put which reaction on messages of a large group",
    tags=["messages"],
)
async def get_counts(
    conversation: FromPath[str],
    services: Services,
    principal: Caller,
    messages: Annotated[
        list[Number], QueryParameter(name="message", max_items=COUNTED, description="May be given many times.")
    ],
) -> ReactionCountPage:
    """For members, of those messages that I may read: ask for what is on the screen. Of a group that is not large,
    events tell of every reaction."""
    return await services.history.reaction_counts(principal.account, ConversationId(conversation), messages)


@get(
    "/conversations/{conversation:str}/messages/{number:int}/reactions",
    operation_id="listReactions",
    summary="Who has put which reaction on a message",
    tags=["messages"],
)
async def get_reactions(
    conversation: FromPath[str],
    number: FromPath[int],
    services: Services,
    principal: Caller,
    after: Number = 0,
    after_turn: Number = 0,
    limit: Limit = PAGE,
) -> ReactionPage:
    """All that is on it, in the order in which it was put on, after the one of that event; after_turn: in a large
    group, where they take no number, after that one of those that have the same."""
    return await services.history.reactions(
        principal.account, ConversationId(conversation), number, after, limit, after_turn
    )


@put(
    "/conversations/{conversation:str}/messages/{number:int}/reactions/{reaction:str}",
    operation_id="react",
    summary="Put a reaction on a message",
    tags=["messages"],
)
async def put_reaction(
    conversation: FromPath[str],
    number: FromPath[int],
    reaction: FromPath[str],
    services: Services,
    principal: Caller,
    given_id: GivenId,
    after: After = None,
) -> Placed:
    """One emoji, percent-encoded in the address. Doing it again changes nothing, and is answered with the last
    number."""
    return await _react(services, principal, conversation, given_id, number, reaction, after, on=True)


@delete(
    "/conversations/{conversation:str}/messages/{number:int}/reactions/{reaction:str}",
    operation_id="takeReactionBack",
    summary="Take my reaction back",
    tags=["messages"],
    status_code=200,
)
async def delete_reaction(
    conversation: FromPath[str],
    number: FromPath[int],
    reaction: FromPath[str],
    services: Services,
    principal: Caller,
    given_id: GivenId,
    after: After = None,
) -> Placed:
    """Doing it again changes nothing, and is answered with the last number."""
    return await _react(services, principal, conversation, given_id, number, reaction, after, on=False)


@get(
    "/conversations/{conversation:str}/pins", operation_id="listPins", summary="Pinned messages", tags=["conversations"]
)
async def get_pins(conversation: FromPath[str], services: Services, principal: Caller) -> Pins:
    """For members: those that I may read, as they are now, the one pinned last at the end."""
    return Pins(await services.history.pins(principal.account, ConversationId(conversation)))


async def _react(
    services: ConversationServices,
    principal: Principal,
    conversation: str,
    given_id: ClientId | None,
    number: int,
    reaction: str,
    after: str | None,
    *,
    on: bool,
) -> Placed:
    action = React(number, reaction_of(reaction), on, None if after is None else ClientId(after))
    return await asked(services, principal, conversation, given_id, action)
