"""How far the index has been read: what it keeps beside its rows, and what follows from that for whoever searches."""

import time
from collections.abc import Callable
from typing import Final

import msgspec

from chinwag.domain.ids import stream_of
from chinwag.domain.index_status import IndexStatus
from chinwag.ports.follower import Reached
from chinwag.ports.inbox import Inbox
from chinwag.ports.search_index import SearchIndex

FORM: Final = 1
"""Of what is kept of a message, and of this. An index of another one is made again."""
LOOK_SECONDS: Final = 1.0
"""How long an answer about how far the index is holds."""


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """reached: how far all that is placed was read. walked: how many conversations the index was made of. read_at: when
    last all that there was had been read, in milliseconds since 1970."""

    form: int = FORM
    reached: Reached
    walked: int = 0
    read_at: int = 0

    @property
    def walking(self) -> bool:
        """Whether the index is still being made."""
        return self.reached.walk is not None


def encoded(progress: Progress) -> bytes:
    """As the index keeps it."""
    return msgspec.json.encode(progress)


def decoded(kept: bytes, streams: int) -> Progress | None:
    """What the index has kept; None if that says nothing, or nothing that holds for so many streams."""
    try:
        progress = msgspec.json.decode(kept, type=Progress) if kept else None
    except msgspec.DecodeError:
        return None
    return progress if progress and progress.form == FORM and len(progress.reached.positions) == streams else None


class Reading:
    """How far the index is, asked of the stores: any process may."""

    def __init__(
        self, index: SearchIndex, inbox: Inbox, streams: int, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._index = index
        self._inbox = inbox
        self._streams = streams
        self._now = now
        self._known: tuple[float, int | None] | None = None

    async def indexed_up_to(self) -> int | None:
        """None if all that was said a moment ago is in the index; else up to when everything is (milliseconds since
        1970). Raises `Refused(UNAVAILABLE)`."""
        if self._known is None or self._now() - self._known[0] > LOOK_SECONDS:
            asked_at = self._now()
            progress = decoded(await self._index.progress(), self._streams)
            if progress is None or progress.walking:
                self._known = asked_at, 0
            else:
                self._known = asked_at, progress.read_at if await self._behind(progress) else None
        return self._known[1]

    async def status(self) -> IndexStatus:
        """All of it. Raises `Refused(UNAVAILABLE)`."""
        progress = decoded(await self._index.progress(), self._streams)
        return IndexStatus(
            messages=await self._index.rows(),
            whole=progress is not None and not progress.walking,
            behind=0 if progress is None else await self._behind(progress),
            read_at=0 if progress is None or progress.walking else progress.read_at,
            walked=0 if progress is None else progress.walked,
        )

    async def make_anew(self) -> None:
        """Forget the index: whoever keeps it begins anew. Raises `Refused(UNAVAILABLE)`."""
        await self._index.clear(b"")

    async def _behind(self, progress: Progress) -> int:
        epoch, heads = await self._inbox.heads([stream_of(stream) for stream in range(self._streams)])
        read = progress.reached.positions if epoch == progress.reached.epoch else [0] * len(heads)
        return sum(max(0, head - position) for head, position in zip(heads, read, strict=True))
