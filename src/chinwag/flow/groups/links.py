"""Join links: owners and admins of a group make them, list them and take them back."""

import secrets
from typing import Final

import msgspec

from chinwag.domain.conversation import Conversation
from chinwag.domain.ids import AccountId, ConversationId, Snowflake
from chinwag.domain.refusal import Code, Refused
from chinwag.domain.roles import governs
from chinwag.flow.accept import Accept
from chinwag.flow.access.tokens import digest
from chinwag.flow.clock import DAY_MS, Clock
from chinwag.flow.membership_of import is_member, no_member
from chinwag.flow.states import States
from chinwag.ports.directory import Directory, JoinLink
from chinwag.ports.message_store import MessageStore

LINKS_MAX: Final = 50
"""Links of one group that may be used at a time."""
USES_MAX: Final = 10_000
VALID_MAX_MS: Final = 366 * DAY_MS


class Links(msgspec.Struct, frozen=True, kw_only=True):
    """What all verbs about links share."""

    accept: Accept
    directory: Directory
    store: MessageStore
    states: States
    ids: Snowflake
    clock: Clock


async def create_link(
    links: Links, account: AccountId, conversation: ConversationId, *, uses: int, valid_ms: int
) -> tuple[JoinLink, str]:
    """A new link and its code, of which only a digest is kept. It admits as long as its maker is owner or admin.

    Raises `no_conversation`, `not_member`, `not_allowed`, `too_many` beyond `LINKS_MAX`, `bad_request`.
    """
    if not 1 <= uses <= USES_MAX or not 1 <= valid_ms <= VALID_MAX_MS:
        raise Refused(Code.BAD_REQUEST, f"1 to {USES_MAX} uses, valid for at most {VALID_MAX_MS // DAY_MS} days")
    await _governed(links, account, conversation)
    now = links.clock()
    code = secrets.token_urlsafe(16)
    link = JoinLink(
        id=links.ids.next(now),
        conversation=conversation,
        digest=digest(code),
        created_by=account,
        created_at=now,
        expires_at=now + valid_ms,
        uses=uses,
        uses_left=uses,
    )
    async with links.directory.transaction() as transaction:
        if len(await transaction.links.of(conversation, now)) >= LINKS_MAX:
            raise Refused(Code.TOO_MANY)
        await transaction.links.create(link)
    return link, code


async def list_links(links: Links, account: AccountId, conversation: ConversationId) -> list[JoinLink]:
    """The links that are neither revoked nor expired, newest first. Raises as `create_link`."""
    await _governed(links, account, conversation)
    async with links.directory.reading() as directory:
        return await directory.links.of(conversation, links.clock())


async def revoke_link(links: Links, account: AccountId, conversation: ConversationId, link: str) -> None:
    """Nobody comes in by it any more; who came in stays. Raises as `create_link`, and `not_found`."""
    await _governed(links, account, conversation)
    async with links.directory.transaction() as transaction:
        found = await transaction.links.get(link)
        if found is None or found.conversation != conversation:
            raise Refused(Code.NOT_FOUND)
        await transaction.links.revoke(link, links.clock())


async def _governed(links: Links, account: AccountId, conversation: ConversationId) -> Conversation:
    """The state of a group whose owner or admin `account` is, by a fresh read."""
    state = (await links.states.load([conversation]))[0]
    if state is None or not await is_member(links.store, state, account):
        raise await no_member(links.store, conversation, account, state)
    if state.direct or not governs(state, account):
        raise Refused(Code.NOT_ALLOWED)
    return state
