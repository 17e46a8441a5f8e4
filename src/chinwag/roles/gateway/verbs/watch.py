"""`watch`: which large groups the session wants nudges for."""

from chinwag.roles.gateway.verbs.speaker import Speaker
from chinwag.wire.frames import Watch


def watch(session: Speaker, frame: Watch) -> None:
    """Watch these in place of others; they are looked into beside."""
    session.common.tasks.spawn(session.out.pulling_now().watch(frame.conversations))
