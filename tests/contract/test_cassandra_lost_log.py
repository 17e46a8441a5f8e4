"""A worker ends in the midst of a batch on Cassandra, and the log has lost the records: what it left of them.

Commands are decided by real workers. The one that ends has written all rows but the state; the next one has another
epoch and other records, which get the same numbers.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import msgspec
import pytest
from tests.contract.harness import commit
from tests.contract.over_cassandra import CassandraHarness, LosingDriver, ToPostgres
from tests.contract.test_cassandra_stores import one  # noqa: F401 - a fixture

from chinwag.adapters.cassandra import CassandraStores, fences, open_driver, stores_on
from chinwag.domain.body import Text
from chinwag.domain.command import Action, Add, Command, Create, Delete, Edit, Leave, React, Remove, Rules, Send, asked
from chinwag.domain.conversation import GroupSettings, Position, Span
from chinwag.domain.ids import AccountId, ClientId, DeviceId, group_id
from chinwag.domain.mentions import ALL
from chinwag.domain.refusal import Code, Refused
from chinwag.domain.views import ConversationView
from chinwag.flow.conversations import Conversations
from chinwag.flow.deliver import Deliver as Worker
from chinwag.flow.history import History
from chinwag.flow.states import States
from chinwag.ports.bus import NodeId
from chinwag.ports.log import Record, Submission
from chinwag.ports.message_store import Commit

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


async def test_an_account_is_forgotten_whole_though_some_of_it_is_void(partition: Partition) -> None:
    await partition.placed((CYD, Leave()))
    await partition.lose((ANN, Add(CYD)))
    await partition.stores.message_store.forget(CYD, [])
    assert await partition.spans(CYD) == []
    await partition.lose((ANN, Add(CYD)))
    assert await partition.spans(CYD) == [], "nothing is left of its leaving"


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
    """Whoever asks for one conversation at a time takes an empty page for the end."""
    later = Span(DAN, group_id("99"), 1)
    there = msgspec.structs.replace(commit(1, 1, later.conversation, (DAN,)), fanouts=[], keys=[])
    await partition.stores.message_store.commit([there])
    await partition.lose((ANN, Add(DAN)))
    assert await partition.stores.message_store.memberships_after(DAN, group_id(""), 1) == [later]
