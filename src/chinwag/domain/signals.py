"""What is true only now, as connected people are told it: the `signal` of a `signal` frame. It may be lost."""

import msgspec

from chinwag.domain.ids import AccountId, ConversationId


class Presence(msgspec.Struct, frozen=True, gc=False, tag="presence"):
    """`account` came online or went offline; of two, the one with the later `last_active_at` holds.

    last_active_at: in milliseconds since 1970; it rises with every such signal of an account.
    """

    account: AccountId
    online: bool
    last_active_at: int


class Typing(msgspec.Struct, frozen=True, gc=False, tag="typing"):
    """`account` is writing something in `conversation`; it holds for a few seconds."""

    conversation: ConversationId
    account: AccountId


LiveSignal = Presence | Typing
