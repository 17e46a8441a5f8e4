"""Keeps the search index: reads the streams of all that is placed, and walks through all conversations to begin.

Rows and how far they were read go into the index in one write, so nothing is passed over by a crash, and reading twice
changes nothing. A stream only says where something happened: what is written is the message as it is when it is read,
so what was deleted or edited meanwhile never gets in. Where the streams no longer reach (an index just made, one that
was not read for as long as entries are kept, another epoch), the streams' ends are noted, then all conversations are
walked through, then the streams are read on from those ends.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec
import structlog

from chinwag.domain.ids import ConversationId, stream_of
from chinwag.flow.as_read import content
from chinwag.flow.clock import Clock
from chinwag.flow.search.progress import Progress, StreamMark, decoded, encoded
from chinwag.flow.search.rows import Row, indexed, row_of
from chinwag.ports.inbox import Inbox, Run, Slice
from chinwag.ports.message_store import MessageStore
from chinwag.ports.search_index import Findable, Gone, SearchIndex

ENTRIES: Final = 500
"""Events that one write is made of."""
NAMES: Final = 100
"""Conversations that one step of the walk goes through at most."""
POLL_SECONDS: Final = 1.0
"""How soon what was said can be found."""
SCRUB_SECONDS: Final = 86_400.0
"""How often what was deleted goes from the files."""

_CHANGES: Final = ("edited", "deleted")
_log = structlog.get_logger(__name__)


class Indexer:
    """Keeps the index, one step after another. Of several only one gets on: the others see that it was written."""

    def __init__(self, index: SearchIndex, inbox: Inbox, store: MessageStore, streams: int, clock: Clock) -> None:
        """streams: how many there are, one for each partition of the log."""
        self._index = index
        self._inbox = inbox
        self._store = store
        self._streams = streams
        self._clock = clock
        self._kept: bytes | None = None
        self.indexed = 0
        """Messages written."""
        self.behind = 0
        """Events of the streams that were not read at the last look."""

    async def step(self) -> bool:
        """A bounded piece; whether there is more to do. Raises `Refused`: what is written stays."""
        kept, self._kept = self._kept if self._kept is not None else await self._index.progress(), None
        progress = decoded(kept, self._streams)
        if progress is None:
            await self._begin()
            return True
        if progress.walking:
            await self._walk(progress, kept)
            return True
        return await self._follow(progress, kept)

    async def _begin(self) -> None:
        """Note where the streams end, and let all conversations be walked through."""
        marks = []
        for stream in range(self._streams):
            bounds = await self._inbox.bounds(stream_of(stream))
            marks.append(StreamMark(bounds.epoch, bounds.head))
        _log.info("the search index is made")
        await self._index.clear(encoded(Progress(marks=tuple(marks), walking=True)))

    async def _walk(self, progress: Progress, kept: bytes) -> None:
        name, number, walked = progress.up_to, progress.number, progress.walked
        rows: list[Row] = []
        ahead: list[ConversationId] = []
        looked, walking = 0, True
        while len(rows) < ENTRIES and looked < NAMES:
            if name:
                found = await self._store.events(name, number + 1, number + ENTRIES)
                rows += [row_of(content(event)) for event in found]
                number += len(found)
                if len(found) == ENTRIES:
                    continue  # there may be more of it
            if not ahead:
                ahead = await self._store.conversations(name, NAMES)
                if not ahead:
                    walking = False
                    break
            name, number = ahead.pop(0), 0
            walked, looked = walked + 1, looked + 1
        after = msgspec.structs.replace(progress, up_to=name, number=number, walked=walked, walking=walking)
        if not walking:
            _log.info("the search index is whole", conversations=walked)
        await self._write([row for row in rows if row.is_there], after, kept)

    async def _follow(self, progress: Progress, kept: bytes) -> bool:
        """Read each stream on by one page."""
        began_at = self._clock()
        marks, named = list(progress.marks), {}
        behind = 0
        for stream, mark in enumerate(marks):
            page = await self._inbox.read(stream_of(stream), mark.position, ENTRIES)
            bounds = page.bounds
            if bounds.epoch != mark.epoch or not bounds.floor <= mark.position <= bounds.head:
                _log.warning("the search index is not of these messages any more, and is made anew")
                await self._begin()
                return True
            named.update(await self._named(page))
            marks[stream] = StreamMark(bounds.epoch, _end(page, mark.position))
            behind += bounds.head - marks[stream].position
        self.behind = behind
        if tuple(marks) == progress.marks:
            return False  # the progress is read anew next time: somebody may have cleared the index
        read_at = progress.read_at if behind else began_at
        after = msgspec.structs.replace(progress, marks=tuple(marks), read_at=read_at)
        await self._write(list(named.values()), after, kept)
        return behind > 0

    async def _named(self, page: Slice) -> dict[tuple[ConversationId, int], Row]:
        """The messages that a page of a stream is about, as they are now."""
        found: dict[tuple[ConversationId, int], Row] = {}
        targets: set[tuple[ConversationId, int]] = set()
        for entry in page.entries:
            if not isinstance(entry, Run):
                continue
            for event in await self._store.events(entry.conversation, entry.first, entry.first + entry.count - 1):
                row = row_of(content(event))
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
                    found[name] = row_of(content(now))
        return found

    async def _write(self, rows: Sequence[Row], after: Progress, kept: bytes) -> None:
        # In a thread: a single text may take a third of a second.
        findable = await asyncio.to_thread(_indexed, rows)
        progress = encoded(after)
        if await self._index.write(findable, progress, kept):
            self._kept = progress
            self.indexed += len(findable)


def _indexed(rows: Sequence[Row]) -> list[Findable | Gone]:
    return [indexed(row) for row in rows]


def _end(page: Slice, position: int) -> int:
    if not page.entries:
        return position
    last = page.entries[-1]
    return last.position + last.count - 1
