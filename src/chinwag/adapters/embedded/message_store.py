"""The MessageStore on RocksDB: a batch is one atomic write, synced together with all others that wait."""

from collections.abc import Iterator, Sequence
from itertools import islice, takewhile

from rocksdict import Rdict

from chinwag.adapters import stored
from chinwag.adapters.companions import companions_by_states
from chinwag.adapters.embedded import keys, values
from chinwag.adapters.embedded.engine import Engine
from chinwag.adapters.embedded.forget import keys_below, remove
from chinwag.adapters.embedded.members import members
from chinwag.adapters.embedded.numbering import Numbering, Parcel
from chinwag.adapters.embedded.replaced import note
from chinwag.adapters.embedded.scan import QUICK_ROWS, get, read, scan
from chinwag.adapters.embedded.scan import rows as rows_from
from chinwag.domain.conversation import Conversation, SendKey, Span
from chinwag.domain.ids import AccountId, ConversationId, DeviceId
from chinwag.domain.member_row import MemberRow, Wrote
from chinwag.domain.mentions import Mention
from chinwag.domain.reaction_counts import ReactionCounts
from chinwag.domain.reactions import Reacted
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.message_store import (
    Commit,
    EventName,
    Joining,
    KeyName,
    MessageStore,
    PersonName,
    ReactionName,
    Row,
)

_SPANS_MAX = 100_000
_BEYOND = b"\xff" * (keys.NUMBER_BYTES + 1)
"""After the number of any span."""


class EmbeddedMessageStore(MessageStore):
    """One writer decides; a failed write of anybody's makes it read its states again."""

    def __init__(self, engine: Engine, numbering: Numbering) -> None:
        self._engine = engine
        self._numbering = numbering
        self._failures_known = engine.failures
        self._looked_for: dict[KeyName, bytes] = {}
        """The keys of the last names that were looked for: whoever decides upon them stores under most of them next."""

    async def commit(self, batch: Sequence[Commit]) -> None:
        engine = self._engine
        await engine.room()
        if self._failures_known != engine.failures:
            raise Refused(Code.UNAVAILABLE, "the message store must be reopened", 1.0)
        # One worker decides for a conversation, batch by batch: all that was put on before is readable by now.
        cleared = [keys.reactions(one.state.id, number) for one in batch for number in one.cleared]
        gone = await keys_below(engine, cleared) if cleared else []
        gone += [keys.counts(one.state.id, number) for one in batch if one.state.wide for number in one.cleared]
        self._numbering.begin()
        # All that can fail for what is in the batch comes before the first row is put.
        rows: list[tuple[bytes, bytes]] = []
        deliveries: list[Parcel] = []
        number, send_key, sealed, looked_for = keys.number, keys.send_key, values.sealed, self._looked_for.get
        for commit in batch:
            state = commit.state
            prefix = keys.events(state.id)
            rows += [(prefix + number(at), values.PLAIN + event) for at, event in commit.events]
            # Put in this order, and of one key the last one stays: a message placed and changed at once is changed.
            rows += [(prefix + number(at), stored.row(row)) for at, row in commit.rewrites]
            if noted := note(commit):
                rows.append(noted)
            rows += [(looked_for(name) or send_key(name), sealed(key)) for name, key in commit.keys]
            rows += [
                (keys.spans_in(span.account, state.id) + number(span.first), sealed(span)) for span in commit.spans
            ]
            for one in commit.mentions:
                key = keys.mentions_in(one.account, state.id) + keys.newest_first(one.number)
                if one.since:
                    rows.append((key, sealed(one.since)))
                else:
                    gone.append(key)
            rows += [
                (keys.reaction(state.id, message, account), sealed(row))
                for message, account, row in commit.reactions
                if message not in commit.cleared
            ]
            rows += [
                (keys.counts(state.id, message), sealed(row))
                for message, row in commit.counts
                if message not in commit.cleared
            ]
            if commit.people or commit.wrote or commit.joinings:
                rows += members(commit)
            rows.append((keys.state(state.id), sealed(state)))
            self._numbering.address(commit, deliveries)
        with engine.group() as group:
            put = group.put
            for row, value in rows:
                put(row, value)
            for row in gone:
                group.delete(row)
            self._numbering.deliver(group, deliveries)
            durable = engine.durable(group)
        await durable

    async def reopen(self) -> None:
        await self._engine.reopen()
        self._failures_known = self._engine.failures

    async def check(self) -> None:
        await self._engine.check()

    async def states(self, conversations: Sequence[ConversationId]) -> list[Conversation | None]:
        wanted = [keys.state(conversation) for conversation in conversations]
        found = await read(self._engine, len(wanted), lambda db: get(db, wanted))
        return [values.state(value) for value in found]

    async def keys(self, names: Sequence[KeyName]) -> list[SendKey | None]:
        wanted = [keys.send_key(name) for name in names]
        self._looked_for = dict(zip(names, wanted, strict=True))
        found = await read(self._engine, len(wanted), lambda db: get(db, wanted))
        return [None if value is None else values.send_key(value) for value in found]

    async def events(self, conversation: ConversationId, first: int, last: int) -> list[Row]:
        if last < first:
            return []
        prefix, begin = keys.events(conversation), max(first, 0)
        rows = await scan(self._engine, prefix, prefix + keys.number(begin), last - begin + 1)
        end = prefix + keys.number(last)
        return [stored.event(value) for key, value in rows if key <= end]

    async def rows(self, names: Sequence[EventName]) -> list[Row | None]:
        wanted = [keys.events(conversation) + keys.number(number) for conversation, number in names]
        found = await read(self._engine, len(wanted), lambda db: get(db, wanted))
        return [None if value is None else stored.event(value) for value in found]

    async def reacted(self, names: Sequence[ReactionName]) -> list[Reacted | None]:
        wanted = [keys.reaction(*name) for name in names]
        found = await read(self._engine, len(wanted), lambda db: get(db, wanted))
        return [None if value is None else stored.reacted(value) for value in found]

    async def reactions(
        self, conversation: ConversationId, first: int, last: int, limit: int
    ) -> list[tuple[int, AccountId, Reacted]]:
        begin, end = keys.reactions(conversation, max(first, 0)), keys.reactions(conversation, last + 1)
        found = await read(self._engine, QUICK_ROWS, lambda db: _below(db, begin, end, min(limit, QUICK_ROWS)))
        if len(found) == QUICK_ROWS < limit:
            found = await self._engine.read(lambda db: _below(db, begin, end, limit))
        return [(*keys.reacted(key), stored.reacted(value)) for key, value in found]

    async def reactors(
        self, conversation: ConversationId, message: int, after: AccountId | None, limit: int
    ) -> list[tuple[AccountId, Reacted]]:
        prefix = keys.reactions(conversation, message)
        first = prefix if after is None else keys.reaction(conversation, message, after) + b"\0"
        found = await scan(self._engine, prefix, first, limit)
        return [(keys.reacted(key)[1], stored.reacted(value)) for key, value in found]

    async def reaction_counts(self, names: Sequence[EventName]) -> list[ReactionCounts | None]:
        wanted = [keys.counts(*name) for name in names]
        found = await read(self._engine, len(wanted), lambda db: get(db, wanted))
        return [None if value is None else stored.reaction_counts(value) for value in found]

    async def spans(self, account: AccountId, conversation: ConversationId) -> list[Span]:
        return await self._spans(keys.spans_in(account, conversation))

    async def mentions(
        self, accounts: Sequence[AccountId], conversation: ConversationId, above: int, limit: int
    ) -> list[Mention]:
        return await read(
            self._engine,
            limit * len(accounts),
            lambda db: [one for account in accounts for one in _mentions(db, account, conversation, above, limit)],
        )

    async def memberships(self, account: AccountId) -> list[Span]:
        return await self._spans(keys.spans(account))

    async def memberships_after(self, account: AccountId, after: ConversationId, limit: int) -> list[Span]:
        prefix = keys.spans(account)
        first = keys.spans_in(account, after) + _BEYOND if after else prefix
        found: list[Span] = []
        for _ in range(limit):
            # One row says which is next; its rows are read together, however many they are.
            rows = await scan(self._engine, prefix, first, 1)
            if not rows:
                break
            name = values.span(rows[0][1]).conversation
            found += await self.spans(account, name)
            first = keys.spans_in(account, name) + _BEYOND
        return found

    async def companions(self, account: AccountId, limit: int) -> set[AccountId]:
        return await companions_by_states(self, account, limit)

    async def conversations(self, after: ConversationId, limit: int) -> list[ConversationId]:
        first = keys.state(after) + b"\0" if after else keys.STATES
        return [keys.conversation_of(key) for key, _ in await scan(self._engine, keys.STATES, first, limit)]

    async def people(self, names: Sequence[PersonName]) -> list[MemberRow | None]:
        wanted = [keys.person(*name) for name in names]
        found = await read(self._engine, len(wanted), lambda db: get(db, wanted))
        return [None if value is None else stored.member_row(value) for value in found]

    async def wrote(self, names: Sequence[PersonName]) -> list[Wrote | None]:
        wanted = [keys.wrote(*name) for name in names]
        found = await read(self._engine, len(wanted), lambda db: get(db, wanted))
        return [None if value is None else stored.wrote(value) for value in found]

    async def joinings(
        self, conversation: ConversationId, after: tuple[int, AccountId] | None, limit: int
    ) -> list[Joining]:
        prefix = keys.joinings(conversation)
        first = prefix if after is None else keys.joining(conversation, *after) + b"\0"
        found = await scan(self._engine, prefix, first, limit)
        return [(*keys.joined(key), values.integer(value)) for key, value in found]

    async def wide_groups(self, after: ConversationId, limit: int) -> list[ConversationId]:
        first = keys.wide(after) + b"\0" if after else keys.WIDE
        return [keys.conversation_of(key) for key, _ in await scan(self._engine, keys.WIDE, first, limit)]

    async def forget_joinings(self, conversation: ConversationId, names: Sequence[tuple[int, AccountId]]) -> None:
        await remove(self._engine, [keys.joining(conversation, *name) for name in names])

    async def forget(self, account: AccountId, devices: Sequence[DeviceId]) -> None:
        conversations = dict.fromkeys(span.conversation for span in await self.memberships(account))
        sends = [keys.sends(conversation, device) for conversation in conversations for device in devices]
        found = await keys_below(self._engine, [*sends, keys.mentions(account), keys.spans(account)])
        rows = [key(one, account) for one in conversations for key in (keys.person, keys.wrote)]
        await remove(self._engine, rows + found)

    async def _spans(self, prefix: bytes) -> list[Span]:
        return [values.span(value) for _, value in await scan(self._engine, prefix, prefix, _SPANS_MAX)]


def _mentions(db: Rdict, account: AccountId, conversation: ConversationId, above: int, limit: int) -> Iterator[Mention]:
    """The newest come first."""
    prefix = keys.mentions_in(account, conversation)
    for place, (key, value) in enumerate(rows_from(db, prefix)):
        if place == limit or not key.startswith(prefix):
            return
        number = keys.number_of(key[len(prefix) :])
        if number <= above:
            return
        yield Mention(account, number, values.integer(value))


def _below(db: Rdict, begin: bytes, end: bytes, limit: int) -> list[tuple[bytes, bytes]]:
    """Up to `limit` rows from `begin` to before `end`."""
    return list(islice(takewhile(lambda row: row[0] < end, rows_from(db, begin)), limit))
