"""Whether the streams can be used, at which the processes of a cluster look in turn: to list them all is dear for their
servers, and one process's look is as good as another's."""

import time
from collections.abc import Callable, Sequence
from typing import Final

from nats.aio.msg import Msg

from chinwag.adapters.nats.connection import NatsConnection
from chinwag.adapters.nats.streams import Streams
from chinwag.domain.refusal import Code, Refused

FRESH_SECONDS: Final = 1.0
"""How long a look that found all well counts, whoever made it. So each second about one process looks."""
_SUBJECT: Final = "looked"


class SharedLook:
    """Of one process. Made on the event loop; `close` it before its connection. kinds: the streams of each kind.

    Only that all is well is told to others: what is not, each sees for itself.
    """

    def __init__(
        self,
        connection: NatsConnection,
        kinds: Sequence[Streams],
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connection = connection
        self._kinds = kinds
        self._now = now
        self._well = -FRESH_SECONDS
        self._ignore = connection.subscribe(_SUBJECT, self._hear)

    async def check(self) -> None:
        """Raise `Refused(UNAVAILABLE)` unless all streams have a leader, or had within the last second."""
        if self._now() - self._well < FRESH_SECONDS and self._connection.away_since is None:
            return
        for streams in self._kinds:
            looked = await streams.look()
            if looked.missing or not looked.count:
                raise Refused(Code.UNAVAILABLE, f"{looked.missing} streams have no leader", 1.0)
        self._well = self._now()
        self._connection.publish(_SUBJECT, b"")

    def close(self) -> None:
        """Hear of nothing more."""
        self._ignore()

    def _hear(self, message: Msg) -> None:
        del message
        self._well = self._now()
