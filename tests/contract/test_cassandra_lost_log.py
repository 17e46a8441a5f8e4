"""A worker ends in the midst of a batch on Cassandra, and the log has lost the records: what it left of them.

Commands are decided by real workers. The one that ends has written all rows but the state; the next one has another
epoch and other records, which get the same numbers.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import msgspec
import pytest
from tests.contract.harness import commit
from tests.contract.over_cassandra import CassandraHarness, LosingDriver, ToPostgres
from tests.contract.test_cassandra_stores import one  # noqa: F401 - a fixture

from chinwag.adapters import stored
from chinwag.adapters.cassandra import CassandraStores, fences, open_driver, stores_on
from chinwag.adapters.cassandra.batch import EVENT, Batch
from chinwag.adapters.cassandra.stamps import stamp
from chinwag.adapters.cassandra.statements import Read
from chinwag.domain.body import Text
from chinwag.domain.command import Action, Add, Command, Create, Delete, Edit, Leave, React, Remove, Rules, Send, asked
from chinwag.domain.conversation import GroupSettings, Position, SendKey, Span
from chinwag.domain.ids import AccountId, ClientId, DeviceId, group_id
from chinwag.domain.mentions import ALL, Mention
from chinwag.domain.refusal import Code, Refused
from chinwag.domain.views import ConversationView
from chinwag.flow.conversations import Conversations
from chinwag.flow.deliver import Deliver as Worker
from chinwag.flow.history import History
from chinwag.flow.states import States
from chinwag.ports.bus import NodeId
from chinwag.ports.log import Record, Submission
from chinwag.ports.message_store import Commit, KeyName

GROUP = group_id("9")
ANN, BEN, CYD, DAN = [AccountId(name) for name in ("ann", "ben", "cyd", "dan")]
SMALL, WIDE = Rules(group_members=99), Rules(group_members=99, wide_above=2, large_above=90)

Wish = tuple[AccountId, Action]


class Dying(ToPostgres):
    """Tells nobody anything, and dies between the rows and the state if it is to."""

    dies = False

    async def commits(self, batch: Sequence[Commit]) -> Mapping[int, int]:
        if self.dies:
            raise Refused(Code.UNAVAILABLE, "it is killed", 1.0)
        return {}


class Partition:
    """One partition of the log, whose workers decide what is asked for."""

    def __init__(self, harness: CassandraHarness, stores: CassandraStores, poster: Dying, rules: Rules) -> None:
        self.stores = stores
        self._harness = harness
        self._poster = poster
        self._rules = rules
        self.wide = bool(rules.wide_above < 9)
        self._epoch, self._sequence, self._ids = 1, 0, 0

    def records(self, *wishes: Wish) -> list[Record]:
        """What the log takes."""
        found = []
        for account, action in wishes:
            self._sequence += 1
            self._ids += 1
            name = ClientId(f"c{self._ids}")
            device = DeviceId("d" + account)
            command = Command(GROUP, account, device, name, 1000 + self._ids, action, self._rules, digest=asked(action))
            at = Position(self._epoch, self._sequence, 0)
            found.append(Record(at, Submission(command, NodeId("n"), self._ids), command.at))
        return found

    async def batch(self, records: Sequence[Record]) -> None:
        """What a worker that has just begun makes of these, stored as one batch."""
        nothing: Any = None
        decided = await Worker(0, nothing, self.stores.message_store, nothing)._decide(records)
        assert not [each for some in decided.answers.values() for each in some if each.refused is not None]
        await self.stores.message_store.commit(decided.commits)

    async def placed(self, *wishes: Wish) -> None:
        """All of it, record by record."""
        for each in self.records(*wishes):
            await self.batch([each])

    async def dies(self, records: Sequence[Record]) -> None:
        """A worker makes a batch of these, and ends before any state is stored."""
        self._poster.dies = True
        with pytest.raises(Refused, match="killed"):
            await self.batch(records)
        self._poster.dies = False
        await self.stores.message_store.reopen()

    async def lose(self, *wishes: Wish) -> None:
        """The same, and the log's stream is lost then; the next epoch has begun."""
        await self.dies(self.records(*wishes))
        await self.new_epoch()

    async def new_epoch(self) -> None:
        self._epoch, self._sequence = self._epoch + 1, 0
        await self.stores.fences.begin(0, self._epoch)

    # What people see, each time by another process

    async def views(self, account: AccountId) -> list[ConversationView]:
        store, harness = self.stores.message_store, self._harness
        page = await Conversations(store, self.stores.mark_store, harness.inbox).page(account, None, 10)
        assert page.next is None
        return page.conversations

    async def numbers(self, account: AccountId) -> list[int]:
        """Of all messages and notices that it finds in history."""
        history = History(self.stores.message_store, self.stores.mark_store, States(self.stores.message_store))
        page = await history.page_after(account, GROUP, 0, 100)
        return [msgspec.json.decode(event)["number"] for event in page.events]

    async def spans(self, account: AccountId) -> list[Span]:
        store = self.stores.message_store
        found = await store.spans(account, GROUP)
        assert await store.memberships(account) == await store.memberships_after(account, group_id(""), 5) == found
        return found


@pytest.fixture(params=["small", "wide"])
async def partition(
    one: CassandraHarness,  # noqa: F811
    request: pytest.FixtureRequest,
) -> AsyncIterator[Partition]:
    """With a group that Ann owns, of three, and three messages. wide: its members are kept in rows."""
    driver, partitions = await open_driver(one.servers)
    losing, poster = LosingDriver(driver), Dying(one.postgres)
    losing.tables = one.losing.tables  # emptied after the test
    made = Partition(one, stores_on(losing, poster, partitions), poster, WIDE if request.param == "wide" else SMALL)
    await made.placed((ANN, Create("tea", (BEN,), GroupSettings())), (ANN, Add(CYD)))
    await made.placed(*((each, Send(Text("hello"))) for each in (ANN, BEN, CYD)))
    yield made
    await made.stores.close()


async def test_who_was_added_by_a_record_that_is_lost_is_nobody_there(partition: Partition) -> None:
    await partition.lose((ANN, Add(DAN)))
    for _ in range(2):
        assert await partition.views(DAN) == []
        assert await partition.spans(DAN) == []
        assert await partition.stores.message_store.companions(DAN, 9) == set()
        with pytest.raises(Refused) as refused:
            await partition.numbers(DAN)
        assert refused.value.code is Code.NO_CONVERSATION
        assert DAN not in await partition.stores.message_store.companions(ANN, 9)
        await partition.placed((BEN, Send(Text("of somebody else"))))
    await partition.placed((ANN, Add(DAN)))
    [view] = await partition.views(DAN)
    assert (view.role, view.head) == ("member", 8)
    assert await partition.numbers(DAN) == [1, 2, 3, 4, 5, 6, 7, 8]


async def test_whom_a_record_that_is_lost_removed_is_a_member_still(partition: Partition) -> None:
    companions = await partition.stores.message_store.companions(CYD, 9)
    await partition.lose((ANN, Remove(CYD)))
    for head in (5, 6):
        [view] = await partition.views(CYD)
        assert (view.role, view.head) == ("member", head)
        assert await partition.numbers(CYD) == list(range(1, head + 1))
        assert await partition.spans(CYD) == [Span(CYD, GROUP, 1)]
        assert await partition.stores.message_store.companions(CYD, 9) == companions
        await partition.placed((BEN, Send(Text("of somebody else"))))
    await partition.placed((ANN, Remove(CYD)))
    [view] = await partition.views(CYD)
    assert (view.role, view.head) == (None, 8)
    await partition.placed((BEN, Send(Text("not for you"))))
    assert await partition.numbers(CYD) == list(range(1, 9))


async def test_who_had_left_and_came_back_by_a_record_that_is_lost_has_left(partition: Partition) -> None:
    """Its row is one and the same each time, as it may read all from the first number on."""
    await partition.placed((CYD, Leave()), (BEN, Send(Text("not for you"))))
    before, views = await partition.spans(CYD), await partition.views(CYD)
    await partition.lose((ANN, Add(CYD)), (CYD, Leave()))
    await partition.lose((ANN, Add(CYD)))
    await partition.placed((BEN, Send(Text("nor this"))))
    assert await partition.spans(CYD) == before
    assert await partition.views(CYD) == views
    assert await partition.numbers(CYD) == list(range(1, 7))


async def test_a_row_of_a_batch_that_was_stored_in_part_holds(partition: Partition) -> None:
    """The worker that died had made more of a batch than the next one of its epoch: its row is the newer one, and
    true."""
    records = partition.records((CYD, Leave()), (ANN, Add(DAN)), (BEN, Send(Text("of the same batch"))))
    await partition.dies(records)
    await partition.batch(records[:1])
    await partition.batch(records[1:2])
    await partition.new_epoch()
    [view] = await partition.views(CYD)
    assert (view.role, view.head) == (None, 6)
    [view] = await partition.views(DAN)
    assert (view.role, view.head) == ("member", 7)
    await partition.placed((BEN, Send(Text("another"))))
    assert (await partition.numbers(CYD))[-1] == 6
    assert (await partition.numbers(DAN))[-3:] in ([6, 7, 8], [5, 7, 8]), "a wide group shows others no leaving"


async def test_what_is_under_way_is_not_taken_for_lost(partition: Partition) -> None:
    """As long as its epoch is not over, the next worker decides the same: until then whoever asks is to try again."""
    records = partition.records((ANN, Remove(CYD)))
    await partition.dies(records)
    with pytest.raises(Refused) as refused:
        await partition.views(CYD)
    assert refused.value.code is Code.UNAVAILABLE
    await partition.batch(records)
    [view] = await partition.views(CYD)
    assert (view.role, view.head) == (None, 6)


async def test_what_a_lost_log_put_on_messages_is_void_also_where_its_numbers_are_given_again(
    partition: Partition,
) -> None:
    """A reaction, and a message that speaks to somebody."""
    store = partition.stores.message_store
    await partition.placed((BEN, React(3, "👍")))
    liked = await store.reacted([(GROUP, 3, BEN)])
    await partition.lose((BEN, React(3, "🎉")), (CYD, React(3, "👍")), (ANN, Send(Text("look", (BEN, ALL)))))
    for _ in range(4):
        assert await store.reacted([(GROUP, 3, BEN), (GROUP, 3, CYD)]) == [*liked, None]
        on = {account: row.on() for _, account, row in await store.reactions(GROUP, 1, 9, 9)}
        assert {account: row for account, row in on.items() if row} == {BEN: {"👍": 6}}
        assert await store.mentions([BEN, ALL], GROUP, 0, 9) == []
        await partition.placed((BEN, Send(Text("of somebody else"))))
    await partition.placed((CYD, React(3, "👍")), (ANN, Send(Text("look", (BEN,)))))
    assert [each.number for each in await store.mentions([BEN], GROUP, 0, 9)] == [12]


async def test_an_edit_that_is_lost_spoils_no_other_message(partition: Partition) -> None:
    """It leaves its number with the message, which is the number of another's edit later."""
    await partition.lose((ANN, Edit(3, Text("never"))))
    await partition.placed((BEN, Edit(4, Text("better"))), (ANN, Delete(3)))
    [edited] = await partition.stores.message_store.events(GROUP, 6, 6)
    assert isinstance(edited, bytes)
    assert msgspec.json.decode(edited)["body"]["text"] == "better"


async def test_an_edit_that_is_lost_speaks_to_whom_its_message_does(partition: Partition) -> None:
    """Where it was written into the message, that stays as it was edited. Where it was not, it says nothing."""
    store = partition.stores.message_store
    await partition.placed((ANN, Send(Text("look", (CYD,)))))
    written = await store.events(GROUP, 6, 6), await store.events(GROUP, 3, 3)
    await partition.lose((ANN, Edit(6, Text("gone"))), (ANN, Edit(3, Text("look", (BEN,)))))
    for _ in range(4):
        assert await store.mentions([BEN], GROUP, 0, 9) == [Mention(BEN, 3, 3)]
        assert await store.mentions([CYD], GROUP, 0, 9) == []
        await partition.placed((BEN, Send(Text("of somebody else"))))
    at = stamp(1, (1 << 36) - 1)  # as if it had ended before it wrote into the messages
    await partition.stores.database.write(
        [
            (EVENT, (GROUP.encode(), 0, number, stored.row(row), at))
            for number, [row] in zip((6, 3), written, strict=True)
        ]
    )
    for _ in range(2):
        assert await store.mentions([BEN], GROUP, 0, 9) == []
        assert await store.mentions([CYD], GROUP, 0, 9) == [Mention(CYD, 6, 6)]
        await partition.placed((BEN, Send(Text("of somebody else"))))


async def test_an_account_is_forgotten_whole_though_some_of_it_is_void(partition: Partition) -> None:
    await partition.placed((CYD, Leave()))
    await partition.lose((ANN, Add(CYD)))
    await partition.stores.message_store.forget(CYD, [])
    assert await partition.spans(CYD) == []
    await partition.lose((ANN, Add(CYD)))
    assert await partition.spans(CYD) == [], "nothing is left of its leaving"


async def _rows_of(partition: Partition, account: AccountId) -> dict[str, int]:
    """How many rows any table has that name an account, or its device, whether they are true or not."""
    found = {}
    for table in ("spans", "closings", "companions", "mentions", "people", "send_keys"):
        whose = "device" if table == "send_keys" else "account"
        rows = await partition.stores.database.rows(Read(f"SELECT {whose} FROM {table}"))
        found[table] = sum(row[0].decode() in (account, "d" + account) for row in rows)
    return {table: count for table, count in found.items() if count}


async def test_nothing_that_is_void_of_an_account_outlasts_it(partition: Partition) -> None:
    """Its conversation has not come so far, or has not even begun: its state is older than these rows, or not there."""
    begun = commit(1, 1, group_id("99"), (DAN,))
    sent = KeyName(begun.state.id, DeviceId("d" + DAN), ClientId("c1"))
    keys = [(sent, SendKey(begun.state.applied, 1, 1001))]
    never = msgspec.structs.replace(begun, keys=keys, mentions=[Mention(DAN, 1, 1)])
    await partition.stores.database.write(Batch([never]).rows)
    await partition.lose((ANN, Add(DAN)), (ANN, Send(Text("look", (DAN,)))), (DAN, Send(Text("I see"))))
    assert (await _rows_of(partition, DAN)).keys() >= {"spans", "mentions", "send_keys", "companions"} - (
        {"companions"} if partition.wide else set()
    )
    await partition.stores.message_store.forget(DAN, [DeviceId("d" + DAN)])
    assert await _rows_of(partition, DAN) == {}


async def test_a_reader_that_is_slow_brings_nothing_back_of_who_is_forgotten(
    partition: Partition,
    one: CassandraHarness,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It writes again what it found to be true, or makes what is missing, as in a wide group, after the removal."""
    monkeypatch.setattr(fences, "SETTLED_SECONDS", 0.0)
    await partition.new_epoch()
    for _ in range(2):  # the first of them sees the epoch
        one.losing.hold()
        reading = asyncio.create_task(one.store.companions(CYD, 9))
        await asyncio.wait(
            (reading, waiting := asyncio.create_task(one.losing.held.wait())), return_when="FIRST_COMPLETED"
        )
        waiting.cancel()
    assert not reading.done(), "it waits for its write"
    await partition.stores.message_store.forget(CYD, [])
    one.losing.go()
    await reading
    assert not (await _rows_of(partition, CYD)).keys() & {"spans", "companions"}


async def test_what_was_read_before_an_epoch_was_seen_is_not_written_again(
    partition: Partition,
    one: CassandraHarness,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However long the process stood still after that: a former worker may have written more since."""
    spans, before = await partition.spans(CYD), one.losing.writes
    monkeypatch.setattr(fences, "SETTLED_SECONDS", 0.0)
    await partition.new_epoch()
    assert await one.store.memberships(CYD) == spans
    await one.store.companions(BEN, 9)
    # By its first call it has seen the epoch, and so the others write.
    assert one.losing.writes - before == 2
    assert await one.store.memberships(CYD) == spans
    assert one.losing.writes - before == 3


async def test_who_asks_is_answered_where_nothing_can_be_written_again(
    partition: Partition,
    one: CassandraHarness,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    companions = await partition.stores.message_store.companions(CYD, 9)
    monkeypatch.setattr(fences, "SETTLED_SECONDS", 0.0)
    await partition.new_epoch()
    one.losing.fail = "before"
    before = one.losing.writes
    for _ in range(2):
        assert await one.store.companions(CYD, 9) == companions
    assert one.losing.writes > before
    one.losing.fail = ""


async def test_after_another_epoch_has_begun_each_row_is_looked_into_once(
    partition: Partition,
    one: CassandraHarness,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whether it is true, a process need not ask each time how the conversation stands."""
    store = partition.stores.message_store
    spans, companions = await partition.spans(CYD), await store.companions(CYD, 9)
    await partition.lose((ANN, Add(DAN)))
    assert (await partition.spans(CYD), await store.companions(CYD, 9)) == (spans, companions)
    assert await one.store.companions(CYD, 9) == companions
    monkeypatch.setattr(fences, "SETTLED_SECONDS", 0.0)
    monkeypatch.setattr(fences, "LATELY_SECONDS", 3_600.0)  # however slow this machine is
    assert await one.store.companions(CYD, 9) == companions
    one.open.message_store._standings.forget()
    before = one.losing.reads
    assert (await one.store.memberships(CYD), await one.store.companions(CYD, 9)) == (spans, companions)
    assert one.losing.reads - before == 3, "rows of spans, twice, and of companions"
    await partition.new_epoch()
    await partition.placed((CYD, Leave()), (ANN, Add(CYD)))
    await partition.lose((CYD, Leave()))
    assert (await partition.spans(CYD), await store.companions(CYD, 9)) == (spans, companions)


async def test_a_page_of_memberships_passes_over_what_is_void(partition: Partition) -> None:
    """Whoever asks takes an empty page for the end, and some a page with fewer than they asked for."""
    store = partition.stores.message_store
    later = [Span(DAN, group_id(name), 1) for name in ("99", "999", "9999")]
    for span in later:
        there = msgspec.structs.replace(commit(1, 1, span.conversation, (DAN,)), fanouts=[], keys=[])
        await store.commit([there])
    await partition.lose((ANN, Add(DAN)))
    for limit in (1, 2, 3, 4):
        assert await store.memberships_after(DAN, group_id(""), limit) == later[:limit]
    assert await store.memberships_after(DAN, later[0].conversation, 1) == later[1:2]
    assert await store.memberships_after(DAN, later[2].conversation, 1) == []
