"""The MarkStore on RocksDB: marks and what is posted about them go in one atomic write."""

from collections.abc import Sequence

from rocksdict import Rdict

from chinwag.adapters.embedded import keys, values
from chinwag.adapters.embedded.engine import Engine
from chinwag.adapters.embedded.forget import keys_below, remove
from chinwag.adapters.embedded.generations import Generations
from chinwag.adapters.embedded.numbering import Numbering
from chinwag.adapters.embedded.scan import get, read, rows, scan
from chinwag.adapters.marks_merged import merged
from chinwag.domain.ids import AccountId, ConversationId
from chinwag.domain.marks import Marks
from chinwag.ports.inbox import Posting
from chinwag.ports.mark_store import Advance, MarkStore, ReadStep, Seen

Pair = tuple[ConversationId, AccountId]


class EmbeddedMarkStore(MarkStore):
    """Marks are merged with what was last given to the writer, so they rise in whatever order advances come."""

    def __init__(self, engine: Engine, numbering: Numbering) -> None:
        self._engine = engine
        self._numbering = numbering
        self._marks: Generations[Pair, Marks] = Generations(engine)
        self._seen: Generations[AccountId, Seen] = Generations(engine)

    async def advance(self, advances: Sequence[Advance], postings: Sequence[Posting] = ()) -> None:
        engine = self._engine
        await engine.ready()
        self._numbering.begin()
        self._marks.age()
        moving = [((advance.conversation, advance.account), advance) for advance in advances]
        changed, steps, posted = merged(self._held([pair for pair, _ in moving]), moving)
        told = [*postings, *posted]
        written = [
            (keys.steps(conversation, account) + keys.number(number), values.sealed(mark.at))
            for (conversation, account, number), mark in steps.items()
        ]
        written += [
            (keys.marks(one) + keys.name(account), values.sealed(marks)) for (one, account), marks in changed.items()
        ]
        # Also with nothing to write: what these advances repeat may still be on its way to the disk.
        if not written and not told and engine.answered == engine.serial:
            return
        inboxes = self._numbering.inboxes([posting.account for posting in told])
        with engine.group() as group:
            for key, value in written:
                group.put(key, value)
            for pair, marks in changed.items():
                self._marks.put(pair, marks)
            self._numbering.post(group, told, inboxes)
            durable = engine.durable(group)
        await durable

    async def marks(self, wanted: Sequence[Pair]) -> list[Marks]:
        names = [keys.marks(conversation) + keys.name(account) for conversation, account in wanted]
        found = await read(self._engine, len(names), lambda db: get(db, names))
        return [values.marks(stored) for stored in found]

    async def of_conversation(self, conversation: ConversationId, limit: int) -> dict[AccountId, Marks]:
        prefix = keys.marks(conversation)
        found = await scan(self._engine, prefix, prefix, limit)
        return {_account(key, prefix): values.marks(stored) for key, stored in found}

    async def readers(self, conversation: ConversationId, number: int, limit: int) -> list[ReadStep]:
        return await read(self._engine, limit, lambda db: _readers(db, conversation, number, limit))

    async def forget(self, account: AccountId, conversations: Sequence[ConversationId]) -> None:
        engine = self._engine
        steps = await keys_below(engine, [keys.steps(one, account) for one in conversations])
        own = [keys.marks(one) + keys.name(account) for one in conversations]
        await engine.ready()
        for one in conversations:
            self._marks.put((one, account), Marks())
        self._seen.put(account, Seen(account, False, 0))
        await remove(engine, [*steps, *own, keys.seen(account)])

    async def save_seen(self, rows: Sequence[Seen]) -> None:
        engine = self._engine
        await engine.ready()
        self._seen.age()
        latest: dict[AccountId, Seen] = {}
        stored = [self._seen.get(row.account) or values.seen(engine.db.get(keys.seen(row.account))) for row in rows]
        for row, held in zip(rows, stored, strict=True):
            held = latest.get(row.account, held)
            if held is None or row.last_active_at >= held.last_active_at:
                latest[row.account] = row
        if not latest and engine.answered == engine.serial:
            return
        written = [(keys.seen(account), values.sealed(row)) for account, row in latest.items()]
        with engine.group() as group:
            for key, value in written:
                group.put(key, value)
            for account, row in latest.items():
                self._seen.put(account, row)
            durable = engine.durable(group)
        await durable

    async def seen(self, accounts: Sequence[AccountId]) -> list[Seen | None]:
        names = [keys.seen(account) for account in accounts]
        found = await read(self._engine, len(names), lambda db: get(db, names))
        return [values.seen(stored) for stored in found]

    async def seen_after(self, account: AccountId | None, limit: int) -> list[Seen]:
        first = keys.SEEN if account is None else keys.seen(account) + b"\0"
        found = await scan(self._engine, keys.SEEN, first, limit)
        return [row for _, stored in found if (row := values.seen(stored)) is not None]

    def _held(self, pairs: Sequence[Pair]) -> dict[Pair, Marks]:
        """The marks last given to the writer, or stored."""
        held = {pair: self._marks.get(pair) for pair in pairs}
        missing = [pair for pair, marks in held.items() if marks is None]
        missing_rows = [keys.marks(conversation) + keys.name(account) for conversation, account in missing]
        stored = get(self._engine.db, missing_rows)
        loaded = {pair: values.marks(row) for pair, row in zip(missing, stored, strict=True)}
        return {pair: loaded[pair] if marks is None else marks for pair, marks in held.items()}


def _readers(db: Rdict, conversation: ConversationId, number: int, limit: int) -> list[ReadStep]:
    """Of each account whose mark covers `number`: its first step at or above that."""
    prefix = keys.marks(conversation)
    steps = db.iter()
    readers: list[ReadStep] = []
    for key, stored in rows(db, prefix):
        if not key.startswith(prefix) or len(readers) >= limit:
            break
        if values.marks(stored).read.number < number:
            continue
        account = _account(key, prefix)
        walked = keys.steps(conversation, account)
        steps.seek(walked + keys.number(number))
        known = steps.valid() and steps.key().startswith(walked)
        readers.append(ReadStep(account, values.integer(steps.value()) if known else 0))
    return readers


def _account(key: bytes, prefix: bytes) -> AccountId:
    return AccountId(key[len(prefix) + 1 :].decode())
