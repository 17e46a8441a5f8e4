"""The search of messages."""

from typing import Annotated, Final, Literal

from litestar import Router, get
from litestar.di import NamedDependency, Provide
from litestar.params import QueryParameter

from chinwag.domain.ids import (
    AccountId,
    ConversationId,
    check_account_id,
    check_conversation_id,
)
from chinwag.flow.search.search import Question, Search
from chinwag.roles.api.admit import Caller
from chinwag.wire.conversations import SearchPage

PAGE: Final = 20
PAGE_MOST: Final = 50
CURSOR_CHARACTERS: Final = 300
QUERY_CHARACTERS: Final = 1_000
"""Of what is looked at at all: a longer query than is taken is told so."""

Time = Annotated[int | None, QueryParameter(ge=0, lt=1 << 53, description="Milliseconds since 1970.")]
MessageSearch = NamedDependency[Search]
"""The dependency `message_search`."""


def search_routes(search: Search) -> Router:
    """The one address."""
    return Router(
        path="/v1",
        route_handlers=[get_search],
        dependencies={"message_search": Provide(lambda: search, sync_to_thread=False)},
    )


@get("/search", operation_id="searchMessages", summary="Search messages", tags=["messages"])
async def get_search(
    message_search: MessageSearch,
    principal: Caller,
    q: Annotated[
        str,
        QueryParameter(
            max_length=QUERY_CHARACTERS, description='Words, and phrases in double quotes: 天气 "so it is".'
        ),
    ] = "",
    conversation: Annotated[str | None, QueryParameter(description="In this one alone.")] = None,
    sender: Annotated[str | None, QueryParameter(name="from", description="Sent by this account.")] = None,
    since: Time = None,
    until: Time = None,
    mentions: Annotated[Literal["me"] | None, QueryParameter(description="That mention me, or all.")] = None,
    has: Annotated[
        list[Literal["media", "link"]] | None, QueryParameter(max_items=2, description="That have all of these.")
    ] = None,
    before: Annotated[
        str | None, QueryParameter(max_length=CURSOR_CHARACTERS, description="`next` of the page before.")
    ] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_MOST, description="Hits in the page at most.")] = PAGE,
) -> SearchPage:
    """Messages that I may read, the newest first, sent from `since` to before `until`. All words must be there, in any
    order; the last one may be a beginning. Filters may come without `q`."""
    if conversation is not None:
        check_conversation_id(ConversationId(conversation))
    if sender is not None:
        check_account_id(AccountId(sender))
    question = Question(
        text=q,
        conversation=None if conversation is None else ConversationId(conversation),
        sender=None if sender is None else AccountId(sender),
        since=since,
        until=until,
        mentions_me=mentions is not None,
        has=tuple(has or ()),
        before=before,
    )
    return await message_search.search(principal.account, question, limit)
