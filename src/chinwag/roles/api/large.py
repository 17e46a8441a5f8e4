"""Large groups without a socket: say which one watches, and ask where they are."""

from typing import Annotated, Final

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody, QueryParameter

from chinwag.domain.ids import ConversationId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.large.heads import Heads
from chinwag.flow.large.watches import Watches
from chinwag.roles.api.admit import Caller
from chinwag.roles.api.nudges import Nudges
from chinwag.wire.large import GroupHead, GroupHeads, PostWatch

ASKED: Final = 100
"""Groups that one request names at most."""


class LargeServices(msgspec.Struct, frozen=True, kw_only=True):
    """What these addresses call."""

    watches: Watches
    heads: Heads
    nudges: Nudges


Large = NamedDependency[LargeServices]
"""The dependency `large`."""


def large_routes(services: LargeServices) -> Router:
    """Everything about large groups that is theirs alone."""
    return Router(
        path="/v1",
        route_handlers=[post_watch, get_heads],
        dependencies={"large": Provide(lambda: services, sync_to_thread=False)},
    )


@post("/watch", operation_id="watch", summary="Tell me when these groups move", tags=["transports"], status_code=204)
async def post_watch(data: JSONBody[PostWatch], large: Large, principal: Caller) -> None:
    """As the frame `watch`: nudges come in polls and streams. It holds at this server while the device is heard of."""
    await large.nudges.watch(principal, data.conversations)


@get("/conversations/heads", operation_id="listHeads", summary="Where groups are", tags=["conversations"])
async def get_heads(
    large: Large,
    principal: Caller,
    conversations: Annotated[
        list[str] | None,
        QueryParameter(name="conversation", max_items=ASKED, description="May be given many times; else all watched."),
    ] = None,
) -> GroupHeads:
    """The last numbers of the groups that this device watches at this server, or of those named. Left out are those of
    which one is no member."""
    if conversations is None:
        may = large.watches.of(principal.device)
    else:
        if any(not 0 < len(name) <= 200 for name in conversations):
            raise Refused(Code.BAD_REQUEST, "a conversation's id has 1 to 200 characters")
        may = await large.watches.may(principal.account, principal.device, list(map(ConversationId, conversations)))
    found = await large.heads.of(list(may))
    return GroupHeads([_readable(one, may[one.conversation]) for one in found])


def _readable(head: GroupHead, since: int) -> GroupHead:
    return head if head.all >= since else msgspec.structs.replace(head, all=0)
