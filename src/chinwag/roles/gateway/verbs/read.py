"""`read`: how far the account has read a conversation."""

from chinwag.domain.ids import check_conversation_id
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.wish import NUMBER_MOST
from chinwag.roles.gateway.verbs.speaker import Speaker
from chinwag.wire.frames import Read


def read(session: Speaker, frame: Read) -> None:
    """Move the read mark; its event comes back through the inbox."""
    check_conversation_id(frame.conversation)
    if not 0 <= frame.number < NUMBER_MOST:
        raise Refused(Code.BAD_REQUEST, "no such number")
    session.common.budgets.marks.take(session.out.account, session.out.device)
    session.common.marks.read(session.out.account, frame.conversation, frame.number)
