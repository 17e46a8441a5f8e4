"""Keeps the search index: follows all that is placed (`flow/following.py`), and begins with a walk through everything.

Rows and how far they were read go into the index in one write, so nothing is passed over by a crash, and reading twice
changes nothing. A stream only says where something happened: what is written is the message as it is when it is read,
so what was deleted or edited meanwhile never gets in.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog

from chinwag.domain.ids import ConversationId
from chinwag.flow.as_read import content
from chinwag.flow.clock import Clock
from chinwag.flow.following import ENTRIES, Following
from chinwag.flow.search.progress import Progress, decoded, encoded
from chinwag.flow.search.rows import SearchedEvent, indexed, searched_event
from chinwag.ports.follower import Follower, Reached, Stretch
from chinwag.ports.inbox import Inbox
from chinwag.ports.message_store import MessageStore
from chinwag.ports.search_index import Findable, Gone, SearchIndex

POLL_SECONDS: Final = 1.0
"""How soon what was said can be found."""
SCRUB_SECONDS: Final = 86_400.0
"""How often what was deleted goes from the files."""

_CHANGES: Final = ("edited", "deleted")
_log = structlog.get_logger(__name__)


class Indexer(Follower):
    """Keeps the index, one step after another. Of several only one gets on: the others see that it was written."""

    def __init__(self, index: SearchIndex, inbox: Inbox, store: MessageStore, streams: int, clock: Clock) -> None:
        """streams: how many there are, one for each partition of the log."""
        self._index = index
        self._store = store
        self._streams = streams
        self._clock = clock
        self._following = Following(self, inbox, store, streams)
        self._began_at = 0
        self._progress: Progress | None = None
        self._kept = b""
        self.indexed = 0
        """Messages written."""

    @property
    def behind(self) -> int:
        """Events of the streams that were not read at the last look."""
        return self._following.lag

    async def step(self) -> bool:
        """A bounded piece; whether there is more to do. Raises `Refused`: what is written stays."""
        self._began_at = self._clock()
        return await self._following.step()

    async def reached(self) -> Reached | None:
        self._kept = await self._index.progress()
        self._progress = decoded(self._kept, self._streams)
        return None if self._progress is None else self._progress.reached

    async def begin(self, place: Reached) -> None:
        _log.info("the search index is made", again=bool(self._kept))
        await self._index.clear(encoded(Progress(reached=place)))

    async def keep(self, stretches: Sequence[Stretch], before: Reached, after: Reached) -> bool:
        now = self._progress
        if now is None or now.reached != before:
            return False
        walked = now.walked
        if before.walk is not None:
            walked += sum(stretch.first == 1 for stretch in stretches)
            if after.walk is None:
                _log.info("the search index is whole", conversations=walked)
        up_to_date = before.walk is None and self._following.lag == 0
        progress = Progress(reached=after, walked=walked, read_at=self._began_at if up_to_date else now.read_at)
        # In a thread: a single text may take a third of a second.
        findable = await asyncio.to_thread(_indexed, await self._named(stretches))
        if not await self._index.write(findable, encoded(progress), self._kept):
            return False
        self.indexed += len(findable)
        return True

    async def _named(self, stretches: Sequence[Stretch]) -> list[SearchedEvent]:
        """The messages that these events are, or are about, as they are now."""
        found: dict[tuple[ConversationId, int], SearchedEvent] = {}
        targets: set[tuple[ConversationId, int]] = set()
        for stretch in stretches:
            for event in await self._store.events(stretch.conversation, stretch.first, stretch.last):
                row = searched_event(content(event))
                if row.kind == "message":
                    found[row.conversation, row.number] = row
                elif row.kind in _CHANGES:
                    targets.add((row.conversation, row.target))
        names = list(targets)
        for first in range(0, len(names), ENTRIES):
            # Read after the change was: as they are now.
            some = names[first : first + ENTRIES]
            for name, now in zip(some, await self._store.rows(some), strict=True):
                if now is not None:
                    found[name] = searched_event(content(now))
        return list(found.values())


def _indexed(rows: Sequence[SearchedEvent]) -> list[Findable | Gone]:
    return [indexed(row) for row in rows]
