"""`send`: place a message."""

from functools import lru_cache
from typing import Final

from chinwag.domain import command
from chinwag.domain.body import Attach
from chinwag.domain.ids import ACCOUNT_CHARACTERS, direct_id
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.wish import Wish, unseen
from chinwag.roles.gateway.verbs.speaker import Speaker
from chinwag.wire.frames import Send

_direct: Final = lru_cache(maxsize=16_384)(direct_id)
"""Whoever writes once writes again. Both ids are short, so this holds 8 MiB at most."""


def send(session: Speaker, frame: Send) -> None:
    """Submit the message; the answer is an `ack` or an `error` with the frame's id."""
    out, conversation = session.out, frame.conversation
    if conversation is None:
        to = frame.to
        # How long it is comes first: before anything looks at it, or keeps it.
        if not to or len(to) > ACCOUNT_CHARACTERS or "~" in to or to == out.account:
            raise Refused(Code.BAD_REQUEST, "name a conversation, or another account in 'to'")
        conversation = _direct(out.account, to)
    body = frame.body
    if isinstance(body, Attach):
        action = command.Send(unseen(body), frame.reply_to, frame.after)
        session.ask(Wish(out.account, out.device, conversation, frame.id, action, body))
        return
    action = command.Send(body, frame.reply_to, frame.after)
    session.ask(Wish(out.account, out.device, conversation, frame.id, action))
