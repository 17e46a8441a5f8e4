"""`typing`: the account is writing."""

from typing import Final

from chinwag.domain.ids import check_conversation_id
from chinwag.flow.typing import tell_typing
from chinwag.roles.gateway.verbs.speaker import Speaker
from chinwag.wire.frames import Typing

EVERY_SECONDS: Final = 1.0
"""More often than this nobody is told."""


def typing(session: Speaker, frame: Typing) -> None:
    """Tell the other members, if they were not told just now. More than that is dropped, as signals may be."""
    check_conversation_id(frame.conversation)
    common, out = session.common, session.out
    if session.typed(EVERY_SECONDS) and not common.budgets.typing.wait(out.account, out.device):
        common.tasks.spawn(
            tell_typing(common.states, common.bus, out.account, out.device, frame.conversation, common.keeping)
        )
