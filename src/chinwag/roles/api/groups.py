"""Groups that people can find: search the open ones, look at one, join by a link; make and revoke links."""

import base64
import binascii
from typing import Annotated, Final

from litestar import Router, delete, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody, QueryParameter

from chinwag.domain.ids import ConversationId
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.clock import HOUR_MS
from chinwag.flow.groups.join_by_link import join_by_link, look_at_link
from chinwag.flow.groups.links import Links, create_link, list_links, revoke_link
from chinwag.flow.groups.listing import Listing, after_of, card
from chinwag.ports.directory import JoinLink, OpenGroup
from chinwag.roles.api.admit import Caller
from chinwag.wire.groups import CreateLinkRequest, GroupCard, LinkEntry, Membership, NewLink
from chinwag.wire.http import Page

CODE_MAX: Final = 64
AFTER_MAX: Final = 4_000

LinkVerbs = NamedDependency[Links]
OpenGroups = NamedDependency[Listing]


@get("/groups", operation_id="findGroups", summary="Find open groups", tags=["groups"])
async def get_groups(
    listing: OpenGroups,
    search: Annotated[str, QueryParameter(max_length=200, description="A part of the title, in any case.")] = "",
    after: Annotated[str | None, QueryParameter(max_length=AFTER_MAX, description="`next` of the page before.")] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=100, description="Items in the page at most.")] = 50,
) -> Page[GroupCard]:
    """Open groups by title. Anyone may join one by the change `join`."""
    found = await listing.page(search, None if after is None else _place(after), limit + 1)
    shown = found[:limit]
    return Page([_card(one) for one in shown], next=_cursor(shown[-1]) if len(found) > limit else None)


@get("/groups/{conversation:str}", operation_id="getGroup", summary="Look at an open group", tags=["groups"])
async def get_group(conversation: FromPath[str], links: LinkVerbs) -> GroupCard:
    """What a stranger sees of it: not its messages nor its members."""
    state = (await links.states.load([ConversationId(conversation[:200])]))[0]
    if state is None or state.direct or state.abandoned or state.settings.join != "open":
        raise Refused(Code.NO_CONVERSATION)
    return _card(card(state))


@get("/links/{code:str}", operation_id="lookAtLink", summary="Where a join link leads", tags=["groups"])
async def get_link(code: FromPath[str], links: LinkVerbs) -> GroupCard:
    """The group as a stranger sees it, before one joins."""
    return _card(card(await look_at_link(links, code[:CODE_MAX])))


@post("/links/{code:str}", status_code=200, operation_id="joinByLink", summary="Join by a link", tags=["groups"])
async def post_link(code: FromPath[str], links: LinkVerbs, principal: Caller) -> Membership:
    """Join a group, open or not. Doing it again takes no second use and gives the same."""
    entered = await join_by_link(links, principal.account, principal.device, code[:CODE_MAX])
    return Membership(entered.conversation, entered.number)


@get("/conversations/{conversation:str}/links", operation_id="listLinks", summary="Join links", tags=["groups"])
async def get_links(conversation: FromPath[str], links: LinkVerbs, principal: Caller) -> Page[LinkEntry]:
    """Those neither revoked nor expired, newest first: all of them, as their number is bounded. For owners and
    admins of the group."""
    found = await list_links(links, principal.account, ConversationId(conversation[:200]))
    return Page([_entry(one) for one in found])


@post("/conversations/{conversation:str}/links", operation_id="createLink", summary="Make a link", tags=["groups"])
async def post_links(
    conversation: FromPath[str], data: JSONBody[CreateLinkRequest], links: LinkVerbs, principal: Caller
) -> NewLink:
    """For owners and admins of the group. The code is shown this once."""
    name, valid_ms = ConversationId(conversation[:200]), data.valid_hours * HOUR_MS
    link, code = await create_link(links, principal.account, name, uses=data.uses, valid_ms=valid_ms)
    return NewLink(_entry(link), code)


@delete(
    "/conversations/{conversation:str}/links/{link:str}",
    operation_id="revokeLink",
    summary="Revoke a link",
    tags=["groups"],
)
async def delete_link(conversation: FromPath[str], link: FromPath[str], links: LinkVerbs, principal: Caller) -> None:
    """Nobody comes in by it any more; who came in stays. For owners and admins of the group."""
    await revoke_link(links, principal.account, ConversationId(conversation[:200]), link)


def group_routes(links: Links, listing: Listing) -> Router:
    """Everything about groups that people can find."""
    return Router(
        path="/v1",
        route_handlers=[get_groups, get_group, get_link, post_link, get_links, post_links, delete_link],
        dependencies={
            "links": Provide(lambda: links, sync_to_thread=False),
            "listing": Provide(lambda: listing, sync_to_thread=False),
        },
    )


def _card(group: OpenGroup) -> GroupCard:
    return GroupCard(group.conversation, group.title, group.description, group.members)


def _entry(link: JoinLink) -> LinkEntry:
    return LinkEntry(link.id, link.created_by, link.created_at, link.expires_at, link.uses, link.uses_left)


def _cursor(group: OpenGroup) -> str:
    key, conversation = after_of(group)
    return base64.urlsafe_b64encode(f"{conversation}\0{key}".encode()).decode()


def _place(cursor: str) -> tuple[str, ConversationId]:
    try:
        conversation, nul, key = base64.urlsafe_b64decode(cursor.encode("ascii")).decode().partition("\0")
    except (UnicodeError, binascii.Error):
        raise Refused(Code.BAD_CURSOR) from None
    if not nul or not conversation:
        raise Refused(Code.BAD_CURSOR)
    return key, ConversationId(conversation)
