"""Join by a link: a use is counted first, then the group is asked; what comes to nothing is counted back.

The directory counts, so that of many who come at once no more get in than the link has uses. One account is one use,
however often it tries. Whether a use that was counted let its account in is answered by the conversation itself: its
command has a name, and the store knows what became of it. So a crash anywhere between is made good by `settle_uses`.
"""

from typing import Final

import msgspec
import structlog

from chinwag.domain.command import Enter
from chinwag.domain.conversation import Conversation
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId
from chinwag.domain.refusal import Code, Refused
from chinwag.domain.roles import governs
from chinwag.flow.access.tokens import digest
from chinwag.flow.ask import ask
from chinwag.flow.groups.links import Links
from chinwag.flow.membership_of import is_member, member_of
from chinwag.flow.own_commands import OwnCommands
from chinwag.flow.wish import Wish
from chinwag.ports.directory import Directory, JoinLink, LinkUse, Transaction
from chinwag.ports.message_store import KeyName, MessageStore

SETTLE_MS: Final = 60_000
"""When a use that nobody heard of is looked into: longer than a command can be on its way."""
SETTLE_SECONDS: Final = 30.0
BATCH: Final = 100
"""Uses that are settled together."""
_UNKNOWN: Final = frozenset({Code.UNAVAILABLE, Code.INTERNAL})
"""Refusals after which the command may have been placed all the same."""

_log = structlog.get_logger(__name__)


class Entered(msgspec.Struct, frozen=True):
    """The account is a member since the event `number`."""

    conversation: ConversationId
    number: int


async def look_at_link(links: Links, code: str) -> Conversation:
    """The group that a link leads to. Raises `bad_link`."""
    async with links.directory.reading() as directory:
        link = _usable(await directory.links.by_digest(digest(code)), links.clock())
    # Past the cache: a link ends with its maker's role, in the moment in which that was acked.
    state = (await links.states.load([link.conversation]))[0]
    if state is None or not governs(state, link.created_by):
        raise Refused(Code.BAD_LINK)
    return state


async def join_by_link(links: Links, account: AccountId, device: DeviceId, code: str) -> Entered:
    """Make `account` a member; who is one already is told since when, and no use is counted.

    Raises `bad_link`, `group_closed` to somebody who was removed, `group_full`, and what `Accept` raises.
    """
    now = links.clock()
    async with links.directory.reading() as directory:
        link = _usable(await directory.links.by_digest(digest(code)), now)
    state = (await links.states.load([link.conversation]))[0]
    member = None if state is None else await member_of(links.store, state, account)
    if member is not None:
        return Entered(link.conversation, member.joined)
    if state is None or not governs(state, link.created_by):
        raise Refused(Code.BAD_LINK)
    use = LinkUse(link.id, account, device, ClientId(f"link-{links.ids.next(now)}"), now)
    async with links.directory.transaction() as transaction:
        link = _usable(await transaction.links.by_digest(link.digest), now)
        first = await transaction.links.used(link.id, account) is None
        if first and not await transaction.links.take(use):
            raise Refused(Code.BAD_LINK, "it is used up")
    return await _enter(links, link, use, first)


async def _enter(links: Links, link: JoinLink, use: LinkUse, first: bool) -> Entered:
    try:
        wish = Wish(use.account, use.device, link.conversation, use.id, Enter(link.created_by))
        number = (await ask(links.accept, wish)).number
    except Refused as refused:
        if refused.code is not Code.ALREADY_MEMBER:
            if first and refused.code not in _UNKNOWN:
                await _note(links, link, use, joined=False)
            raise
        # Another of the account's devices was faster, most likely by this very link.
        state = (await links.states.load([link.conversation]))[0]
        member = None if state is None else await member_of(links.store, state, use.account)
        number = 0 if member is None else member.joined
    await _note(links, link, use, joined=True)
    return Entered(link.conversation, number)


async def _note(links: Links, link: JoinLink, use: LinkUse, *, joined: bool) -> None:
    """Note what became of a use; if the directory is away just now, `settle_uses` finds out."""
    try:
        async with links.directory.transaction() as transaction:
            if not joined:
                await transaction.links.give_back(link.id, use.account)
                return
            if await transaction.links.used(link.id, use.account) is None:
                await transaction.links.take(use)
            await transaction.links.joined(link.id, use.account)
    except Refused as refused:
        _log.warning("a use of a link is settled later", code=refused.code, link=link.id)


async def settle_uses(directory: Directory, store: MessageStore, own: OwnCommands, now: int) -> int:
    """Find out what became of uses that are older than `SETTLE_MS` and count back those that came to nothing.

    A command may still lie in a log whose worker is away, so each conversation's log is passed through first; what
    comes into it so late is not applied.

    How many there were. Raises `Refused(UNAVAILABLE)`; doing it twice changes nothing.
    """
    async with directory.reading() as reading:
        uses = await reading.links.unsettled(now - SETTLE_MS, BATCH)
        found = [(use, link) for use in uses if (link := await reading.links.get(use.link)) is not None]
    if not found:
        return 0
    await own.pass_through((link.conversation for _, link in found), now)
    keys = await store.keys([KeyName(link.conversation, use.device, use.id) for use, link in found])
    states = await store.states([link.conversation for _, link in found])
    inside = [
        state is not None and await is_member(store, state, use.account)
        for (use, _), state in zip(found, states, strict=True)
    ]
    async with directory.transaction() as transaction:
        for (use, _), key, member in zip(found, keys, inside, strict=True):
            came_in = (key is not None and key.refused is None) or member
            await _settle(transaction, use, came_in)
    return len(found)


async def _settle(transaction: Transaction, use: LinkUse, came_in: bool) -> None:
    if came_in:
        await transaction.links.joined(use.link, use.account)
    else:
        await transaction.links.give_back(use.link, use.account)


def _usable(link: JoinLink | None, now: int) -> JoinLink:
    if link is None or link.revoked_at is not None or link.expires_at <= now:
        raise Refused(Code.BAD_LINK)
    return link
