"""The MessageStore on PostgreSQL: a batch is one transaction, which a former owner of its partition cannot make."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Final

import structlog

from chinwag.adapters import names, stored
from chinwag.adapters.companions import companions_by_states
from chinwag.adapters.postgres.arrivals import Arrivals
from chinwag.adapters.postgres.batch import Batch
from chinwag.adapters.postgres.database import Database, UnknownOutcomeError
from chinwag.adapters.postgres.members import LAST, Members
from chinwag.adapters.postgres.partitions import Outcome, Partition, Partitions
from chinwag.adapters.postgres.postings import Posted, Postings
from chinwag.domain.conversation import Conversation, SendKey, Span
from chinwag.domain.ids import AccountId, ConversationId, DeviceId
from chinwag.domain.member_row import MemberRow, Wrote
from chinwag.domain.mentions import Mention
from chinwag.domain.reaction_counts import ReactionCounts
from chinwag.domain.reactions import Reacted
from chinwag.domain.refusal import Code, Refused
from chinwag.ports.log import partition_of
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

_SPANS_MAX: Final = 100_000
_REMOVED: Final = 2_000
"""Rows that one transaction removes at most."""

_STATES: Final = """
    SELECT n, s.state FROM unnest($1::bytea[]) WITH ORDINALITY AS w (conversation, n)
    JOIN messages.states AS s ON s.conversation = w.conversation"""
_KEYS: Final = """
    SELECT n, k.key
    FROM unnest($1::bytea[], $2::bytea[], $3::bytea[]) WITH ORDINALITY AS w (conversation, device, id, n)
    JOIN messages.send_keys AS k ON k.conversation = w.conversation AND k.device = w.device AND k.id = w.id"""
_EVENTS: Final = """
    SELECT event FROM messages.events WHERE conversation = $1 AND number BETWEEN $2 AND $3 ORDER BY number"""
_ROWS: Final = """
    SELECT n, e.event FROM unnest($1::bytea[], $2::bigint[]) WITH ORDINALITY AS w (conversation, number, n)
    JOIN messages.events AS e ON e.conversation = w.conversation AND e.number = w.number"""
_REACTED: Final = """
    SELECT n, r.reacted
    FROM unnest($1::bytea[], $2::bigint[], $3::bytea[]) WITH ORDINALITY AS w (conversation, message, account, n)
    JOIN messages.reactions AS r
        ON r.conversation = w.conversation AND r.message = w.message AND r.account = w.account"""
_REACTIONS: Final = """
    SELECT message, account, reacted FROM messages.reactions
    WHERE conversation = $1 AND message BETWEEN $2 AND $3 ORDER BY message LIMIT $4"""
_REACTORS: Final = """
    SELECT account, reacted FROM messages.reactions
    WHERE conversation = $1 AND message = $2 AND account > $3 ORDER BY account LIMIT $4"""
_REACTION_COUNTS: Final = """
    SELECT n, c.counts FROM unnest($1::bytea[], $2::bigint[]) WITH ORDINALITY AS w (conversation, message, n)
    JOIN messages.reaction_counts AS c ON c.conversation = w.conversation AND c.message = w.message"""
_SPANS: Final = """
    SELECT span FROM messages.spans WHERE account = $1 AND conversation = $2 ORDER BY first LIMIT $3"""
_MENTIONS: Final = """
    SELECT n, m.number, m.since FROM unnest($1::bytea[]) WITH ORDINALITY AS w (account, n) CROSS JOIN LATERAL (
        SELECT number, since FROM messages.mentions
        WHERE account = w.account AND conversation = $2 AND number > $3
        ORDER BY number DESC LIMIT $4
    ) AS m"""
_MEMBERSHIPS: Final = """
    SELECT span FROM messages.spans WHERE account = $1
    ORDER BY octet_length(conversation), conversation, first LIMIT $2"""
_MEMBERSHIPS_AFTER: Final = """
    SELECT s.span FROM (
        SELECT octet_length(conversation) AS length, conversation FROM messages.spans
        WHERE account = $1 AND (octet_length(conversation), conversation) > (octet_length($2::bytea), $2::bytea)
        GROUP BY 1, 2 ORDER BY 1, 2 LIMIT $3
    ) AS c JOIN messages.spans AS s ON s.account = $1 AND s.conversation = c.conversation
    ORDER BY c.length, c.conversation, s.first"""
_CONVERSATIONS: Final = "SELECT conversation FROM messages.states WHERE conversation > $1 ORDER BY 1 LIMIT $2"
_FIND: Final = """
    SELECT (SELECT epoch FROM messages.life), (
        SELECT i.last FROM messages.inbox AS i
        WHERE i.account = e.account AND i.conversation = e.conversation AND i.first = e.first
        ORDER BY i.last DESC LIMIT 1)
    FROM unnest($1::bytea[], $2::bytea[], $3::bigint[]) WITH ORDINALITY AS e (account, conversation, first, n)
    ORDER BY n"""
_FORGET_KEYS: Final = """
    WITH due AS (
        SELECT k.conversation, k.device, k.id FROM messages.send_keys AS k
        WHERE k.conversation = $1 AND k.device = ANY ($2::bytea[]) LIMIT $3)
    DELETE FROM messages.send_keys AS k USING due AS s
    WHERE k.conversation = s.conversation AND k.device = s.device AND k.id = s.id RETURNING true"""
_FORGET_MENTIONS: Final = """
    WITH due AS (SELECT conversation, number FROM messages.mentions WHERE account = $1 LIMIT $2)
    DELETE FROM messages.mentions AS m USING due AS g
    WHERE m.account = $1 AND m.conversation = g.conversation AND m.number = g.number RETURNING true"""
_FORGET_SPANS: Final = """
    WITH due AS (SELECT conversation, first FROM messages.spans WHERE account = $1 LIMIT $2)
    DELETE FROM messages.spans AS s USING due AS g
    WHERE s.account = $1 AND s.conversation = g.conversation AND s.first = g.first RETURNING true"""

_log = structlog.get_logger(__name__)


class PostgresMessageStore(MessageStore):
    """A batch names the epoch under which it was decided by the positions that its states have applied.

    Batches of one partition are committed one after another, those of several side by side. After one of which it is
    not known that it got in, its partition takes nothing until `reopen`.
    """

    def __init__(
        self,
        database: Database,
        partitions: Partitions,
        arrivals: Arrivals,
        clock: Callable[[], int],
        settling: float,
    ) -> None:
        self._settling = settling
        self._database = database
        self._members = Members(database)
        self._partitions = partitions
        self._arrivals = arrivals
        self._clock = clock
        self._under_way: set[asyncio.Task[None]] = set()

    async def commit(self, batch: Sequence[Commit]) -> None:
        by_partition: dict[int, list[Commit]] = defaultdict(list)
        for commit in batch:
            by_partition[partition_of(commit.state.id, self._partitions.count)].append(commit)
        # A worker's batch is of one partition. All that can fail for what is in it comes before anything is sent.
        ready = [(self._partitions[number], Batch(commits, self._clock())) for number, commits in by_partition.items()]
        for partition, one in ready:
            making = asyncio.ensure_future(self._commit(partition, one))
            self._under_way.add(making)
            making.add_done_callback(self._under_way.discard)
            making.add_done_callback(_heard)
            # The caller may go: what was begun is made all the same.
            await asyncio.shield(making)

    async def reopen(self) -> None:
        for partition in self._partitions.failed:
            async with partition.lock:
                if partition.failed and partition.unsettled is not None:
                    await self._partitions.settle(partition, 0)
                partition.failed = False

    async def check(self) -> None:
        if self._partitions.failed:
            raise Refused(Code.UNAVAILABLE, "the message store must be reopened", 1.0)
        await self.reached()

    async def reached(self) -> None:
        """Raise `Refused(UNAVAILABLE)` if the database does not answer or takes no writes; whatever became of a batch:
        that a partition went to another owner is no reason to leave the others."""
        found = await self._database.row("SELECT current_setting('transaction_read_only')::boolean")
        if found is None or found[0]:
            raise Refused(Code.UNAVAILABLE, "the message store takes no writes", 1.0)

    async def states(self, conversations: Sequence[ConversationId]) -> list[Conversation | None]:
        found: list[Conversation | None] = [None] * len(conversations)
        if conversations:
            wanted = [names.known(conversation) for conversation in conversations]
            for place, state in await self._database.rows(_STATES, wanted):
                found[place - 1] = stored.state(state)
        return found

    async def keys(self, wanted: Sequence[KeyName]) -> list[SendKey | None]:
        found: list[SendKey | None] = [None] * len(wanted)
        if wanted:
            conversations = [names.known(name.conversation) for name in wanted]
            devices = [names.known(name.device) for name in wanted]
            ids = [names.written(name.id) for name in wanted]
            for place, key in await self._database.rows(_KEYS, conversations, devices, ids):
                found[place - 1] = stored.send_key(key)
        return found

    async def events(self, conversation: ConversationId, first: int, last: int) -> list[Row]:
        name = names.known(conversation)
        if last < first:
            return []
        rows = await self._database.rows(_EVENTS, name, max(first, 0), min(last, LAST))
        return [stored.event(event) for (event,) in rows]

    async def rows(self, wanted: Sequence[EventName]) -> list[Row | None]:
        found: list[Row | None] = [None] * len(wanted)
        if wanted:
            conversations = [names.known(conversation) for conversation, _ in wanted]
            numbers = [number for _, number in wanted]
            for place, event in await self._database.rows(_ROWS, conversations, numbers):
                found[place - 1] = stored.event(event)
        return found

    async def reacted(self, wanted: Sequence[ReactionName]) -> list[Reacted | None]:
        found: list[Reacted | None] = [None] * len(wanted)
        if wanted:
            conversations = [names.known(conversation) for conversation, _, _ in wanted]
            messages = [message for _, message, _ in wanted]
            accounts = [names.known(account) for _, _, account in wanted]
            for place, row in await self._database.rows(_REACTED, conversations, messages, accounts):
                found[place - 1] = stored.reacted(row)
        return found

    async def reactions(
        self, conversation: ConversationId, first: int, last: int, limit: int
    ) -> list[tuple[int, AccountId, Reacted]]:
        name = names.known(conversation)
        rows = await self._database.rows(_REACTIONS, name, max(first, 0), min(last, LAST), limit)
        return [(message, AccountId(account.decode()), stored.reacted(row)) for message, account, row in rows]

    async def reactors(
        self, conversation: ConversationId, message: int, after: AccountId | None, limit: int
    ) -> list[tuple[AccountId, Reacted]]:
        name, behind = names.known(conversation), b"" if after is None else names.known(after)
        rows = await self._database.rows(_REACTORS, name, message, behind, limit)
        return [(AccountId(account.decode()), stored.reacted(row)) for account, row in rows]

    async def reaction_counts(self, wanted: Sequence[EventName]) -> list[ReactionCounts | None]:
        found: list[ReactionCounts | None] = [None] * len(wanted)
        if wanted:
            conversations = [names.known(conversation) for conversation, _ in wanted]
            messages = [message for _, message in wanted]
            for place, row in await self._database.rows(_REACTION_COUNTS, conversations, messages):
                found[place - 1] = stored.reaction_counts(row)
        return found

    async def spans(self, account: AccountId, conversation: ConversationId) -> list[Span]:
        return await self._spans(_SPANS, names.known(account), names.known(conversation), _SPANS_MAX)

    async def mentions(
        self, accounts: Sequence[AccountId], conversation: ConversationId, above: int, limit: int
    ) -> list[Mention]:
        wanted = [names.known(account) for account in accounts]
        rows = await self._database.rows(_MENTIONS, wanted, names.known(conversation), min(above, LAST), limit)
        return [Mention(accounts[place - 1], number, since) for place, number, since in rows]

    async def memberships(self, account: AccountId) -> list[Span]:
        return await self._spans(_MEMBERSHIPS, names.known(account), _SPANS_MAX)

    async def memberships_after(self, account: AccountId, after: ConversationId, limit: int) -> list[Span]:
        return await self._spans(_MEMBERSHIPS_AFTER, names.known(account), names.known(after), limit)

    async def companions(self, account: AccountId, limit: int) -> set[AccountId]:
        return await companions_by_states(self, account, limit)

    async def conversations(self, after: ConversationId, limit: int) -> list[ConversationId]:
        rows = await self._database.rows(_CONVERSATIONS, names.known(after), limit)
        return [ConversationId(name.decode()) for (name,) in rows]

    async def people(self, names: Sequence[PersonName]) -> list[MemberRow | None]:
        return await self._members.people(names)

    async def wrote(self, names: Sequence[PersonName]) -> list[Wrote | None]:
        return await self._members.wrote(names)

    async def joinings(
        self, conversation: ConversationId, after: tuple[int, AccountId] | None, limit: int
    ) -> list[Joining]:
        return await self._members.joinings(conversation, after, limit)

    async def wide_groups(self, after: ConversationId, limit: int) -> list[ConversationId]:
        return await self._members.wide_groups(after, limit)

    async def forget_joinings(self, conversation: ConversationId, names: Sequence[tuple[int, AccountId]]) -> None:
        await self._members.forget_joinings(conversation, names)

    async def forget(self, account: AccountId, devices: Sequence[DeviceId]) -> None:
        owner, theirs = names.known(account), [names.known(device) for device in devices]
        conversations = dict.fromkeys(span.conversation for span in await self.memberships(account))
        for conversation in conversations:
            while await self._database.rows(_FORGET_KEYS, names.known(conversation), theirs, _REMOVED):
                pass
            await self._members.forget(conversation, account)
        while await self._database.rows(_FORGET_MENTIONS, owner, _REMOVED):
            pass
        while await self._database.rows(_FORGET_SPANS, owner, _REMOVED):
            pass

    async def close(self) -> None:
        """Wait for what is being committed; that is bounded in time itself."""
        if self._under_way:
            await asyncio.wait(self._under_way)

    async def _commit(self, partition: Partition, batch: Batch) -> None:
        async with partition.lock:
            if partition.failed:
                raise Refused(Code.UNAVAILABLE, "the message store must be reopened", 1.0)
            await self._partitions.follow(partition, batch.epoch)
            partition.turn += 1
            partition.failed = True
            transaction = self._arrivals.begin()
            posted: Sequence[Posted] = ()
            try:
                posted = await self._write(partition, batch)
                partition.failed = False
            finally:
                self._arrivals.end(transaction, posted)

    async def _write(self, partition: Partition, batch: Batch) -> Sequence[Posted]:
        try:
            answer = await self._database.write(batch.statement(), *batch.arguments(partition.number, partition.turn))
        except UnknownOutcomeError as error:
            _log.warning(
                "no answer says whether a batch is stored", partition=partition.number, error=str(error.__cause__)
            )
            partition.unsettled = partition.turn
            outcome = await self._partitions.settle(partition, self._settling)
            if outcome is not Outcome.COMMITTED:
                raise Refused(Code.UNAVAILABLE, "the batch is not stored", 1.0) from error
            return await self._find(batch.postings)
        if answer is None:
            raise self._partitions.fenced(partition, batch.epoch)
        return batch.postings.posted(answer)

    async def _find(self, postings: Postings) -> Sequence[Posted]:
        """Where that lies which was posted unseen. It is stored, so this may fail: then nobody is told of it now."""
        if not postings:
            return ()
        try:
            found = await self._database.rows(_FIND, *postings.runs())
        except Refused:
            return ()
        return postings.ending_at(found[0][0], [last for _, last in found])

    async def _spans(self, statement: str, *values: object) -> list[Span]:
        return [stored.span(span) for (span,) in await self._database.rows(statement, *values)]


def _heard(making: "asyncio.Task[None]") -> None:
    """Whoever waited may have gone: then nobody asks for the failure."""
    if not making.cancelled():
        making.exception()
