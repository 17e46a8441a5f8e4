"""A group's picture: a change of the conversation through its log, as its title is.

The picture is made and named first, and then asked for; `flow/collecting/references.py` notes that it has arrived, and
forgets the one before. One that never arrives goes after two days.
"""

from typing import Final

from chinwag.domain.command import SetAvatar
from chinwag.domain.ids import AccountId, ClientId, ConversationId, DeviceId, UploadId
from chinwag.domain.refusal import RETRYABLE, Code, Refused
from chinwag.domain.roles import governs
from chinwag.flow.ask import ask
from chinwag.flow.avatars.make import Avatars, make
from chinwag.flow.membership_of import is_member, no_member
from chinwag.flow.wish import Wish
from chinwag.ports.bus import Answer
from chinwag.ports.directory import Avatar

WAITING: Final = 20
"""Pictures that may be on their way to one group."""


async def set_picture(
    avatars: Avatars, account: AccountId, device: DeviceId, conversation: ConversationId, upload: UploadId
) -> Answer:
    """Make `upload` the group's picture. Raises as `make`, `no_conversation`, `not_allowed`, `too_many`, and what
    `Accept` raises."""
    await _may_change(avatars, account, conversation)
    made = await make(avatars, account, upload, conversation)
    async with avatars.directory.transaction() as transaction:
        if await transaction.avatars.waiting(conversation) >= WAITING:
            raise Refused(Code.TOO_MANY, f"at most {WAITING} pictures may be on their way")
        await transaction.avatars.add(made)
    try:
        return await ask(
            avatars.accept, Wish(account, device, conversation, ClientId(f"avatar-{made.id}"), SetAvatar(made.id))
        )
    except Refused as refused:
        if refused.code not in RETRYABLE:  # else it may be placed all the same
            async with avatars.directory.transaction() as transaction:
                await transaction.avatars.remove(made.id)
        raise


async def take_picture_away(
    avatars: Avatars, account: AccountId, device: DeviceId, conversation: ConversationId
) -> Answer:
    """The group has no picture any more. Raises `no_conversation`, `not_allowed`, and what `Accept` raises."""
    await _may_change(avatars, account, conversation)
    id_ = ClientId(f"avatar-{avatars.ids.next(avatars.clock())}")
    return await ask(avatars.accept, Wish(account, device, conversation, id_, SetAvatar("")))


async def picture_in(avatars: Avatars, account: AccountId, conversation: ConversationId) -> Avatar:
    """The picture of a group of which `account` is a member now. Raises `no_conversation`, and `not_found` if it has
    none."""
    state = (await avatars.states.load([conversation]))[0]
    if state is None or not await is_member(avatars.store, state, account):
        raise await no_member(avatars.store, conversation, account, state)
    async with avatars.directory.reading() as directory:
        picture = await directory.avatars.get(state.avatar) if state.avatar else None
    if picture is None or picture.conversation != conversation:
        raise Refused(Code.NOT_FOUND, "it has no picture")
    return picture


async def _may_change(avatars: Avatars, account: AccountId, conversation: ConversationId) -> None:
    """What the worker would refuse, before a picture is made for nothing."""
    state = (await avatars.states.load([conversation]))[0]
    if state is None or not await is_member(avatars.store, state, account):
        raise await no_member(avatars.store, conversation, account, state)
    if state.direct or not governs(state, account):
        raise Refused(Code.NOT_ALLOWED)
