"""The Inbox on RocksDB: positions are given in the commit that posts, so an entry is readable when it returns."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence

import structlog
from rocksdict import Rdict, RdictIter

from chinwag.adapters.embedded import keys, values
from chinwag.adapters.embedded.engine import Engine
from chinwag.adapters.embedded.group import Group
from chinwag.adapters.embedded.numbering import Numbering, head
from chinwag.adapters.embedded.scan import read
from chinwag.adapters.embedded.scan import rows as rows_from
from chinwag.adapters.embedded.trim import Trimmer
from chinwag.domain.ids import AccountId
from chinwag.fail_points import passing
from chinwag.ports.inbox import Arrival, Bounds, Inbox, Inline, Posting, Run, Slice

_log = structlog.get_logger(__name__)


class EmbeddedInbox(Inbox):
    """All inboxes of this process."""

    def __init__(self, engine: Engine, numbering: Numbering) -> None:
        self._engine = engine
        self._numbering = numbering
        self._trimmer = Trimmer(engine)
        self._trimming = asyncio.Lock()
        self._held: Counter[AccountId] = Counter()
        self._handler: Callable[[Sequence[Arrival]], None] | None = None
        engine.on_durable.append(self._tell)

    async def post(self, postings: Sequence[Posting]) -> None:
        if not postings:
            return
        engine = self._engine
        await engine.ready()
        self._numbering.begin()
        inboxes = self._numbering.inboxes([posting.account for posting in postings])
        with engine.group() as group:
            self._numbering.post(group, postings, inboxes)
            durable = engine.durable(group)
        await durable

    async def read(self, account: AccountId, after: int, limit: int) -> Slice:
        prefix = keys.inbox(account)
        return await read(self._engine, limit, lambda db: self._slice(db, prefix, max(after, 0), limit))

    async def bounds(self, account: AccountId) -> Bounds:
        rows = self._engine.db.iter()
        prefix = keys.inbox(account)
        return Bounds(self._engine.epochs.inbox, _floor(rows, prefix), head(rows, prefix))

    async def heads(self, accounts: Sequence[AccountId]) -> tuple[int, list[int]]:
        rows = self._engine.db.iter()
        return self._engine.epochs.inbox, [head(rows, keys.inbox(account)) for account in accounts]

    def hold(self, account: AccountId) -> None:
        self._held[account] += 1

    def release(self, account: AccountId) -> None:
        if self._held[account] > 1:
            self._held[account] -= 1
        else:
            del self._held[account]

    def feed(self, handler: Callable[[Sequence[Arrival]], None]) -> None:
        self._handler = handler

    async def trim(self, before_ms: int, limit: int) -> int:
        async with self._trimming:
            return await self._trimmer.trim(before_ms, limit)

    async def rewrite(self, account: AccountId, rewriting: Callable[[bytes], bytes]) -> int:
        # Not beside the trimmer: a chunk that it removes meanwhile must not come back.
        async with self._trimming:
            engine, prefix = self._engine, keys.inbox(account)
            changed = await engine.read(lambda db: _rewritten(db, prefix, rewriting))
            if changed:
                await engine.ready()
                with engine.group() as group:
                    for key, stored, _ in changed:
                        group.put(key, stored)
                    durable = engine.durable(group)
                await durable
            return sum(count for _, _, count in changed)

    async def forget(self, account: AccountId) -> None:
        async with self._trimming:
            engine, prefix = self._engine, keys.inbox(account)
            await engine.ready()
            self._numbering.begin()
            last = self._numbering.inboxes([account])[0].last
            if not last:
                return
            with engine.group() as group:
                # A range, for what is on its way to the disk is in it as well.
                group.rows.delete_range(prefix + keys.number(1), prefix + keys.number(last + 1))
                group.put(prefix + keys.number(0), values.sealed(last))
                durable = engine.durable(group)
            await durable

    def _slice(self, db: Rdict, prefix: bytes, after: int, limit: int) -> Slice:
        # One iterator sees one moment: floor, entries and head belong together.
        rows = db.iter()
        floor, last = _floor(rows, prefix), head(rows, prefix)
        entries: list[Run | Inline] = []
        if after >= floor and limit > 0:
            left = limit
            rows.seek(prefix + keys.number(after + 1))
            while left > 0 and rows.valid():
                key: bytes = rows.key()
                if not key.startswith(prefix):
                    break
                position = int.from_bytes(key[-keys.NUMBER_BYTES :])
                for entry in values.entries(rows.value(), position):
                    left -= _add(entries, entry, after, left)
                rows.next()
        return Slice(entries, Bounds(self._engine.epochs.inbox, floor, last))

    def _tell(self, group: Group) -> None:
        """Tell the feed what has become readable."""
        held, handler = self._held, self._handler
        if not held or handler is None:
            return
        epoch = self._engine.epochs.inbox
        arrivals = [
            Arrival(account, position, events, epoch)
            for audience, positions, events in group.arrivals
            for account, position in zip(audience, positions, strict=True)
            if account in held
        ]
        if not arrivals:
            return
        try:
            passing("fan_out.begun")
            handler(arrivals)
        except Exception:
            _log.exception("arrivals could not be told", arrivals=len(arrivals))


def _rewritten(db: Rdict, prefix: bytes, rewriting: Callable[[bytes], bytes]) -> list[tuple[bytes, bytes, int]]:
    """The chunks that change: key, new value, how many events."""
    found: list[tuple[bytes, bytes, int]] = []
    for key, stored in rows_from(db, prefix + keys.number(1)):
        if not key.startswith(prefix):
            break
        written, count = values.rewritten(stored, rewriting)
        if count:
            found.append((key, written, count))
    return found


def _floor(rows: RdictIter, prefix: bytes) -> int:
    key = prefix + keys.number(0)
    rows.seek(key)
    return values.integer(rows.value()) if rows.valid() and rows.key() == key else 0


def _add(entries: list[Run | Inline], entry: Run | Inline, after: int, left: int) -> int:
    """Add what lies after `after` of an entry, at most `left`; how many that were."""
    skip = max(0, after + 1 - entry.position)
    count = min(entry.count - skip, left)
    if count <= 0:
        return 0
    if isinstance(entry, Inline):
        entries.append(entry)
        return 1
    before = entries[-1] if entries else None
    first = entry.first + skip
    if isinstance(before, Run) and before.conversation == entry.conversation and before.first + before.count == first:
        entries[-1] = Run(before.position, before.conversation, before.first, before.count + count)
    else:
        entries.append(Run(entry.position + skip, entry.conversation, first, count))
    return count
