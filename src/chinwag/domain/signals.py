"""Signals: what is only true now. They may be lost, so nothing may depend on having seen one."""

import msgspec

from chinwag.domain.ids import AccountId, ConversationId


class Typing(msgspec.Struct, frozen=True, gc=False, tag="typing"):
    """`account` is writing in `conversation`; it holds for a few seconds."""

    conversation: ConversationId
    account: AccountId


class Presence(msgspec.Struct, frozen=True, gc=False, tag="presence"):
    """`account` is online or not; it was last active at `last_active_at` (milliseconds since 1970).

    `last_active_at` rises with every such signal of an account: of two, the later one holds.
    """

    account: AccountId
    online: bool
    last_active_at: int


Signal = Typing | Presence
