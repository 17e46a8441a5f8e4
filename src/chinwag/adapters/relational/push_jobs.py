"""Pushes that wait, and what devices show of those that were sent, in their tables."""

import secrets
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Row, and_, bindparam, case, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from chinwag.adapters.relational.schema import push_jobs as table
from chinwag.adapters.relational.schema import push_mark
from chinwag.domain.ids import AccountId, ConversationId, DeviceId
from chinwag.domain.push import BURST_MS, LOOK_MS
from chinwag.ports.directory import PAGE_MAX
from chinwag.ports.directory.push_jobs import PushJob, PushWanted
from chinwag.ports.follower import Reached

_decode: Final = msgspec.json.Decoder(Reached).decode
_TOGETHER: Final = 500
"""Names in one statement."""
_PAIRS: Final = 250
"""Pairs of names in one statement."""
_NOTHING: Final = and_(table.c.due.is_(None), table.c.shown == 0, table.c.held.is_(False))
_SETTLED: Final = ("due", "since", "attempt", "held", "shown", "shown_at", "look_at", "lease")
_AT_ONCE: Final = 0
"""When it is looked at whether to take back what was read or deleted while it was being sent."""
_PUT_OFF: Final = and_(table.c.lease == 0, table.c.attempt == 0)
"""It is not being sent, nor has that failed."""
_SHOWS: Final = and_(table.c.shown > 0, func.coalesce(table.c.due, 0) == 0)
"""It shows something, and nothing waits. Not as `due IS NULL`, by which SQLite would look through all that shows."""


class RelationalPushJobs:
    """`PushJobRepository` upon one transaction's connection."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def reached(self) -> Reached | None:
        kept = await self._connection.scalar(select(push_mark.c.reached))
        return None if kept is None else _decode(kept)

    async def reach(self, place: Reached) -> None:
        kept = msgspec.json.encode(place).decode()
        if not (await self._connection.execute(update(push_mark).values(reached=kept))).rowcount:
            await self._connection.execute(insert(push_mark).values(id=1, reached=kept))

    async def add(self, wanted: Sequence[PushWanted], now: int, due: int) -> None:
        by_conversation: dict[ConversationId, dict[DeviceId, PushWanted]] = {}
        for one in wanted:
            by_conversation.setdefault(one.conversation, {})[one.device] = one
        new: list[dict[str, Any]] = []
        known: list[dict[str, Any]] = []
        for conversation, of_devices in by_conversation.items():
            there = await self._there(conversation, list(of_devices))
            for device, one in of_devices.items():
                (known if device in there else new).append(
                    {"one": device, "there": conversation, "account": one.account, "number": one.number}
                )
        if known:
            mine = (table.c.device == bindparam("one"), table.c.conversation == bindparam("there"))
            # One that was put off is looked at anew; one that is being sent, or has failed, keeps its time.
            sooner = case((and_(table.c.due > due, _PUT_OFF), due), else_=table.c.due)
            higher = update(table).where(*mine, table.c.number < bindparam("new")).values(due=sooner)
            names = [{"one": row["one"], "there": row["there"], "new": row["number"]} for row in known]
            await self._connection.execute(higher.values(number=bindparam("new")), names)
            begin = update(table).where(*mine, table.c.due.is_(None)).values(due=due, since=now, attempt=0, held=False)
            await self._connection.execute(begin, [{"one": row["one"], "there": row["there"]} for row in known])
        if new:
            fixed = {"since": now, "due": due, "attempt": 0, "shown": 0, "shown_at": 0, "held": False, "lease": 0}
            rows = [
                {"device": one["one"], "conversation": one["there"], "account": one["account"], "number": one["number"]}
                | fixed
                for one in new
            ]
            await self._connection.execute(insert(table), rows)

    async def _there(self, conversation: ConversationId, devices: Sequence[DeviceId]) -> set[str]:
        there: set[str] = set()
        for first in range(0, len(devices), _TOGETHER):
            some = devices[first : first + _TOGETHER]
            query = select(table.c.device).where(table.c.conversation == conversation, table.c.device.in_(some))
            there.update(await self._connection.scalars(query))
        return there

    async def shorten(self, most: int) -> int:
        over = await self.waiting() - most
        if over <= 0:
            return 0
        oldest = select(table.c.device, table.c.conversation).where(table.c.due.is_not(None))
        oldest = oldest.order_by(table.c.since, table.c.device, table.c.conversation).limit(over)
        names = [{"one": row.device, "there": row.conversation} for row in await self._connection.execute(oldest)]
        mine = (table.c.device == bindparam("one"), table.c.conversation == bindparam("there"))
        await self._connection.execute(update(table).where(*mine).values(due=None, attempt=0, held=False), names)
        await self._connection.execute(delete(table).where(*mine, _NOTHING), names)
        return over

    async def take(self, now: int, until: int, limit: int) -> list[PushJob]:
        query = select(table).where(table.c.due <= now).order_by(table.c.due).limit(min(limit, PAGE_MAX))
        rows = (await self._connection.execute(query)).all()
        if not rows:
            return []
        lease = secrets.randbits(62) | 1
        mine = (table.c.device == bindparam("one"), table.c.conversation == bindparam("there"))
        held = update(table).where(*mine).values(due=until, lease=lease, attempt=table.c.attempt + 1)
        await self._connection.execute(held, [{"one": row.device, "there": row.conversation} for row in rows])
        taken = {"due": until, "lease": lease}
        return [msgspec.structs.replace(_job(row), attempt=row.attempt + 1, **taken) for row in rows]

    async def settle(self, jobs: Sequence[PushJob], now: int) -> list[bool]:
        held: dict[tuple[str, str], Row[Any]] = {}
        for first in range(0, len(jobs), _TOGETHER):
            some = jobs[first : first + _TOGETHER]
            # By the device's rows and not by pairs, for which SQLite reads the whole table.
            devices, leases = {job.device for job in some}, {job.lease for job in some}
            query = select(table).where(table.c.device.in_(devices), table.c.lease.in_(leases))
            held.update(((row.device, row.conversation), row) for row in await self._connection.execute(query))
        settled: list[bool] = []
        over: list[dict[str, Any]] = []
        kept: list[dict[str, Any]] = []
        for job in jobs:
            row = held.get((job.device, job.conversation))
            settled.append(row is not None and 0 != job.lease == row.lease)
            if row is None or not settled[-1]:
                continue
            values = _settled(job, row, now)
            name_of = {"one": job.device, "there": job.conversation}
            if values["due"] is None and not job.shown and not values["held"]:
                over.append(name_of)
            else:
                kept.append(name_of | {f"new_{name}": value for name, value in values.items()})
        mine = (table.c.device == bindparam("one"), table.c.conversation == bindparam("there"))
        if over:
            await self._connection.execute(delete(table).where(*mine), over)
        if kept:
            new: dict[str, Any] = {name: bindparam(f"new_{name}") for name in _SETTLED}
            await self._connection.execute(update(table).where(*mine).values(new), kept)
        return settled

    async def next_due(self) -> int | None:
        due: int | None = await self._connection.scalar(select(func.min(table.c.due)))
        return due

    async def overdue(self, now: int, most: int) -> int:
        some = select(table.c.due).where(table.c.due <= now).limit(most).subquery()
        return await self._connection.scalar(select(func.count()).select_from(some)) or 0

    async def hasten(self, device: DeviceId, now: int) -> None:
        waits = update(table).where(table.c.device == device, table.c.due.is_not(None))
        sooner = case((table.c.due > now, now), else_=table.c.due)
        await self._connection.execute(waits.values(due=sooner, attempt=0, lease=0))

    async def set_back(self, now: int, until: int) -> None:
        sooner = case((table.c.lease != 0, until), else_=now)
        begun = case((table.c.since > now, now), else_=table.c.since)
        await self._connection.execute(update(table).where(table.c.due > until).values(due=sooner))
        await self._connection.execute(update(table).where(table.c.due.is_not(None)).values(since=begun))
        look_at = now + LOOK_MS
        await self._connection.execute(update(table).where(table.c.look_at > look_at).values(look_at=look_at))

    async def release(self, device: DeviceId) -> None:
        held = (table.c.device == device, table.c.held)
        await self._connection.execute(delete(table).where(*held, table.c.due.is_(None), table.c.shown == 0))
        await self._connection.execute(update(table).where(*held).values(held=False))

    async def of_device(self, device: DeviceId) -> list[PushJob]:
        query = select(table).where(table.c.device == device).order_by(table.c.conversation).limit(PAGE_MAX)
        return [_job(row) for row in await self._connection.execute(query)]

    async def undo(self, conversation: ConversationId, numbers: Sequence[int], now: int) -> None:
        for first in range(0, len(numbers), _TOGETHER):
            some = numbers[first : first + _TOGETHER]
            there = table.c.conversation == conversation
            # Which one is being sent is not known here: none that is newer than the newest that waits.
            await self._over(and_(there, table.c.shown.in_(some)), and_(there, table.c.number >= min(some)), now)

    async def pushed(self, pairs: Sequence[tuple[AccountId, ConversationId]]) -> list[tuple[AccountId, ConversationId]]:
        found: list[tuple[AccountId, ConversationId]] = []
        for first in range(0, len(pairs), _PAIRS):
            query = select(table.c.account, table.c.conversation).distinct()
            query = query.where(_of(pairs[first : first + _PAIRS]), or_(table.c.shown > 0, table.c.lease != 0))
            rows = await self._connection.execute(query)
            found += [(AccountId(one), ConversationId(there)) for one, there in rows]
        return found

    async def read(self, pairs: Sequence[tuple[AccountId, ConversationId]], now: int) -> None:
        for first in range(0, len(pairs), _PAIRS):
            theirs = _of(pairs[first : first + _PAIRS])
            await self._over(theirs, theirs, now)

    async def _over(self, shown: ColumnElement[bool], sent: ColumnElement[bool], now: int) -> None:
        """What `shown` names may have to be taken back, and so may what `sent` names once it was sent."""
        await self._connection.execute(update(table).where(shown, _SHOWS).values(due=now, since=now, attempt=0))
        put_off = update(table).where(shown, table.c.shown > 0, table.c.due > now, _PUT_OFF)
        await self._connection.execute(put_off.values(due=now))
        await self._connection.execute(update(table).where(sent, table.c.lease != 0).values(look_at=_AT_ONCE))

    async def shown(self, now: int, again: int, limit: int) -> list[PushJob]:
        query = select(table).where(table.c.look_at <= now, _SHOWS).order_by(table.c.look_at)
        rows = (await self._connection.execute(query.limit(min(limit, PAGE_MAX)))).all()
        if rows:
            mine = (table.c.device == bindparam("one"), table.c.conversation == bindparam("there"))
            names = [{"one": row.device, "there": row.conversation} for row in rows]
            await self._connection.execute(update(table).where(*mine).values(look_at=again), names)
        return [_job(row) for row in rows]

    async def anything_shown(self, now: int) -> bool:
        query = select(table.c.device).where(table.c.look_at <= now, _SHOWS).limit(1)
        return (await self._connection.execute(query)).first() is not None

    async def waiting(self) -> int:
        query = select(func.count()).select_from(table).where(table.c.due.is_not(None))
        return await self._connection.scalar(query) or 0


def _of(pairs: Sequence[tuple[AccountId, ConversationId]]) -> ColumnElement[bool]:
    return or_(*(and_(table.c.conversation == there, table.c.account == one) for one, there in pairs))


def _settled(job: PushJob, row: Row[Any], now: int) -> dict[str, Any]:
    """What is written of a job that was taken, whose row is `row` by now."""
    due, since, attempt, held = job.due, job.since, job.attempt, job.held
    if row.number > job.number:
        if due is None:
            due, since, attempt, held = now + BURST_MS, now, 0, False
        elif not attempt:
            due = min(due, now + BURST_MS)
    look_at = None
    if job.shown:
        look_at = now if row.look_at == _AT_ONCE else now + LOOK_MS
    values = (due, since, attempt, held, job.shown, job.shown_at, look_at, 0)
    return dict(zip(_SETTLED, values, strict=True))


def _job(row: Row[Any]) -> PushJob:
    return PushJob(
        device=DeviceId(row.device),
        account=AccountId(row.account),
        conversation=ConversationId(row.conversation),
        number=row.number,
        since=row.since,
        due=row.due,
        attempt=row.attempt,
        shown=row.shown,
        shown_at=row.shown_at,
        held=row.held,
        lease=row.lease,
    )
