"""Takes back what devices show, once it was read elsewhere or deleted: a signal says so at once, a look each minute for
certain. Here the devices concerned become due; what is sent is weighed as any push is."""

import asyncio
from typing import Final

from chinwag.domain.conversation import Member
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.marks import Marks, read_up_to
from chinwag.domain.push import LOOK_MS, SHOWN_MS, SUMMARY
from chinwag.flow.as_read import content
from chinwag.flow.clock import Clock
from chinwag.flow.membership_of import members_of
from chinwag.flow.push.said import is_gone
from chinwag.ports.bus import Publication, Reads
from chinwag.ports.directory import PUSHES, Directory, PushJob
from chinwag.ports.mark_store import MarkStore
from chinwag.ports.message_store import MessageStore

LOOK_SECONDS: Final = 5.0
"""From one look for what nobody has looked at for a minute to the next."""
SIGNALS_SECONDS: Final = 0.25
"""How long signals gather."""
TOGETHER: Final = 200
"""Rows that are looked at together."""
SIGNALS: Final = 10_000
"""Reads that wait to be heeded; what comes beyond is found by the look."""

Pair = tuple[AccountId, ConversationId]


class TakeBack:
    """Two pieces of standing work: `heed` signals, and `look`."""

    def __init__(self, directory: Directory, store: MessageStore, marks: MarkStore, clock: Clock) -> None:
        self._directory = directory
        self._store = store
        self._marks = marks
        self._clock = clock
        self._read: dict[Pair, None] = {}
        self._signalled = asyncio.Event()

    def on_signal(self, publication: Publication) -> None:
        """Somebody has read on."""
        if isinstance(publication, Reads):
            for pair in publication.pairs[: SIGNALS - len(self._read)]:
                self._read[pair] = None
            self._signalled.set()

    async def wait(self, seconds: float) -> None:
        """For a signal, at most so long, and a moment longer for others."""
        try:
            async with asyncio.timeout(seconds):
                await self._signalled.wait()
            await asyncio.sleep(SIGNALS_SECONDS)
        except TimeoutError:
            pass

    async def heed(self) -> bool:
        """What was signalled; whether there is more. Raises `Refused`: the look will find it."""
        self._signalled.clear()
        pairs, self._read = list(self._read), {}
        if pairs:
            await self._due(pairs)
        return bool(self._read)

    async def look(self) -> bool:
        """Some of what nobody has looked at for a minute; whether there is more. Raises `Refused`."""
        now = self._clock()
        async with self._directory.reading() as directory:
            if not await directory.push_jobs.anything_shown(now):
                return False
        async with self._directory.transaction(account=PUSHES) as transaction:
            rows = await transaction.push_jobs.shown(now, now + LOOK_MS, TOGETHER)
        told = [row for row in rows if row.conversation != SUMMARY]
        marks = await self._marks.marks([(row.conversation, row.account) for row in told])
        events = await self._store.rows([(row.conversation, row.shown) for row in told])
        over = {(row.account, row.conversation): None for row in rows if row.conversation == SUMMARY}
        members = await self._members(told)
        for row, mark, event in zip(told, marks, events, strict=True):
            gone = event is None or is_gone(content(event))
            if gone or row.shown_at < now - SHOWN_MS or _read(row, members.get((row.account, row.conversation)), mark):
                over[row.account, row.conversation] = None
        if over:
            await self._due(list(over))
        return len(rows) == TOGETHER

    async def _members(self, rows: list[PushJob]) -> dict[Pair, Member | None]:
        names = list(dict.fromkeys(row.conversation for row in rows))
        states = dict(zip(names, await self._store.states(names), strict=True))
        named = [(state, row.account) for row in rows if (state := states[row.conversation]) is not None]
        found = await members_of(self._store, named, wrote=True)
        return {(account, state.id): member for (state, account), member in zip(named, found, strict=True)}

    async def _due(self, pairs: list[Pair]) -> None:
        # Most of what is read was pushed to nobody, and nobody's writing waits for that.
        async with self._directory.reading() as directory:
            pairs = await directory.push_jobs.pushed(pairs)
        if not pairs:
            return
        async with self._directory.transaction(account=PUSHES) as transaction:
            await transaction.push_jobs.read(pairs, self._clock())


def _read(row: PushJob, member: Member | None, marks: Marks) -> bool:
    return member is None or row.shown <= read_up_to(marks.read, member)[0]
