"""The MessageStore on Cassandra: a batch is rows with timestamps of their own, of each conversation the state last."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import structlog

from chinwag.adapters import names
from chinwag.adapters.cassandra.batch import Batch, clearing
from chinwag.adapters.cassandra.companions import FORGET_COMPANIONS, Companions
from chinwag.adapters.cassandra.counts import Counts
from chinwag.adapters.cassandra.database import TOGETHER_SECONDS, Database, Guard, within
from chinwag.adapters.cassandra.ends import Ends
from chinwag.adapters.cassandra.fences import Fences
from chinwag.adapters.cassandra.member_rows import member_shard
from chinwag.adapters.cassandra.members import FORGET_PERSON, Members
from chinwag.adapters.cassandra.message_reads import MessageReads
from chinwag.adapters.cassandra.poster import Poster
from chinwag.adapters.cassandra.schema import KEY_SHARDS
from chinwag.adapters.cassandra.spans import Spans
from chinwag.adapters.cassandra.stamps import stamp_of
from chinwag.adapters.cassandra.standings import Standing, Standings
from chinwag.adapters.cassandra.statements import Changes, delete
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

_FORGET_KEYS: Final = delete("send_keys", "conversation device shard", 3)
_FORGET_MENTIONS: Final = delete("mentions", "account conversation", 2)

_log = structlog.get_logger(__name__)


class CassandraMessageStore(MessageStore):
    """Batches of one partition are committed one after another, those of several side by side. After one that failed
    its partition takes nothing until `reopen`; what of it is on its way is as old as it was when it was decided."""

    posts_first = True

    def __init__(self, database: Database, fences: Fences, poster: Poster, partitions: int) -> None:
        self.partitions: Final = partitions
        self._database = database
        self._fences = fences
        self._poster = poster
        self._standings = Standings(database, lambda one: fences.known(partition_of(one, partitions)))
        self._ends = ends = Ends(fences, self._standings, partitions)
        self._reads = MessageReads(database, ends)
        self._members = Members(database, fences, self._standings, partitions)
        self._spans = Spans(database, ends, self._standings, self._members)
        self._companions = Companions(database, self._spans, ends, self._standings)
        self._counts = Counts(database, fences, self._standings, partitions)
        self._failed: set[int] = set()
        self._locks: dict[int, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._under_way: set[asyncio.Task[None]] = set()

    async def commit(self, batch: Sequence[Commit]) -> None:
        by_partition: dict[int, list[Commit]] = defaultdict(list)
        for commit in batch:
            by_partition[partition_of(commit.state.id, self.partitions)].append(commit)
        # A worker's batch is of one partition. All that can fail for what is in it comes before anything is sent.
        ready = [(partition, Batch(commits)) for partition, commits in by_partition.items()]
        for partition, one in ready:
            making = asyncio.ensure_future(self._commit(partition, one))
            self._under_way.add(making)
            making.add_done_callback(self._under_way.discard)
            making.add_done_callback(_heard)
            # The caller may go: what was begun is made all the same.
            await asyncio.shield(making)

    async def reopen(self) -> None:
        for partition in list(self._failed):
            async with self._locks[partition]:
                await self._fences.write_again(partition)
                # What was begun may be stored in part: its rows lie below whatever is decided now.
                self._standings.forget()
                self._failed.discard(partition)

    async def check(self) -> None:
        if self._failed:
            raise Refused(Code.UNAVAILABLE, "the message store must be reopened", 1.0)
        await self.reached()

    async def reached(self) -> None:
        """Raise `Refused(UNAVAILABLE)` if no quorum answers, whatever became of a batch."""
        await self._fences.read_any()

    async def states(self, conversations: Sequence[ConversationId]) -> list[Conversation | None]:
        return await self._standings.states(conversations)

    async def under_way(self, events: Sequence[EventName]) -> list[bool]:
        found: list[bool] = []
        for (conversation, _), epoch in zip(events, await self._reads.epochs(events), strict=True):
            latest = await self._fences.recent(partition_of(conversation, self.partitions))
            found.append(epoch is not None and epoch >= latest)  # the same records are decided again, to the same rows
        return found

    async def keys(self, wanted: Sequence[KeyName]) -> list[SendKey | None]:
        found = await self._reads.keys(wanted)
        epochs: dict[int, int] = {}
        doubtful: dict[int, int] = {}
        for place, key in enumerate(found):
            if key is None:
                continue
            partition = partition_of(wanted[place].conversation, self.partitions)
            if partition not in epochs:
                epochs[partition] = await self._fences.recent(partition)  # few are there, as most sends are new
            if key.position.epoch < epochs[partition]:
                doubtful[place] = epochs[partition]
        if doubtful:
            standings = await self._standings.of([wanted[place].conversation for place in doubtful])
            for place, epoch in doubtful.items():
                key = found[place]
                if key is not None and not standings[wanted[place].conversation].counts(key.position, epoch):
                    found[place] = None
        return found

    async def events(self, conversation: ConversationId, first: int, last: int) -> list[Row]:
        return await self._reads.events(conversation, first, last)

    async def rows(self, wanted: Sequence[EventName]) -> list[Row | None]:
        return await self._reads.rows(wanted)

    async def reacted(self, wanted: Sequence[ReactionName]) -> list[Reacted | None]:
        return await self._reads.reacted(wanted)

    async def reactions(
        self, conversation: ConversationId, first: int, last: int, limit: int
    ) -> list[tuple[int, AccountId, Reacted]]:
        return await self._reads.reactions(conversation, first, last, limit)

    async def reactors(
        self, conversation: ConversationId, message: int, after: AccountId | None, limit: int
    ) -> list[tuple[AccountId, Reacted]]:
        return await self._reads.reactors(conversation, message, after, limit)

    async def reaction_counts(self, wanted: Sequence[EventName]) -> list[ReactionCounts | None]:
        return await self._counts.of(wanted)

    async def spans(self, account: AccountId, conversation: ConversationId) -> list[Span]:
        return await self._spans.of(account, conversation)

    async def mentions(
        self, accounts: Sequence[AccountId], conversation: ConversationId, above: int, limit: int
    ) -> list[Mention]:
        return await self._reads.mentions(accounts, conversation, above, limit)

    async def memberships(self, account: AccountId) -> list[Span]:
        return await self._spans.all(account)

    async def memberships_after(self, account: AccountId, after: ConversationId, limit: int) -> list[Span]:
        return await self._spans.after(account, after, limit)

    async def companions(self, account: AccountId, limit: int) -> set[AccountId]:
        return await self._companions.of(account, limit)

    async def conversations(self, after: ConversationId, limit: int) -> list[ConversationId]:
        return await self._reads.conversations(after, limit)

    async def people(self, names: Sequence[PersonName]) -> list[MemberRow | None]:
        return await self._members.people(names)

    async def wrote(self, names: Sequence[PersonName]) -> list[Wrote | None]:
        return await self._members.wrote(names)

    async def joinings(
        self, conversation: ConversationId, after: tuple[int, AccountId] | None, limit: int
    ) -> list[Joining]:
        return await self._members.joinings(conversation, after, limit)

    async def wide_groups(self, after: ConversationId, limit: int) -> list[ConversationId]:
        return await self._reads.wide_groups(after, limit)

    async def forget_joinings(self, conversation: ConversationId, names: Sequence[tuple[int, AccountId]]) -> None:
        await self._members.forget_joinings(conversation, names)

    async def forget(self, account: AccountId, devices: Sequence[DeviceId]) -> None:
        owner, theirs = names.known(account), [names.known(device) for device in devices]
        if not owner:
            return
        conversations = await self._spans.conversations(account)
        above = await self._ends.above(conversations)
        for conversation, state in zip(conversations, await self.states(conversations), strict=True):
            # Also where it has not begun, or is not wide: what is void of it is forgotten too.
            name, at = names.known(conversation), above[conversation]
            if state is not None:
                at = max(at, stamp_of(state.applied))
            changes: Changes = [
                (_FORGET_MENTIONS, (at, owner, name)),
                (FORGET_COMPANIONS, (at, owner, name)),  # also where none is: a reader may be about to make it
                (FORGET_PERSON, (at, name, member_shard(owner), owner)),
            ]
            changes += [(_FORGET_KEYS, (at, name, device, shard)) for device in theirs for shard in range(KEY_SHARDS)]
            await self._database.write(changes)
        await self._companions.forget(owner)
        await self._spans.forget(owner)

    async def close(self) -> None:
        """Wait for what is being committed; that is bounded in time itself."""
        if self._under_way:
            await asyncio.wait(self._under_way)

    async def _commit(self, partition: int, batch: Batch) -> None:
        async with self._locks[partition]:
            if partition in self._failed:
                raise Refused(Code.UNAVAILABLE, "the message store must be reopened", 1.0)
            self._failed.add(partition)
            async with within(TOGETHER_SECONDS):
                standings = await self._write(partition, batch)
            self._failed.discard(partition)
            await self._clear(batch.commits, [standing.clearing for standing in standings])

    async def _write(self, partition: int, batch: Batch) -> list[Standing]:
        """Store a batch; returns how its conversations stand then."""
        guard = self._fences.guard(partition, batch.epoch)
        await self._fences.look(partition, batch.epoch)
        ids = [commit.state.id for commit in batch.commits]
        standings = await self._standings.of(ids)
        states, after = batch.states(standings[one] for one in ids)
        await self._database.write(batch.rows, guard)
        await asyncio.gather(*(self._one_by_one(changes, guard) for changes in batch.rewrites))
        # also of a batch that tells nobody anything: how far the log is applied is kept there
        before = await self._poster.commits(batch.commits)
        await self._database.write(states, guard)
        # Only now it is known that whoever began a later epoch has read all of this.
        await self._fences.look(partition, batch.epoch)
        for one, standing in zip(ids, after, strict=True):
            self._standings.remember(one, standing)
        await self._poster.stored(batch.commits, before)
        return after

    async def _one_by_one(self, changes: Changes, guard: Guard) -> None:
        for change in changes:
            await self._database.write([change], guard)

    async def _clear(self, commits: Sequence[Commit], messages: Sequence[tuple[int, ...]]) -> None:
        """Remove reactions to messages that are gone. Their state says that it is to be done, and goes on doing so with
        the next commit if this fails."""
        changes = [change for commit, some in zip(commits, messages, strict=True) for change in clearing(commit, some)]
        if not changes:
            return
        try:
            await self._database.write(changes)
        except Refused:
            _log.warning("reactions to messages that are gone stay until their conversation goes on")
            return
        for commit, some in zip(commits, messages, strict=True):
            if some:
                self._standings.cleared(commit.state.id)


def _heard(making: "asyncio.Task[None]") -> None:
    """Whoever waited may have gone: then nobody asks for the failure."""
    if not making.cancelled():
        making.exception()
