"""What a notice says of who reads on: who comes and goes, and whether events are copied to inboxes again."""

from typing import Final

import msgspec

from chinwag.domain.ids import AccountId, ConversationId

_NOTICE: Final = b'{"kind":"notice"'
"""How every notice begins."""
_GOING: Final = ("left", "removed")


class _Change(msgspec.Struct, gc=False):
    """Of any change what is looked at."""

    type: str
    account: AccountId = AccountId("")
    large: bool | None = None


class _Notice(msgspec.Struct, gc=False):
    conversation: ConversationId
    number: int
    change: _Change


_decode: Final = msgspec.json.Decoder(_Notice).decode


class Turn(msgspec.Struct, frozen=True, gc=False):
    """With event `number` the account `gone` is no member any more, or (`small`) events are copied again."""

    conversation: ConversationId
    number: int
    gone: AccountId | None = None
    small: bool = False


def turn_of(event: bytes) -> Turn | None:
    """What an event (JSON) changes for those who read on; None of nearly all."""
    if not event.startswith(_NOTICE):
        return None
    notice = _decode(event)
    change = notice.change
    if change.type in _GOING:
        return Turn(notice.conversation, notice.number, gone=change.account)
    if change.type == "delivery" and change.large is False:
        return Turn(notice.conversation, notice.number, small=True)
    return None


def begins_of(event: bytes, account: AccountId) -> bool:
    """Whether from this event (JSON) on a group may be a large one of the account's own."""
    if not event.startswith(_NOTICE):
        return False
    change = _decode(event).change
    return change.large is True or (change.type == "joined" and change.account == account)
