"""Who is writing: a signal to the other members, gone in a few seconds."""

import msgspec

from chinwag.domain.conversation import LARGE, Conversation
from chinwag.domain.ids import AccountId, ConversationId, DeviceId
from chinwag.domain.signals import Typing
from chinwag.flow.membership_of import in_state
from chinwag.flow.sharing import Keeping, nobody_keeps
from chinwag.flow.states import States
from chinwag.ports.bus import PEOPLE, Bus, Tell


async def tell_typing(
    states: States,
    bus: Bus,
    account: AccountId,
    device: DeviceId,
    conversation: ConversationId,
    keeping: Keeping = nobody_keeps,
) -> None:
    """Tell the members of `conversation` that `account` is writing. Does nothing for somebody who is none."""
    state: Conversation | None = await states.get(conversation)
    if state is None or state.wide or state.member_count > LARGE or not in_state(state, account):
        return
    # Where one of two refuses the other, neither is told of the other; one's own devices still are.
    to = (account,) if state.declining else tuple(state.members)
    keep = await keeping("share_typing", to)
    if keep:
        to = (account,) if account in keep else tuple(one for one in to if one not in keep)
    bus.publish(PEOPLE, Tell(to, msgspec.json.encode(Typing(conversation, account)), but=device))
