"""`typing`: the account is writing."""

from typing import TYPE_CHECKING, Final

from chinwag.domain.ids import check_conversation_id
from chinwag.flow.typing import tell_typing
from chinwag.wire.frames import Typing

if TYPE_CHECKING:
    from chinwag.roles.gateway.session import Session

EVERY_SECONDS: Final = 1.0
"""More often than this nobody is told."""


def typing(session: "Session", frame: Typing) -> None:
    """Tell the other members, if they were not told just now. More than that is dropped, as signals may be."""
    gateway = session.gateway
    check_conversation_id(frame.conversation)
    if session.typed(EVERY_SECONDS) and not gateway.budgets.typing.wait(session.account, session.device):
        gateway.spawn(tell_typing(gateway.states, gateway.bus, session.account, session.device, frame.conversation))
