"""`follow` and `unfollow`: have the events of a large group, or no longer."""

from chinwag.domain.ids import check_conversation_id
from chinwag.domain.refusal import Code, Refused
from chinwag.flow.wish import NUMBER_MOST
from chinwag.roles.gateway.verbs.speaker import Speaker
from chinwag.wire.frames import Follow, Unfollow


def follow(session: Speaker, frame: Follow) -> None:
    """Begin to feed; the answer is a `followed`, a `far` or an `error`."""
    check_conversation_id(frame.conversation)
    if not 0 <= frame.after < NUMBER_MOST:
        raise Refused(Code.BAD_REQUEST, "no such number")
    pulling = session.out.pulling_now()
    follower = pulling.begun(frame.conversation)
    if follower is not None:
        session.common.tasks.spawn(pulling.follow(follower, frame.after))


def unfollow(session: Speaker, frame: Unfollow) -> None:
    """End a feed. Of what is not followed nothing is said."""
    if session.out.pulling is not None:
        session.out.pulling.unfollow(frame.conversation)
