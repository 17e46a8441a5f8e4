"""Preferences: what one wants of a conversation, for all of one's devices."""

from typing import Annotated

from litestar import Router, get, put
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody, QueryParameter

from chinwag.domain.ids import CONVERSATION_CHARACTERS, ConversationId
from chinwag.flow.preferences import OwnPreferences
from chinwag.roles.api.admit import Caller
from chinwag.roles.api.people import Limit
from chinwag.wire.http import Page
from chinwag.wire.preferences import Preferences, Preferred

Own = NamedDependency[OwnPreferences]
"""The dependency `preferences`."""


@get("/preferences", operation_id="listPreferences", summary="What I want of my conversations", tags=["me"])
async def get_all_preferences(
    preferences: Own,
    principal: Caller,
    after: Annotated[
        str | None, QueryParameter(max_length=CONVERSATION_CHARACTERS, description="`next` of the page before.")
    ] = None,
    limit: Limit = 50,
) -> Page[Preferred]:
    """All that was ever set, in a fixed order. For every other conversation the defaults hold."""
    place = None if after is None else ConversationId(after)
    found = await preferences.page(principal.account, place, limit + 1)
    return Page(found[:limit], next=found[limit - 1].conversation if len(found) > limit else None)


@get(
    "/conversations/{conversation:str}/preferences",
    operation_id="getPreferences",
    summary="What I want of a conversation",
    tags=["conversations"],
)
async def get_preferences(conversation: FromPath[str], preferences: Own, principal: Caller) -> Preferred:
    """The defaults, of version 0, where nothing was ever set."""
    return await preferences.get(principal.account, ConversationId(conversation))


@put(
    "/conversations/{conversation:str}/preferences",
    operation_id="setPreferences",
    summary="Mute, pin, archive a conversation, or mark it as unread",
    tags=["conversations"],
)
async def put_preferences(
    conversation: FromPath[str], data: JSONBody[Preferences], preferences: Own, principal: Caller
) -> Preferred:
    """All of them at once: what is left out becomes its default. One's own devices are told, and nobody else. Unread
    counts and mentions stay what they are."""
    return await preferences.put(principal.account, ConversationId(conversation), data)


def preference_routes(preferences: OwnPreferences) -> Router:
    """Everything about preferences."""
    return Router(
        path="/v1",
        route_handlers=[get_all_preferences, get_preferences, put_preferences],
        dependencies={"preferences": Provide(lambda: preferences, sync_to_thread=False)},
    )
