"""`read`: how far the account has read a conversation."""

from typing import TYPE_CHECKING

from chinwag.domain.ids import check_conversation_id
from chinwag.domain.refusal import Code, Refused
from chinwag.wire.frames import Read

if TYPE_CHECKING:
    from chinwag.roles.gateway.session import Session

NUMBER_MOST = 1 << 53
"""Above what any conversation reaches, and what JSON numbers hold exactly."""


def read(session: "Session", frame: Read) -> None:
    """Move the read mark; its event comes back through the inbox."""
    check_conversation_id(frame.conversation)
    if not 0 <= frame.number < NUMBER_MOST:
        raise Refused(Code.BAD_REQUEST, "no such number")
    session.gateway.budgets.marks.take(session.account, session.device)
    session.gateway.marks.read(session.account, frame.conversation, frame.number)
