"""Keeps the search index: follows all that is placed (`flow/following.py`), and begins with a walk through everything.

Rows and how far they were read go into the index in one write, so nothing is passed over by a crash, and reading twice
changes nothing. A stream only says where something happened: what is written is the message as it is when it is read,
so what was deleted or edited meanwhile never gets in.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Final

import structlog

from chinwag.domain.ids import ConversationId
from chinwag.flow.as_read import content
from chinwag.flow.clock import Clock
from chinwag.flow.following import Following
from chinwag.flow.search.progress import Progress, decoded, encoded
from chinwag.flow.search.rows import SearchedEvent, indexed, searched_event
from chinwag.flow.spare_time import Stints
from chinwag.ports.follower import Follower, Reached, Stretch
from chinwag.ports.inbox import Inbox
from chinwag.ports.message_store import MessageStore
from chinwag.ports.search_index import Findable, Gone, SearchIndex

POLL_SECONDS: Final = 1.0
"""How soon what was said can be found."""
SCRUB_SECONDS: Final = 86_400.0
"""How often what was deleted goes from the files."""

CHARACTERS: Final = 100_000
"""Of the messages whose terms are made and written together: as long as one may be."""
MESSAGES: Final = 100
"""Of those, likewise: what is written together is put into the index's file at one go, while which nobody else has the
processor that it takes (100: 1 ms, 500: 2.5 ms)."""
READ: Final = 50
"""Events that are read together: 20 MB at most."""

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
        kept = 0
        last: list[SearchedEvent] = []
        async for rows in self._pieces(stretches):
            if last and not await self._write(last, self._kept):
                return False
            kept += len(last)
            last = rows
        # How far it has read goes in with the last piece: after a crash all of them are written again.
        if not await self._write(last, encoded(progress)):
            return False
        self.indexed += kept + len(last)
        return True

    async def _write(self, rows: Sequence[SearchedEvent], progress: bytes) -> bool:
        # In a thread: a single text may take a third of a second.
        return await self._index.write(await asyncio.to_thread(_indexed, rows), progress, self._kept)

    async def _pieces(self, stretches: Sequence[Stretch]) -> AsyncIterator[list[SearchedEvent]]:
        """The messages that these events are, or are about, as they are now: no more than `MESSAGES`, and together
        no longer than `CHARACTERS` but for a single one, as terms take a hundred times as much memory as their text."""
        piece = _Piece()
        targets: dict[tuple[ConversationId, int], None] = {}
        for stretch in stretches:
            for first in range(stretch.first, stretch.last + 1, READ):
                for event in await self._store.events(stretch.conversation, first, min(stretch.last, first + READ - 1)):
                    row = searched_event(content(event))
                    if row.kind in _CHANGES:
                        targets[row.conversation, row.target] = None
                    elif row.kind == "message":
                        if full := piece.before(row):
                            yield full
                        piece.add(row)
        names = list(targets)
        for first in range(0, len(names), READ):
            # Read after the change was: as they are now.
            for now in await self._store.rows(names[first : first + READ]):
                if now is not None:
                    row = searched_event(content(now))
                    if full := piece.before(row):
                        yield full
                    piece.add(row)
        if piece.rows:
            yield piece.rows


class _Piece:
    """Messages that are written together."""

    def __init__(self) -> None:
        self.rows: list[SearchedEvent] = []
        self._characters = 0

    def before(self, row: SearchedEvent) -> list[SearchedEvent]:
        """What has to be written before `row` is added; nothing if there is room for it."""
        if not self.rows or (len(self.rows) < MESSAGES and self._characters + len(row.text) <= CHARACTERS):
            return []
        full, self.rows, self._characters = self.rows, [], 0
        return full

    def add(self, row: SearchedEvent) -> None:
        """One more; of one message the last counts."""
        self.rows.append(row)
        self._characters += len(row.text)


def _indexed(rows: Sequence[SearchedEvent]) -> list[Findable | Gone]:
    stints = Stints()
    made: list[Findable | Gone] = []
    for row in rows:
        made.append(indexed(row))
        stints.breathe()
    return made
