"""Who is in a conversation."""

from typing import Annotated

from litestar import Router, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, QueryParameter

from chinwag.domain.ids import ConversationId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.groups.members import Members
from chinwag.roles.api.admit import Caller
from chinwag.wire.conversations import MemberPage

Listed = NamedDependency[Members]
"""The dependency `listed`."""


def member_routes(members: Members) -> Router:
    """The members of conversations."""
    return Router(
        path="/v1",
        route_handlers=[get_members],
        dependencies={"listed": Provide(lambda: members, sync_to_thread=False)},
    )


@get(
    "/conversations/{conversation:str}/members",
    operation_id="listMembers",
    summary="Who is in it",
    tags=["conversations"],
)
async def get_members(
    conversation: FromPath[str],
    listed: Listed,
    principal: Caller,
    search: Annotated[
        str | None,
        QueryParameter(max_length=200, description="The beginning of a name, or of words of a display name."),
    ] = None,
    after: Annotated[str | None, QueryParameter(max_length=128, description="`next` of the page before.")] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=200, description="Items in the page at most.")] = 50,
) -> MemberPage:
    """Members in the order in which they came, for members; a page may hold fewer than asked for: the last one has no
    `next`. With `search` those, at most 20, whom the search for users shows, friends first, and oneself."""
    name = ConversationId(conversation)
    if search is None:
        return await listed.page(principal.account, name, after, limit)
    if after is not None:
        raise Refused(Code.BAD_REQUEST, "a search has one page")
    return await listed.search(principal.account, name, search)
