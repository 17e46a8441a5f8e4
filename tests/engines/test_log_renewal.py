"""A partition of the log that has lost something, and what its former worker told or goes on to tell of that."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest
from tests.contract.harness import ANN, BEN, CYD, PAIR, commit
from tests.contract.over_inbox_streams import a_keyspace, emptied
from tests.engines.inbox_world import BOUND, InboxWorld, entries, pair
from tests.support.own_nats import OwnNats
from tests.support.own_zookeeper import OwnEnsemble

from chinwag.adapters.cassandra import CassandraServers
from chinwag.adapters.inboxes.renewal import Renewal
from chinwag.domain.conversation import Closing, Position, Span
from chinwag.domain.refusal import Refused
from chinwag.flow.conversations import Conversations
from chinwag.ports.inbox import Arrival
from chinwag.ports.message_store import Commit, TakenOverError


@pytest.fixture(scope="module")
def keyspace(cassandra_port: int) -> CassandraServers:
    """Of this file."""
    return a_keyspace(cassandra_port)


@pytest.fixture
async def inboxes(nats: OwnNats, zookeeper: OwnEnsemble, keyspace: CassandraServers) -> AsyncIterator[InboxWorld]:
    """A cluster of the test's own."""
    made = InboxWorld(nats, zookeeper, keyspace)
    yield made
    async with asyncio.timeout(BOUND):
        await made.close()
    await emptied(keyspace, "partitions", "events", "states", "send_keys", "spans", "closings")


def of_epoch(epoch: int, number: int) -> Commit:
    """One event, by the first record of an epoch of the log."""
    made, at = commit(number, number), Position(epoch, 1, 0)
    [(named, key)] = made.keys
    state = msgspec.structs.replace(made.state, applied=at)
    return msgspec.structs.replace(made, state=state, keys=[(named, msgspec.structs.replace(key, position=at))])


async def test_what_a_former_worker_posts_after_another_epoch_of_the_log_has_begun_reaches_nobody(
    inboxes: InboxWorld,
) -> None:
    """It looked before that, and stood still: its posting is on its way when the next worker has read all states."""
    here, former = await inboxes.process(works=True), await inboxes.process(works=False)
    await former.stores.message_store.commit([commit(1, 1)])
    await former.inbox.settled()
    await here.renewal.begin(0, 2)
    await former.publisher.commits([commit(2, 2)])
    await former.inbox.settled()
    assert await entries(here) == pair(1, 1)
    await here.stores.message_store.commit([of_epoch(2, 2)])
    await here.inbox.settled()
    assert await entries(here) == pair(1, 2)
    with pytest.raises(TakenOverError):
        await former.renewal.begin(0, 1)


async def test_after_the_log_has_lost_something_all_load_afresh_once(inboxes: InboxWorld) -> None:
    """Somebody may have been told of an event that is in no history, by a worker that died before it stored the state:
    all of that lies below where devices begin again."""
    here = await inboxes.process(works=True)
    heard: list[Arrival] = []
    here.inbox.hold(ANN)
    here.inbox.feed(heard.extend)
    await here.renewal.begin(0, 1)
    await here.stores.message_store.commit([commit(1, 1)])
    await here.inbox.settled()
    first = await here.inbox.bounds(ANN)
    await here.publisher.commits([commit(2, 2)])
    await here.renewal.begin(0, 2)
    after = await here.inbox.bounds(ANN)
    assert after.epoch == first.epoch + 1
    assert [one.position for one in heard if one.epoch == first.epoch] == [1, 2]
    assert after.head == 2, "whoever begins at its head hears of nothing that was told before"
    for process in (here, await inboxes.process(works=False)):  # also by another process, once it was done
        await process.renewal.begin(0, 2)
        assert (await process.inbox.bounds(ANN)).epoch == after.epoch


async def test_a_renewal_that_was_cut_short_is_done_again(inboxes: InboxWorld) -> None:
    """Whoever begins the epoch next cannot know how far the one before came."""
    here = await inboxes.process(works=True)
    await here.stores.message_store.commit([commit(1, 1)])
    await here.inbox.settled()
    before = await here.inbox.bounds(ANN)

    class Dies(Renewal):
        async def _heard(self, source: str, place: Position) -> None:
            raise ConnectionError(source)

    dying = Dies(here.stores.fences, here.publisher, here.rows, here.places, here.inbox._epoch)
    with pytest.raises(ConnectionError):
        await dying.begin(0, 2)
    assert (await here.inbox.bounds(ANN)).epoch == before.epoch
    await here.renewal.begin(0, 2)
    assert (await here.inbox.bounds(ANN)).epoch == before.epoch + 1


async def test_renewals_outlive_the_counters(inboxes: InboxWorld) -> None:
    """Whoever goes on without them would be taken for one of before, and heard by nobody."""
    here = await inboxes.process(works=True)
    await here.stores.message_store.commit([commit(1, 1)])
    for epoch in (2, 3, 4):
        await here.renewal.begin(0, epoch)
    before = await here.inbox.bounds(ANN)
    await inboxes.end(here)
    inboxes.lose_counters()
    later = await inboxes.process(works=True)
    await later.publisher.commits([commit(2, 2)])
    await later.inbox.settled()
    assert (await later.inbox.bounds(ANN)).epoch > before.epoch
    await later.renewal.begin(0, 5)
    assert (await later.inbox.bounds(ANN)).epoch > before.epoch + 1


async def test_who_was_added_or_removed_by_a_record_that_is_lost_finds_what_the_state_says(inboxes: InboxWorld) -> None:
    """A worker dies between the rows and the state, and its stream is lost."""
    here = await inboxes.process(works=True)
    store = here.stores.message_store
    await here.renewal.begin(0, 1)
    before = commit(1, 1)
    await store.commit([before])
    await here.inbox.settled()
    closing = Closing("", 2, 2, 0, 0)
    rows = [Span(BEN, PAIR, 1, 2, closing), Span(CYD, PAIR, 2)]
    here.streams.fail = "before"
    with pytest.raises(Refused):
        await store.commit([msgspec.structs.replace(commit(2, 2, PAIR, (ANN, CYD)), spans=rows)])
    here.streams.fail = ""
    await store.reopen()
    await here.renewal.begin(0, 2)
    conversations = Conversations(store, here.stores.mark_store, here.inbox)
    there = await conversations.page(BEN, None, 9)
    assert [(view.role, view.head) for view in there.conversations] == [("member", 1)]
    assert (await conversations.page(CYD, None, 9)).conversations == []
